package io.github.megabert.backend.vector.warmup;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.vector.gemm.ReadAhead;
import io.github.megabert.backend.vector.gemm.RowTiles;
import io.github.megabert.backend.vector.gemm.StridedTiles;
import java.lang.foreign.MemorySegment;

/**
 * Plain kernels at first, each replaced by its vector form once {@link WarmUp} finds that the JVM
 * has compiled it. The two agree to the bit, so nobody can tell when.
 */
public final class WarmingKernels implements Kernels {
  private final WarmUp warmUp;
  private final PlainKernels plain = new PlainKernels();
  private final VectorKernels vector = new VectorKernels();

  public WarmingKernels(WarmUp warmUp) {
    this.warmUp = warmUp;
  }

  private Kernels choose(int kernel) {
    return warmUp.isReady(kernel) ? vector : plain;
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
      long cOffset) {
    choose(WarmUp.TILES + rows - 1)
        .panel(rows, depth, x, xOffset, xStride, panel, panelOffset, c, cOffset);
  }

  @Override
  public void bfloat16Panel(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment words,
      long offset,
      MemorySegment c,
      long cOffset) {
    choose(WarmUp.BFLOAT16_TILES + rows - 1)
        .bfloat16Panel(rows, depth, x, xOffset, xStride, words, offset, c, cOffset);
  }

  @Override
  public void bytePanel(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment bytes,
      long offset,
      MemorySegment scales,
      long scaleOffset,
      MemorySegment sums,
      long sumsOffset,
      MemorySegment c,
      long cOffset) {
    choose(WarmUp.BYTE_TILES + rows - 1)
        .bytePanel(
            rows,
            depth,
            x,
            xOffset,
            xStride,
            bytes,
            offset,
            scales,
            scaleOffset,
            sums,
            sumsOffset,
            c,
            cOffset);
  }

  @Override
  public void bytePanels(
      int depth,
      MemorySegment x,
      long xOffset,
      MemorySegment bytes,
      long offset,
      long panelStep,
      MemorySegment scales,
      long scaleOffset,
      long scaleStep,
      MemorySegment c,
      long cOffset) {
    choose(WarmUp.BYTE_ROW)
        .bytePanels(
            depth,
            x,
            xOffset,
            bytes,
            offset,
            panelStep,
            scales,
            scaleOffset,
            scaleStep,
            c,
            cOffset);
  }

  @Override
  public void stridedPanel(
      int rows,
      int depth,
      float[] x,
      int xOffset,
      Precision precision,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadBytes,
      ReadAhead.Way way,
      MemorySegment c,
      long cOffset) {
    (areStridedTilesReady(rows, precision) ? vector : plain)
        .stridedPanel(
            rows,
            depth,
            x,
            xOffset,
            precision,
            panel,
            panelOffset,
            ahead,
            aheadOffset,
            aheadBytes,
            way,
            c,
            cOffset);
  }

  /** Whether the tiles are compiled into which rows are cut. */
  private boolean areStridedTilesReady(int rows, Precision precision) {
    int first = precision == Precision.BF16 ? WarmUp.HIGH_BFLOAT16_TILE : WarmUp.HIGH_TILE;
    boolean isHighReady = StridedTiles.highTiles(rows) == 0 || warmUp.isReady(first);
    boolean isLowReady = StridedTiles.lowTiles(rows) == 0 || warmUp.isReady(first + 1);
    return isHighReady && isLowReady;
  }

  @Override
  public boolean areCompiled(int rows, Precision precision) {
    if (rows > RowTiles.MAX_ROWS) {
      return areStridedTilesReady(rows, precision);
    }
    return switch (precision) {
      case BF16 -> warmUp.isReady(WarmUp.BFLOAT16_TILES + rows - 1);
      case INT8 -> warmUp.isReady(rows == 1 ? WarmUp.BYTE_ROW : WarmUp.BYTE_TILES + rows - 1);
      default -> warmUp.isReady(WarmUp.TILES + rows - 1);
    };
  }

  @Override
  public void expandHalves(
      MemorySegment words, long offset, int rows, MemorySegment panel, long panelOffset) {
    choose(WarmUp.EXPAND_HALVES).expandHalves(words, offset, rows, panel, panelOffset);
  }

  @Override
  public void expandBytes(
      MemorySegment bytes,
      long offset,
      int rows,
      MemorySegment scales,
      long scaleOffset,
      MemorySegment panel,
      long panelOffset) {
    choose(WarmUp.EXPAND_BYTES)
        .expandBytes(bytes, offset, rows, scales, scaleOffset, panel, panelOffset);
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
    choose(WarmUp.ADD_ROWS)
        .addRows(rows, count, source, sourceOffset, sourceStride, target, offset, stride);
  }

  @Override
  public void biasAndActivation(
      Activation activation,
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    choose(WarmUp.activation(activation))
        .biasAndActivation(
            activation, sums, sumsOffset, sumsStep, target, offset, bias, biasOffset, count);
  }

  @Override
  public void biasAndResidual(
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    choose(WarmUp.BIAS_AND_RESIDUAL)
        .biasAndResidual(
            sums, sumsOffset, sumsStep, residual, target, offset, bias, biasOffset, count);
  }

  @Override
  public void residual(
      MemorySegment sums,
      long sumsOffset,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      int count) {
    choose(WarmUp.RESIDUAL).residual(sums, sumsOffset, residual, target, offset, count);
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
    choose(WarmUp.LAYER_NORM).layerNorm(x, out, offset, weight, bias, count, eps, lanes, lane);
  }

  @Override
  public float max(MemorySegment values, long offset, long step, int count) {
    return choose(WarmUp.MAX).max(values, offset, step, count);
  }

  @Override
  public void scaleAndAdd(
      MemorySegment values, long offset, long step, int count, float scale, long added) {
    choose(WarmUp.SCALE_AND_ADD).scaleAndAdd(values, offset, step, count, scale, added);
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
    return choose(store ? WarmUp.EXPONENTIALS : WarmUp.SUM_OF_EXPONENTIALS)
        .exponentials(values, offset, count, max, scale, store, lanes, lane);
  }

  @Override
  public float exponentialsOfPanels(
      MemorySegment values,
      long offset,
      long step,
      int count,
      float max,
      float scale,
      float[] target,
      int at,
      MemorySegment lanes,
      long lane) {
    return choose(WarmUp.EXPONENTIALS_OF_PANELS)
        .exponentialsOfPanels(values, offset, step, count, max, scale, target, at, lanes, lane);
  }

  @Override
  public void scale(
      MemorySegment source,
      long offset,
      long step,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset) {
    choose(WarmUp.SCALE).scale(source, offset, step, count, factor, target, targetOffset);
  }

  @Override
  public void dots(
      MemorySegment query,
      long queryOffset,
      int headDim,
      MemorySegment keys,
      long keyOffset,
      long keyStride,
      int count,
      MemorySegment target,
      long targetOffset) {
    choose(WarmUp.DOTS)
        .dots(query, queryOffset, headDim, keys, keyOffset, keyStride, count, target, targetOffset);
  }

  @Override
  public void weightedSum(
      MemorySegment weights,
      long weightsOffset,
      int count,
      MemorySegment values,
      long offset,
      long stride,
      int columns,
      MemorySegment target,
      long targetOffset) {
    choose(WarmUp.WEIGHTED_SUM)
        .weightedSum(
            weights, weightsOffset, count, values, offset, stride, columns, target, targetOffset);
  }

  @Override
  public void awaitAnticipated() {
    warmUp.awaitAnticipated();
  }

  @Override
  public void anticipate(Precision precision) {
    warmUp.anticipate(precision);
  }
}
