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
    boolean ahead =
        aheadOffset != panelOffset && areAheadTilesReady(WarmUp.TILES, WarmUp.AHEAD_TILES, rows);
    chooseTiles(WarmUp.TILES, rows, ahead)
        .panel(
            rows,
            depth,
            x,
            xOffset,
            xStride,
            panel,
            panelOffset,
            ahead ? aheadOffset : panelOffset,
            c,
            cOffset,
            cStride);
  }

  private Kernels chooseTiles(int first, int rows, boolean ahead) {
    return ahead || areTilesReady(first, rows, VectorKernels.tiles(rows, false)) ? vector : plain;
  }

  /** Rows are cut into tiles of at most two heights; kernels of those begin at {@code first}. */
  private boolean areTilesReady(int first, int rows, int tiles) {
    boolean ready = warmUp.isReady(first + rows / tiles - 1);
    if (rows % tiles != 0) {
      ready &= warmUp.isReady(first + rows / tiles);
    }
    return ready;
  }

  /**
   * Likewise with those that read ahead; {@code firstAhead} is the kernel of {@link
   * AheadTiles#MIN_ROWS} rows, fewer have none.
   */
  private boolean areAheadTilesReady(int first, int firstAhead, int rows) {
    int tiles = VectorKernels.tiles(rows, true);
    int lowest = rows / tiles - AheadTiles.MIN_ROWS;
    boolean ready = areTilesReady(first, rows, tiles);
    if (lowest >= 0) {
      ready &= warmUp.isReady(firstAhead + lowest);
    }
    if (rows % tiles != 0 && lowest >= -1) {
      ready &= warmUp.isReady(firstAhead + lowest + 1);
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
    boolean ahead =
        aheadOffset != offset
            && areAheadTilesReady(WarmUp.BRAIN_FLOAT_TILES, WarmUp.BRAIN_FLOAT_AHEAD_TILES, rows);
    chooseTiles(WarmUp.BRAIN_FLOAT_TILES, rows, ahead)
        .brainFloatPanel(
            rows,
            depth,
            x,
            xOffset,
            xStride,
            words,
            offset,
            ahead ? aheadOffset : offset,
            c,
            cOffset,
            cStride);
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
      ready &= areTilesReady(WarmUp.TILES, rows, VectorKernels.tiles(rows, false));
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
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    choose(WarmUp.activation(activation))
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
    choose(WarmUp.BIAS_AND_RESIDUAL)
        .biasAndResidual(sums, residual, target, offset, bias, biasOffset, count);
  }

  @Override
  public void residual(
      MemorySegment sums, MemorySegment residual, MemorySegment target, long offset, int count) {
    choose(WarmUp.RESIDUAL).residual(sums, residual, target, offset, count);
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
  public float max(MemorySegment values, long offset, int count) {
    return choose(WarmUp.MAX).max(values, offset, count);
  }

  @Override
  public void scaleAndAdd(MemorySegment values, long offset, int count, float scale, long added) {
    choose(WarmUp.SCALE_AND_ADD).scaleAndAdd(values, offset, count, scale, added);
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
  public void scale(
      MemorySegment source,
      long offset,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset) {
    choose(WarmUp.SCALE).scale(source, offset, count, factor, target, targetOffset);
  }

  @Override
  public void anticipate(Precision precision) {
    warmUp.anticipate(precision);
  }
}
