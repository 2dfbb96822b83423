// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import io.github.megabert.checkpoint.file.LittleEndian;
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
public record TorchTensor(
    TorchStorage storage, DType dtype, long offset, Shape shape, long[] strides) {
  /** Axes of size one may have any stride. */
  boolean isContiguous() {
    return contiguousFrom() == 0;
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
    gather(storageBytes, copy.segment(), 0, contiguousFrom(), offset, 0);
    return copy;
  }

  /** Rows {@code [from, to)} of the first axis. */
  public TorchTensor rows(long from, long to) {
    long[] extents = shape.toArray();
    extents[0] = to - from;
    return new TorchTensor(storage, dtype, offset + from * strides[0], Shape.of(extents), strides);
  }

  /**
   * The first axis seen as {@code [outer, middle, inner]}, or fewer axes if less are given.
   *
   * @param extents the new axes' extents; their product is the first axis' extent
   */
  public TorchTensor splitRows(long... extents) {
    int added = extents.length - 1;
    long[] newExtents = new long[shape.rank() + added];
    long[] newStrides = new long[newExtents.length];
    long step = strides[0];
    for (int axis = added; axis >= 0; axis--) {
      newExtents[axis] = extents[axis];
      newStrides[axis] = step;
      step *= extents[axis];
    }
    for (int axis = 1; axis < shape.rank(); axis++) {
      newExtents[axis + added] = shape.extent(axis);
      newStrides[axis + added] = strides[axis];
    }
    return new TorchTensor(storage, dtype, offset, Shape.of(newExtents), newStrides);
  }

  /** Index {@code index} of an axis, which disappears. */
  public TorchTensor select(int axis, long index) {
    long[] extents = shape.toArray();
    long[] newExtents = new long[extents.length - 1];
    long[] newStrides = new long[newExtents.length];
    for (int i = 0; i < newExtents.length; i++) {
      newExtents[i] = extents[i < axis ? i : i + 1];
      newStrides[i] = strides[i < axis ? i : i + 1];
    }
    return new TorchTensor(
        storage, dtype, offset + index * strides[axis], Shape.of(newExtents), newStrides);
  }

  /** First of the trailing axes that lie in one piece. */
  private int contiguousFrom() {
    long expected = 1;
    int axis = shape.rank();
    while (axis > 0 && (shape.extent(axis - 1) == 1 || strides[axis - 1] == expected)) {
      axis--;
      expected *= shape.extent(axis);
    }
    return axis;
  }

  /** Copies the sub-tensor from {@code axis} on; returns where its copy ends. */
  private long gather(
      MemorySegment from, MemorySegment to, int axis, int whole, long element, long written) {
    long size = itemSize();
    if (axis == whole) {
      long bytes = size;
      for (int i = whole; i < shape.rank(); i++) {
        bytes *= shape.extent(i);
      }
      MemorySegment.copy(from, element * size, to, written, bytes);
      return written + bytes;
    }
    long at = written;
    boolean single = axis + 1 == shape.rank();
    for (long i = 0; i < shape.extent(axis); i++) {
      long next = element + i * strides[axis];
      if (!single) {
        at = gather(from, to, axis + 1, whole, next, at);
        continue;
      }
      switch ((int) size) {
        case 2 -> to.set(LittleEndian.SHORT, at, from.get(LittleEndian.SHORT, next * 2));
        case 4 -> to.set(LittleEndian.INT, at, from.get(LittleEndian.INT, next * 4));
        default -> MemorySegment.copy(from, next * size, to, at, size);
      }
      at += size;
    }
    return at;
  }
}
