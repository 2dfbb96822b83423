// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static io.github.megabert.checkpoint.CheckpointException.quote;
import static java.util.Objects.requireNonNull;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.torch.PickleValues;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.checkpoint.torch.TorchTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One piece of a model in one rank's file: the parameters of some consecutive layers, by their
 * place. A file has one, under {@code model}, or several under {@code model0}, {@code model1}, …
 * where stages are interleaved.
 *
 * @param parameters by place, in the file's order; layers are counted from 0 in every chunk
 * @param copyOfWords the word embeddings that a last pipeline stage has for its head; null
 *     elsewhere
 */
record MegatronChunk(
    TorchFile file,
    Map<MegatronNames.Place, TorchTensor> parameters,
    @Nullable TorchTensor copyOfWords) {
  private static final int DEEPEST = 12;
  private static final int MOST_ENTRIES = 100_000;
  private static final int LONGEST_PATH = 500;

  /** The pieces of a file of Megatron-LM's, whose LayerNorms come before the sub-layers. */
  static List<MegatronChunk> all(TorchFile file) throws CheckpointException {
    return all(file, false);
  }

  /**
   * All pieces of a file, which of NeMo's models is the root itself.
   *
   * @param isPost whether LayerNorms come behind the sub-layers
   */
  static List<MegatronChunk> all(TorchFile file, boolean isPost) throws CheckpointException {
    List<MegatronChunk> chunks = new ArrayList<>();
    Object only = PickleValues.member(file.root(), "model");
    if (only != null) {
      chunks.add(of(file, only, isPost));
    }
    Object next = PickleValues.member(file.root(), "model0");
    for (int i = 1; next != null; i++) {
      chunks.add(of(file, next, isPost));
      next = PickleValues.member(file.root(), "model" + i);
    }
    if (chunks.isEmpty() && isFlat(file.root())) {
      chunks.add(of(file, file.root(), isPost));
    }
    if (chunks.isEmpty()) {
      throw new CheckpointException(
          file.source() + " has no 'model', as a checkpoint of Megatron-LM does");
    }
    return chunks;
  }

  /** Whether names begin with NeMo's {@code model.}, in one dictionary of all. */
  private static boolean isFlat(Object root) {
    return root instanceof Map<?, ?> map
        && map.keySet().stream().anyMatch(key -> key instanceof String k && k.startsWith("model."));
  }

  private static MegatronChunk of(TorchFile file, Object model, boolean isPost)
      throws CheckpointException {
    Flattening flattening = new Flattening(file.source());
    flattening.add("", model, 0);
    Map<MegatronNames.Place, TorchTensor> parameters = new LinkedHashMap<>();
    TorchTensor words = null;
    for (Map.Entry<String, TorchTensor> entry : flattening.tensors.entrySet()) {
      if (entry.getKey().endsWith(MegatronNames.COPY_OF_WORDS)) {
        words = entry.getValue();
      }
      MegatronNames.Place place = MegatronNames.place(entry.getKey(), isPost, file.source());
      if (place != null) {
        file.requireReadable(entry.getValue());
        if (parameters.put(place, entry.getValue()) != null) {
          throw new CheckpointException(
              file.source() + " holds " + quote(entry.getKey()) + " twice, under two names");
        }
      }
    }
    return new MegatronChunk(file, parameters, words);
  }

  /**
   * A parameter, as an optimizer counts it.
   *
   * @param place null for the copy of the word embeddings
   */
  record Slot(MegatronNames.@Nullable Place place, TorchTensor value) {}

  /** All parameters, in the order of the model: the file's, but for the copy before the heads. */
  List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    boolean isCopyDue = copyOfWords != null;
    for (Map.Entry<MegatronNames.Place, TorchTensor> entry : parameters.entrySet()) {
      if (isCopyDue && entry.getKey().name().startsWith("cls.")) {
        slots.add(new Slot(null, requireNonNull(copyOfWords)));
        isCopyDue = false;
      }
      slots.add(new Slot(entry.getKey(), entry.getValue()));
    }
    if (isCopyDue) {
      slots.add(new Slot(null, requireNonNull(copyOfWords)));
    }
    return slots;
  }

  /** Number of layers, which must be complete from 0. */
  int layers() throws CheckpointException {
    int count = 0;
    for (MegatronNames.Place place : parameters.keySet()) {
      count = Math.max(count, place.layer() + 1);
    }
    if (count > parameters.size()) {
      throw new CheckpointException(
          file.source() + " names layer " + (count - 1) + " but lacks layers before it");
    }
    return count;
  }

  /** Joins nested dictionaries' keys with dots; nested without end is refused. */
  private static final class Flattening {
    private final String source;
    private final Map<String, TorchTensor> tensors = new LinkedHashMap<>();
    private int entries;

    Flattening(String source) {
      this.source = source;
    }

    void add(String prefix, Object value, int depth) throws CheckpointException {
      if (value instanceof TorchTensor tensor) {
        tensors.put(prefix, tensor);
      } else if (value instanceof Map<?, ?> map) {
        if (depth == DEEPEST) {
          throw new CheckpointException(source + " nests its model too deeply or in itself");
        }
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          if (++entries > MOST_ENTRIES) {
            throw new CheckpointException(source + " has more parameters than any model");
          }
          if (entry.getKey() instanceof String key) {
            if (prefix.length() + key.length() > LONGEST_PATH) {
              throw new CheckpointException(
                  source + " has a parameter whose name is longer than " + LONGEST_PATH);
            }
            add(prefix.isEmpty() ? key : prefix + "." + key, entry.getValue(), depth + 1);
          }
        }
      }
    }
  }
}
