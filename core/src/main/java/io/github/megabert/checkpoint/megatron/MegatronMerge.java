// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.checkpoint.torch.TorchTensor;
import io.github.megabert.parameters.LayerOrder;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelSizes;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.parameters.ParameterSpec.Split;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Plans how the parameters of all ranks become those of one model. Reads no elements. */
public final class MegatronMerge {
  private static final String[] QKV_NAMES = {"query", "key", "value"};

  private final MegatronRanks ranks;
  private final Map<String, MergedTensor> merged = new LinkedHashMap<>();
  private final List<QkvParts> fused = new ArrayList<>();
  private int layers;

  /** A layer's queries, keys and values, one matrix (or bias) a rank, not yet told apart. */
  private record QkvParts(String prefix, String suffix, List<MergedTensor.Part> parts) {}

  private MegatronMerge(MegatronRanks ranks) {
    this.ranks = ranks;
  }

  /**
   * Joins all but the queries, keys and values, for which the number of heads must be known first.
   */
  public static MegatronMerge of(MegatronRanks ranks) throws CheckpointException {
    return of(ranks, MegatronChunk::all);
  }

  /** Which tensors of a file are joined. */
  interface Chunks {
    List<MegatronChunk> of(TorchFile file) throws CheckpointException;
  }

  static MegatronMerge of(MegatronRanks ranks, Chunks read) throws CheckpointException {
    MegatronMerge merge = new MegatronMerge(ranks);
    // chunks[stage][rank] are a file's; interleaved stages go round the stages again.
    List<List<List<MegatronChunk>>> chunks = new ArrayList<>();
    for (int stage = 0; stage < ranks.pipelineParallel(); stage++) {
      List<List<MegatronChunk>> ofStage = new ArrayList<>();
      for (int rank = 0; rank < ranks.tensorParallel(); rank++) {
        ofStage.add(read.of(ranks.file(stage, rank)));
      }
      chunks.add(ofStage);
    }
    int rounds = chunks.getFirst().getFirst().size();
    for (int round = 0; round < rounds; round++) {
      for (List<List<MegatronChunk>> stage : chunks) {
        List<MegatronChunk> ofRanks = new ArrayList<>();
        for (List<MegatronChunk> ofRank : stage) {
          if (ofRank.size() != rounds) {
            throw new CheckpointException(
                ofRank.getFirst().file().source()
                    + " has "
                    + ofRank.size()
                    + " chunks of the model, other ranks have "
                    + rounds);
          }
          ofRanks.add(ofRank.get(round));
        }
        merge.join(ofRanks);
      }
    }
    return merge;
  }

  /** Number of layers. */
  int layers() {
    return layers;
  }

  /** The parameters that are known so far, by transformers' names. */
  Map<String, MergedTensor> parameters() {
    return merged;
  }

  private void join(List<MegatronChunk> ofRanks) throws CheckpointException {
    MegatronChunk first = ofRanks.getFirst();
    int chunkLayers = first.layers();
    for (MegatronNames.Place place : first.parameters().keySet()) {
      List<MergedTensor.Part> parts = new ArrayList<>();
      for (MegatronChunk chunk : ofRanks) {
        TorchTensor tensor = chunk.parameters().get(place);
        if (tensor == null) {
          throw new CheckpointException(
              chunk.file().source() + " lacks " + quote(place.name()) + ", other ranks have it");
        }
        parts.add(new MergedTensor.Part(chunk.file(), tensor));
      }
      String name = place.fullName(layers);
      if (place.role().split() == Split.HEADS) {
        String prefix = name.substring(0, name.indexOf("query_key_value"));
        fused.add(new QkvParts(prefix, name.substring(name.lastIndexOf('.')), parts));
      } else {
        put(name, join(name, place.role(), parts));
      }
    }
    layers += chunkLayers;
  }

  private void put(String name, MergedTensor tensor) throws CheckpointException {
    if (merged.putIfAbsent(name, tensor) != null) {
      throw new CheckpointException(
          tensor.parts().getFirst().file().source()
              + " holds "
              + quote(name)
              + ", which an earlier pipeline stage holds as well");
    }
  }

  private MergedTensor join(String name, ParameterSpec role, List<MergedTensor.Part> parts)
      throws CheckpointException {
    int axis = role.split() == Split.COLUMNS ? 1 : 0;
    List<MergedTensor.Part> used =
        role.split() == Split.WHOLE || role.split() == Split.FIRST
            ? List.of(parts.getFirst())
            : List.copyOf(parts);
    TorchTensor first = used.getFirst().tensor();
    int rank = role.kind().isVector() ? 1 : 2;
    long total = 0;
    for (MergedTensor.Part part : used) {
      TorchTensor tensor = part.tensor();
      boolean fits = tensor.shape().rank() == rank && tensor.dtype() == first.dtype();
      for (int i = 0; fits && i < rank; i++) {
        fits = i == axis || tensor.shape().extent(i) == first.shape().extent(i);
      }
      if (!fits) {
        throw new CheckpointException(
            part.file().source()
                + ": "
                + quote(name)
                + " is "
                + tensor.dtype()
                + " "
                + tensor.shape()
                + ", which does not go with "
                + first.dtype()
                + " "
                + first.shape()
                + " in "
                + used.getFirst().file().source()
                + " as "
                + rank
                + " axes");
      }
      total += tensor.shape().extent(axis);
    }
    long[] extents = first.shape().toArray();
    extents[axis] = total;
    return new MergedTensor(first.dtype(), Shape.of(extents), axis, used);
  }

  /**
   * Tells queries, keys and values apart.
   *
   * @param heads of the whole model
   */
  void splitQueryKeyValue(int heads, MegatronQkvOrder order) throws CheckpointException {
    int headsHere = heads / ranks.tensorParallel();
    if (headsHere * ranks.tensorParallel() != heads) {
      throw new CheckpointException(
          ranks.files().getFirst().source()
              + ": "
              + heads
              + " heads cannot be divided among "
              + ranks.tensorParallel()
              + " tensor-parallel ranks");
    }
    for (QkvParts qkv : fused) {
      for (int which = 0; which < 3; which++) {
        List<MergedTensor.Part> parts = new ArrayList<>();
        String name = qkv.prefix() + QKV_NAMES[which] + qkv.suffix();
        long rows = 0;
        for (MergedTensor.Part part : qkv.parts()) {
          Shape shape = part.tensor().shape();
          if (shape.rank() == 0
              || shape.extent(0) % (3L * headsHere) != 0
              || shape.rank() != (qkv.suffix().equals(".bias") ? 1 : 2)) {
            throw new CheckpointException(
                part.file().source()
                    + ": the queries, keys and values of "
                    + quote(name)
                    + " have shape "
                    + shape
                    + ", which "
                    + headsHere
                    + " heads do not divide");
          }
          rows += shape.extent(0) / 3;
          parts.add(
              new MergedTensor.Part(part.file(), order.select(part.tensor(), headsHere, which)));
        }
        TorchTensor first = qkv.parts().getFirst().tensor();
        long[] extents = first.shape().toArray();
        extents[0] = rows;
        for (MergedTensor.Part part : qkv.parts()) {
          if (part.tensor().dtype() != first.dtype()
              || !part.tensor().shape().equals(first.shape())) {
            throw new CheckpointException(
                part.file().source() + ": " + quote(name) + " differs in shape from other ranks'");
          }
        }
        put(name, new MergedTensor(first.dtype(), Shape.of(extents), 0, parts));
      }
    }
    fused.clear();
  }

  /** Drops the rows that pad the vocabulary to a multiple of 128 a rank. */
  void cutVocabulary(long size) throws CheckpointException {
    for (String name :
        new String[] {
          ParameterTable.WORD_EMBEDDINGS, ParameterTable.DECODER, ParameterTable.DECODER_BIAS
        }) {
      MergedTensor padded = merged.get(name);
      if (padded != null && padded.shape().extent(0) != size) {
        merged.put(name, cutRows(name, padded, size));
      }
    }
  }

  private static MergedTensor cutRows(String name, MergedTensor padded, long size)
      throws CheckpointException {
    if (padded.shape().extent(0) < size) {
      throw new CheckpointException(
          padded.parts().getFirst().file().source()
              + ": "
              + quote(name)
              + " has "
              + padded.shape().extent(0)
              + " rows, the configuration's vocab_size is "
              + size);
    }
    List<MergedTensor.Part> kept = new ArrayList<>();
    long left = size;
    for (MergedTensor.Part part : padded.parts()) {
      long rows = Math.min(left, part.tensor().shape().extent(0));
      if (rows > 0 || kept.isEmpty()) {
        kept.add(new MergedTensor.Part(part.file(), part.tensor().rows(0, rows)));
      }
      left -= rows;
    }
    long[] extents = padded.shape().toArray();
    extents[0] = size;
    return new MergedTensor(padded.dtype(), Shape.of(extents), 0, kept);
  }

  /** The masked-language-model head decodes with the word embeddings unless it has its own. */
  void addTiedDecoder() {
    if (merged.containsKey(ParameterTable.DECODER_BIAS)) {
      merged.computeIfAbsent(
          ParameterTable.DECODER,
          key -> Objects.requireNonNull(merged.get(ParameterTable.WORD_EMBEDDINGS)));
    }
  }

  /** Where LayerNorms are: behind the sub-layers if there is one behind the embeddings. */
  LayerOrder order() {
    return merged.containsKey(ParameterTable.EMBEDDINGS_NORM + ".weight")
        ? LayerOrder.POST_LAYER_NORM
        : LayerOrder.PRE_LAYER_NORM;
  }

  /** Every layer must have all its parameters. */
  void requireComplete() throws CheckpointException {
    String source = ranks.files().getFirst().source();
    ModelSizes sizes = new ModelSizes(order(), layers, 1, 1, 1, 1, 1, 1, false, true);
    if (order() == LayerOrder.POST_LAYER_NORM
        && merged.containsKey(ParameterTable.CLOSING_NORM + ".weight")) {
      throw new CheckpointException(
          source
              + " has a LayerNorm that closes the stack (final_layernorm) behind layers that end"
              + " with one, which BERT has not");
    }
    for (ParameterSpec spec : ParameterTable.of(sizes, ModelClass.MASKED_LM).specs()) {
      String name = spec.name();
      boolean isHead = name.startsWith("cls.");
      if (!isHead && !merged.containsKey(name)) {
        throw new CheckpointException(
            source + " and the other ranks lack " + quote(name) + "; are all files there?");
      }
    }
  }
}
