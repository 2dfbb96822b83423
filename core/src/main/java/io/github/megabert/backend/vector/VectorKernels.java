package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import java.lang.foreign.MemorySegment;

/** The kernels on the Vector API. */
final class VectorKernels implements Kernels {
  /** Rows are cut into tiles of nearly equal height (13 = 7 + 6): no tile is much too small. */
  @Override
  public void panel(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset,
      long cStride) {
    int tiles = Math.ceilDiv(rows, Lanes.MAX_ROWS);
    for (int tile = 0; tile < tiles; tile++) {
      int first = rows * tile / tiles;
      RowTiles.multiply(
          rows * (tile + 1) / tiles - first,
          depth,
          x,
          xOffset + first * xStride,
          xStride,
          panel,
          panelOffset,
          c,
          cOffset + first * cStride,
          cStride);
    }
  }

  @Override
  public void expand(
      Precision precision,
      MemorySegment words,
      long offset,
      MemorySegment scales,
      long scaleOffset,
      int rows,
      MemorySegment panel,
      long panelOffset) {
    switch (precision) {
      case BF16 -> Expansion.brainFloats(words, offset, rows, panel, panelOffset);
      case F16 -> Expansion.halves(words, offset, rows, panel, panelOffset);
      case INT8 -> Expansion.bytes(words, offset, scales, scaleOffset, rows, panel, panelOffset);
      default -> throw new IllegalArgumentException(precision + " is not narrow");
    }
  }

  @Override
  public void addRows(
      int rows,
      int count,
      MemorySegment source,
      long sourceOffset,
      long sourceStride,
      MemorySegment target,
      long offset,
      long stride) {
    for (int r = 0; r < rows; r++) {
      Sums.add(source, sourceOffset + r * sourceStride, target, offset + r * stride, count);
    }
  }

  @Override
  public void biasAndActivation(
      Activation activation,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    Sums.addBias(target, offset, bias, biasOffset, count);
    Activations.apply(activation, target, offset, count);
  }

  @Override
  public void biasAndResidual(
      MemorySegment sums,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    Sums.addBiasAndResidual(sums, residual, target, offset, bias, biasOffset, count);
  }

  @Override
  public void residual(
      MemorySegment sums, MemorySegment residual, MemorySegment target, long offset, int count) {
    Sums.addResidual(sums, residual, target, offset, count);
  }

  @Override
  public void layerNorm(
      MemorySegment x,
      MemorySegment out,
      long offset,
      MemorySegment weight,
      MemorySegment bias,
      int count,
      float eps,
      MemorySegment lanes,
      long lane) {
    LayerNormRow.normalize(x, out, offset, weight, bias, count, eps, lanes, lane);
  }

  @Override
  public float max(MemorySegment values, long offset, int count) {
    return SoftmaxRow.max(values, offset, count);
  }

  @Override
  public void scaleAndAdd(MemorySegment values, long offset, int count, float scale, long added) {
    SoftmaxRow.scaleAndAdd(values, offset, count, scale, added);
  }

  @Override
  public float exponentials(
      MemorySegment values,
      long offset,
      int count,
      float max,
      float scale,
      boolean store,
      MemorySegment lanes,
      long lane) {
    return store
        ? SoftmaxRow.exponentials(values, offset, count, max, scale, lanes, lane)
        : SoftmaxRow.sumOfExponentials(values, offset, count, max, scale, lanes, lane);
  }

  @Override
  public void scale(
      MemorySegment source,
      long offset,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset) {
    SoftmaxRow.scale(source, offset, count, factor, target, targetOffset);
  }
}
