package io.github.megabert.checkpoint;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A PyTorch tensor: a strided view of a storage, checked against the storage's size.
 *
 * @param offset first element, counted from the storage's start
 * @param strides steps in elements, one an axis, none negative
 */
record TorchTensor(TorchStorage storage, DType dtype, long offset, Shape shape, long[] strides) {
  /** Axes of size one may have any stride. */
  boolean isContiguous() {
    long expected = 1;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      if (shape.extent(axis) != 1 && strides[axis] != expected) {
        return false;
      }
      expected *= shape.extent(axis);
    }
    return true;
  }

  long itemSize() {
    return dtype.bits() / 8;
  }

  /** The elements in row-major order: a view of the storage's bytes, or a copy in {@code arena}. */
  Tensor read(MemorySegment storageBytes, Arena arena) {
    if (shape.elements() == 0 || isContiguous()) {
      long from = shape.elements() == 0 ? 0 : offset * itemSize();
      return Tensor.wrap(
          storageBytes.asSlice(from, dtype.byteSize(shape.elements())), dtype, shape);
    }
    Tensor copy = Tensor.allocate(arena, dtype, shape);
    gather(storageBytes, copy.segment(), 0, offset, 0);
    return copy;
  }

  /** Copies the sub-tensor from {@code axis} on; returns where its copy ends. */
  private long gather(MemorySegment from, MemorySegment to, int axis, long element, long written) {
    long size = itemSize();
    long at = written;
    for (long i = 0; i < shape.extent(axis); i++) {
      long next = element + i * strides[axis];
      if (axis + 1 < shape.rank()) {
        at = gather(from, to, axis + 1, next, at);
      } else {
        switch ((int) size) {
          case 2 -> to.set(LittleEndian.SHORT, at, from.get(LittleEndian.SHORT, next * 2));
          case 4 -> to.set(LittleEndian.INT, at, from.get(LittleEndian.INT, next * 4));
          default -> MemorySegment.copy(from, next * size, to, at, size);
        }
        at += size;
      }
    }
    return at;
  }
}
