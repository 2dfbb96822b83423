// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.OwnedArena;
import io.github.megabert.checkpoint.torch.PickleValues;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.json.JsonMap;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * A checkpoint of Megatron-LM: NVIDIA's zip, one rank's file, or a run's folder with the files of
 * all tensor- and pipeline-parallel ranks, seen as one model with transformers' names.
 *
 * @see <a
 *     href="https://github.com/huggingface/transformers/blob/main/src/transformers/models/megatron_bert/convert_megatron_bert_checkpoint.py">transformers'
 *     converter</a>
 */
public final class MegatronCheckpoint implements Checkpoint {
  private final String source;
  private final String configSource;
  private final MegatronRanks ranks;
  private final ObjectNode config;
  private final Map<String, MergedTensor> tensors;
  private final OwnedArena copies = new OwnedArena();
  private final Map<String, Tensor> copied = new HashMap<>();

  private MegatronCheckpoint(
      String source,
      MegatronRanks ranks,
      MegatronArguments arguments,
      @Nullable Path configOverride,
      int tokens)
      throws IOException {
    this.source = source;
    this.configSource = configOverride == null ? source : configOverride.toString();
    this.ranks = ranks;
    requireAllRanks(arguments);
    arguments.requireBert();
    MegatronMerge merge =
        MegatronMerge.of(ranks, file -> MegatronChunk.all(file, arguments.isPostLayerNorm()));
    this.config = MegatronConfig.complete(merge, arguments, configOverride, tokens, source);
    MegatronQkvOrder order = arguments.queryKeyValueOrder();
    if (order == null) {
      order = MegatronQkvOrder.ofVersion(version(ranks.files().getFirst()), source);
    }
    merge.splitQueryKeyValue(config.get("num_attention_heads").asInt(), order);
    merge.cutVocabulary(config.get("vocab_size").asLong());
    merge.addTiedDecoder();
    merge.requireComplete();
    this.tensors = merge.parameters();
  }

  /** Whether a file's tree is what Megatron-LM saves, and not a plain dictionary of tensors. */
  public static boolean isOne(TorchFile file) {
    Object model = PickleValues.member(file.root(), "model");
    return PickleValues.member(model, "language_model") != null
        || PickleValues.member(file.root(), "model0") != null
        || (model instanceof Map<?, ?>
            && (PickleValues.member(file.root(), "checkpoint_version") != null
                || PickleValues.member(file.root(), "args") != null));
  }

  /**
   * Opens one file that is already read; closes it if it is refused.
   *
   * @param tokens ids that the tokenizer can name, or 0; see {@link Checkpoint#open(Path, Path,
   *     int)}
   */
  public static MegatronCheckpoint open(TorchFile file, @Nullable Path configOverride, int tokens)
      throws IOException {
    return open(file.source(), MegatronRanks.ofFile(file), configOverride, tokens);
  }

  /** Opens the rank files that {@link MegatronRanks#find} found in a folder. */
  public static MegatronCheckpoint open(
      Path folder, Map<List<Integer>, Path> found, @Nullable Path configOverride, int tokens)
      throws IOException {
    return open(folder.toString(), MegatronRanks.open(found), configOverride, tokens);
  }

  /** Whether a folder is one of NeMo's models, unpacked. */
  public static boolean isNemoFolder(Path folder) {
    return NemoFile.isFolder(folder);
  }

  /** Opens a model of NeMo: a {@code .nemo} file, or the folder that it unpacks to. */
  public static MegatronCheckpoint openNemo(Path path, @Nullable Path configOverride, int tokens)
      throws IOException {
    NemoFile nemo = NemoFile.open(path);
    MegatronArguments arguments = MegatronArguments.of(nemo, path.toString());
    return open(
        path.toString(), MegatronRanks.ofFile(nemo.weights()), arguments, configOverride, tokens);
  }

  private static MegatronCheckpoint open(
      String source, MegatronRanks ranks, @Nullable Path configOverride, int tokens)
      throws IOException {
    MegatronArguments arguments = MegatronArguments.of(ranks.files().getFirst());
    return open(source, ranks, arguments, configOverride, tokens);
  }

  private static MegatronCheckpoint open(
      String source,
      MegatronRanks ranks,
      MegatronArguments arguments,
      @Nullable Path configOverride,
      int tokens)
      throws IOException {
    try {
      return new MegatronCheckpoint(source, ranks, arguments, configOverride, tokens);
    } catch (IOException | RuntimeException e) {
      ranks.close();
      throw e;
    }
  }

  /**
   * The run that the checkpoint was saved from: how far it is, and its optimizer's state. Valid
   * until this is closed.
   *
   * @throws CheckpointException if it was saved without, or with another optimizer than AdamW's
   */
  public MegatronTrainingState trainingState() throws IOException {
    return MegatronTrainingState.of(
        ranks,
        config.get("num_attention_heads").asInt(),
        MegatronQkvOrder.ofVersion(version(ranks.files().getFirst()), source),
        config.get("vocab_size").asLong());
  }

  private void requireAllRanks(MegatronArguments arguments) throws CheckpointException {
    Long tensorParallel = arguments.integer("tensor_model_parallel_size");
    Long pipelineParallel = arguments.integer("pipeline_model_parallel_size");
    long wanted =
        (tensorParallel == null ? ranks.tensorParallel() : tensorParallel)
            * (pipelineParallel == null ? ranks.pipelineParallel() : pipelineParallel);
    if (wanted != ranks.files().size()) {
      throw new CheckpointException(
          source
              + " was saved by "
              + wanted
              + " ranks, "
              + ranks.files().size()
              + " were found; name the folder that holds all mp_rank_ folders");
    }
  }

  private double version(TorchFile file) throws CheckpointException {
    Object version = PickleValues.member(file.root(), "checkpoint_version");
    if (version == null) {
      return 0;
    }
    if (version instanceof Number number) {
      return number.doubleValue();
    }
    throw new CheckpointException(source + " has a checkpoint_version that is no number");
  }

  @Override
  public String source() {
    return source;
  }

  @Override
  public String configSource() {
    return configSource;
  }

  @Override
  public Map<String, @Nullable Object> config() {
    return JsonMap.of(config);
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  @Override
  public DType dtype(String name) {
    return find(name).dtype();
  }

  @Override
  public Shape shape(String name) {
    return find(name).shape();
  }

  @Override
  public Tensor tensor(String name) throws IOException {
    synchronized (copied) {
      Tensor tensor = copied.get(name);
      if (tensor == null) {
        tensor = find(name).read(copies.arena());
        copied.put(name, tensor);
      }
      return tensor;
    }
  }

  @Override
  public Tensor tensor(String name, Arena arena) throws IOException {
    return find(name).read(arena);
  }

  @Override
  public void requireUnchanged() {
    ranks.files().forEach(TorchFile::requireUnchanged);
  }

  @Override
  public void close() {
    OwnedArena.closeAll(List.of(ranks, copies));
  }

  private MergedTensor find(String name) {
    MergedTensor tensor = tensors.get(name);
    if (tensor == null && name.equals(ParameterTable.DECODER_BIAS_ALIAS)) {
      tensor = tensors.get(ParameterTable.DECODER_BIAS);
    }
    if (tensor == null) {
      tensor = tensors.get("bert." + name);
    }
    if (tensor == null) {
      throw new IllegalArgumentException(source + " has no tensor " + name);
    }
    return tensor;
  }
}
