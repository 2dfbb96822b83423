package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import java.lang.foreign.MemorySegment;

/**
 * Plain kernels at first, each replaced by its vector form once {@link WarmUp} finds that the JVM
 * has compiled it. The two agree to the bit, so nobody can tell when.
 */
final class WarmingKernels implements Kernels {
  private final WarmUp warmUp;
  private final PlainKernels plain = new PlainKernels();
  private final VectorKernels vector = new VectorKernels();

  WarmingKernels(WarmUp warmUp) {
    this.warmUp = warmUp;
  }

  private Kernels choose(int kernel, long work) {
    return warmUp.isReady(kernel, work) ? vector : plain;
  }

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
    long work = (long) rows * depth * Lanes.PANEL;
    // Rows are cut into tiles of at most two heights.
    boolean ready = warmUp.isReady(WarmUp.tile(rows / tiles), work);
    if (rows % tiles != 0) {
      ready &= warmUp.isReady(WarmUp.tile(rows / tiles + 1), work);
    }
    (ready ? vector : plain)
        .panel(rows, depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, cStride);
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
    choose(WarmUp.ADD_ROWS, (long) rows * count)
        .addRows(rows, count, source, sourceOffset, sourceStride, target, offset, stride);
  }

  @Override
  public void biasAndActivation(
      Activation activation,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    choose(WarmUp.activation(activation), count)
        .biasAndActivation(activation, target, offset, bias, biasOffset, count);
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
    choose(WarmUp.BIAS_AND_RESIDUAL, count)
        .biasAndResidual(sums, residual, target, offset, bias, biasOffset, count);
  }

  @Override
  public void residual(
      MemorySegment sums, MemorySegment residual, MemorySegment target, long offset, int count) {
    choose(WarmUp.RESIDUAL, count).residual(sums, residual, target, offset, count);
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
    choose(WarmUp.LAYER_NORM, count)
        .layerNorm(x, out, offset, weight, bias, count, eps, lanes, lane);
  }

  @Override
  public float max(MemorySegment values, long offset, int count) {
    return choose(WarmUp.MAX, count).max(values, offset, count);
  }

  @Override
  public void scaleAndAdd(MemorySegment values, long offset, int count, float scale, long added) {
    choose(WarmUp.SCALE_AND_ADD, count).scaleAndAdd(values, offset, count, scale, added);
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
    return choose(store ? WarmUp.EXPONENTIALS : WarmUp.SUM_OF_EXPONENTIALS, count)
        .exponentials(values, offset, count, max, scale, store, lanes, lane);
  }

  @Override
  public void scale(
      MemorySegment source,
      long offset,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset) {
    choose(WarmUp.SCALE, count).scale(source, offset, count, factor, target, targetOffset);
  }
}
