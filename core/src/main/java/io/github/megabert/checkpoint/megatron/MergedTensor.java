// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.checkpoint.torch.TorchTensor;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.FileChangedException;
import io.github.megabert.tensor.MappedMemory;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A parameter whose parts are in several ranks' files.
 *
 * @param axis along which the parts follow each other, 0 or 1
 * @param parts all of the same dtype, and of the same extents but for {@code axis}
 */
record MergedTensor(DType dtype, Shape shape, int axis, List<Part> parts) {
  /** What one rank has. */
  record Part(TorchFile file, TorchTensor tensor) {
    Tensor read(Arena arena) throws IOException {
      return file.read(tensor, arena);
    }
  }

  /** The whole parameter: a view if it has one part in one piece, else a copy in {@code arena}. */
  Tensor read(Arena arena) throws IOException {
    if (parts.size() == 1) {
      return parts.getFirst().read(arena).reshape(shape);
    }
    Tensor whole = Tensor.allocate(arena, dtype, shape);
    try {
      MappedMemory.read(parts.getFirst().file().source(), () -> join(whole));
    } catch (FileChangedException e) {
      throw new CheckpointException(e.getMessage(), e);
    }
    return whole;
  }

  private Tensor join(Tensor whole) throws IOException {
    // The parts' rows: along axis 0 each part is one row, along axis 1 they interleave.
    long rows = axis == 0 ? 1 : shape.extent(0);
    long rowBytes = whole.byteSize() / Math.max(1, rows);
    long at = 0;
    for (Part part : parts) {
      try (Arena partArena = Arena.ofConfined()) {
        MemorySegment bytes = part.read(partArena).segment();
        long partRowBytes = bytes.byteSize() / Math.max(1, rows);
        for (long row = 0; row < rows; row++) {
          MemorySegment.copy(
              bytes, row * partRowBytes, whole.segment(), row * rowBytes + at, partRowBytes);
        }
        at += partRowBytes;
      }
    }
    return whole;
  }
}
