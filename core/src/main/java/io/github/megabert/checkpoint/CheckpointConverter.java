// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import io.github.megabert.checkpoint.huggingface.HuggingFaceWriter;
import io.github.megabert.checkpoint.huggingface.IncompleteFolder;
import io.github.megabert.checkpoint.megatron.MegatronPartition;
import io.github.megabert.checkpoint.megatron.MegatronWriter;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.FileChangedException;
import io.github.megabert.tensor.MappedMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a checkpoint in another format, one tensor at a time: memory is needed for one tensor, not
 * for the model.
 *
 * <p>Output appears under its name when it is complete and not before; a conversion that fails or
 * is interrupted leaves nothing under that name. Without {@link #dtype} every tensor keeps its
 * bits.
 *
 * {@snippet :
 * try (Checkpoint input = Checkpoint.open(Path.of("megatron_bert_345m.zip"))) {
 *   new CheckpointConverter(input).dtype(DType.F32).toHuggingFace(Path.of("megatron-bert-345m"));
 * }
 * }
 */
public final class CheckpointConverter {
  private static final long LARGEST_SHARD = 5_000_000_000L;

  private final Checkpoint input;
  private @Nullable DType dtype;
  private Map<String, Path> alongside = Map.of();
  private ConversionProgress progress = (tensor, done, total) -> {};
  private long largestShard = LARGEST_SHARD;

  /** A conversion of {@code input}, which stays open. */
  public CheckpointConverter(Checkpoint input) {
    this.input = input;
  }

  /**
   * Sets the element type of all floating-point tensors.
   *
   * @param target F32, F16 or BF16
   * @throws IllegalArgumentException if it is another type
   */
  public CheckpointConverter dtype(DType target) {
    if (target != DType.F32 && target != DType.F16 && target != DType.BF16) {
      throw new IllegalArgumentException(
          "tensors are converted to F32, F16 or BF16, not " + target);
    }
    dtype = target;
    return this;
  }

  /** Sets files to be copied into a Hugging Face folder, such as {@code vocab.txt}. */
  public CheckpointConverter alongside(List<Path> files) {
    Map<String, Path> named = new LinkedHashMap<>();
    files.forEach(file -> named.put(String.valueOf(file.getFileName()), file));
    return alongside(named);
  }

  /** Sets files to be copied into a Hugging Face folder, by the names that they get there. */
  public CheckpointConverter alongside(Map<String, Path> files) {
    alongside = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    return this;
  }

  /** Sets a listener for each tensor. */
  public CheckpointConverter progress(ConversionProgress listener) {
    progress = listener;
    return this;
  }

  /** Sets the size in bytes from which tensors are spread over several files, for tests. */
  CheckpointConverter largestShard(long bytes) {
    largestShard = bytes;
    return this;
  }

  /**
   * Writes a folder for transformers: {@code config.json} and {@code model.safetensors}, or shards
   * of at most 5 GB with an index.
   *
   * @throws CheckpointException if the folder exists, a number does not fit the dtype, or a file
   *     that is read was changed in place meanwhile
   * @throws IOException if writing fails
   */
  public void toHuggingFace(Path folder) throws IOException {
    write(
        folder,
        incomplete ->
            new HuggingFaceWriter(
                    input, new ElementConversion(dtype), largestShard, progress(incomplete))
                .write(incomplete.path(), alongside));
  }

  /**
   * Writes a Megatron-LM run's folder, with one file for each tensor-parallel rank of each pipeline
   * stage, in the format of checkpoint version 3.
   *
   * @param tensorParallel number of ranks that share a layer; it must divide the number of heads
   *     and the intermediate size
   * @param pipelineParallel number of stages; it must divide the number of layers
   * @throws IllegalArgumentException if the model cannot be divided so
   * @throws CheckpointException if the folder exists, Megatron-LM has no such model, or a file that
   *     is read was changed in place meanwhile
   * @throws IOException if writing fails
   */
  public void toMegatron(Path folder, int tensorParallel, int pipelineParallel) throws IOException {
    MegatronPartition partition = MegatronPartition.of(input, tensorParallel, pipelineParallel);
    write(
        folder,
        incomplete ->
            new MegatronWriter(input, partition, new ElementConversion(dtype), progress(incomplete))
                .write(incomplete.path()));
  }

  /** Fills a folder. */
  private interface FolderWriter {
    void write(IncompleteFolder folder) throws IOException;
  }

  private void write(Path folder, FolderWriter writer) throws IOException {
    try (IncompleteFolder incomplete = IncompleteFolder.create(folder)) {
      MappedMemory.read(
          input.source(),
          () -> {
            writer.write(incomplete);
            input.requireUnchanged();
            return incomplete;
          });
      incomplete.commit();
    } catch (FileChangedException e) {
      throw new CheckpointException(folder + " was not written: " + e.getMessage(), e);
    }
  }

  /** The caller's listener, after the question whether to go on. */
  private ConversionProgress progress(IncompleteFolder folder) {
    return (tensor, done, total) -> {
      folder.requireWanted();
      progress.written(tensor, done, total);
    };
  }
}
