package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
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
      long aheadOffset,
      MemorySegment c,
      long cOffset,
      long cStride) {
    (areTilesReady(WarmUp.TILES, rows) ? vector : plain)
        .panel(
            rows, depth, x, xOffset, xStride, panel, panelOffset, aheadOffset, c, cOffset, cStride);
  }

  @Override
  public boolean hasSpacedTile(int tileRows) {
    return TallTile.fits() && areSpacedTilesReady(tileRows);
  }

  /** Tall tiles leave the other one what is not a full one. */
  private boolean areSpacedTilesReady(int tileRows) {
    boolean isReady = warmUp.isReady(WarmUp.STREAM_TILE);
    return tileRows == StreamTile.ROWS ? isReady : warmUp.isReady(WarmUp.TALL_TILE) && isReady;
  }

  @Override
  public void spacedPanel(
      int tileRows,
      int rows,
      int depth,
      float[] x,
      int xOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadBytes,
      MemorySegment c,
      long cOffset) {
    (areSpacedTilesReady(tileRows) ? vector : plain)
        .spacedPanel(
            tileRows,
            rows,
            depth,
            x,
            xOffset,
            panel,
            panelOffset,
            ahead,
            aheadOffset,
            aheadBytes,
            c,
            cOffset);
  }

  /** Whether the tiles are compiled into which rows are cut; they are of at most two heights. */
  private boolean areTilesReady(int first, int rows) {
    int tiles = VectorKernels.tiles(rows);
    boolean ready = warmUp.isReady(first + rows / tiles - 1);
    if (rows % tiles != 0) {
      ready &= warmUp.isReady(first + rows / tiles);
    }
    return ready;
  }

  @Override
  public void brainFloatPanel(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment words,
      long offset,
      long aheadOffset,
      MemorySegment c,
      long cOffset,
      long cStride) {
    (areTilesReady(WarmUp.BRAIN_FLOAT_TILES, rows) ? vector : plain)
        .brainFloatPanel(
            rows, depth, x, xOffset, xStride, words, offset, aheadOffset, c, cOffset, cStride);
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
      long cOffset,
      long cStride) {
    boolean ready = warmUp.isReady(WarmUp.BYTE_TILES + Math.min(rows - 1, ByteTiles.MAX_ROWS));
    if (rows > ByteTiles.MAX_ROWS) {
      ready &= areTilesReady(WarmUp.TILES, rows);
    }
    (ready ? vector : plain)
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
            cOffset,
            cStride);
  }

  @Override
  public void expandHalves(
      MemorySegment words, long offset, int rows, MemorySegment panel, long panelOffset) {
    choose(WarmUp.EXPAND_HALVES).expandHalves(words, offset, rows, panel, panelOffset);
  }

  @Override
  public void expandBrainFloats(
      MemorySegment words, long offset, int rows, MemorySegment panel, long panelOffset) {
    choose(WarmUp.EXPAND_BRAIN_FLOATS).expandBrainFloats(words, offset, rows, panel, panelOffset);
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
        .exponentialsOfPanels(
            values, offset, step, count, max, scale, target, at, lanes, lane);
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
  public void anticipate(Precision precision) {
    warmUp.anticipate(precision);
  }
}
