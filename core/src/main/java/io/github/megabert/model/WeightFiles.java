// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.FileChangedException;
import io.github.megabert.tensor.MappedMemory;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;

/** What a model asks of the checkpoint that its weights are from, at every computation. */
final class WeightFiles {
  private static final int INFINITE = 0x7f80_0000;

  private final Checkpoint checkpoint;

  /** Set once all weights were found to be finite, so that they are looked through once. */
  private volatile boolean finite;

  WeightFiles(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
  }

  /**
   * Compares the files with what they were.
   *
   * @throws FileChangedException if one was changed in place since it was opened
   */
  void requireUnchanged() {
    checkpoint.requireUnchanged();
  }

  /**
   * Looks through a result and, if it is not finite, for the weight that is why. Results are small
   * beside weights, so this costs nothing that can be measured unless there is something to tell.
   *
   * @throws IllegalStateException if a weight is NaN or infinite
   */
  void requireFinite(float[] result) {
    int largest = 0;
    for (float value : result) {
      largest = Math.max(largest, Float.floatToRawIntBits(value) & Integer.MAX_VALUE);
    }
    if (largest >= INFINITE && !finite) {
      for (String name : checkpoint.names()) {
        requireFinite(name);
      }
      finite = true;
    }
  }

  private void requireFinite(String name) {
    DType dtype = checkpoint.dtype(name);
    if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16 && dtype != DType.F64) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = checkpoint.tensor(name, arena);
      long at = MappedMemory.read(checkpoint.source(), () -> firstNotFinite(tensor));
      if (at >= 0) {
        throw new IllegalStateException(
            "tensor "
                + name
                + " of "
                + checkpoint.source()
                + " holds "
                + tensor.getFloat(at)
                + " (element "
                + at
                + "), so the model's results are no numbers; the file is damaged, or its training"
                + " diverged");
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure.getMessage(), failure);
    }
  }

  private static long firstNotFinite(Tensor tensor) {
    for (long i = 0; i < tensor.elements(); i++) {
      if (!Float.isFinite(tensor.getFloat(i))) {
        return i;
      }
    }
    return -1;
  }
}
