package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import java.lang.foreign.MemorySegment;

/** The kernels on the Vector API. */
final class VectorKernels implements Kernels {
  private static final long UNLIKELY = 0x9e3779b97f4a7c15L;

  @SuppressWarnings("unused") // It is written so that what was computed for it cannot be dropped.
  private static volatile long kept;

  /** Keeps C2 from dropping the loads whose sum this is. */
  private static void keep(long touched) {
    if (touched == UNLIKELY) {
      kept = touched;
    }
  }

  /**
   * Into how many tiles rows are cut, of nearly equal height (13 = 7 + 6): no tile is much too
   * small.
   */
  static int tiles(int rows, boolean ahead) {
    return Math.ceilDiv(
        rows, ahead ? Math.min(Lanes.MAX_ROWS, AheadTiles.MAX_ROWS) : Lanes.MAX_ROWS);
  }

  /** As many tiles read ahead as the row of a panel has cache lines. */
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
    int ahead = aheadOffset == panelOffset ? 0 : Lanes.PANEL_BYTES / AheadTiles.LINE;
    int tiles = tiles(rows, ahead > 0);
    for (int tile = 0; tile < tiles; tile++) {
      int first = rows * tile / tiles;
      int height = rows * (tile + 1) / tiles - first;
      if (tile < ahead && height >= AheadTiles.MIN_ROWS) {
        long part = aheadOffset + (long) tile * depth * AheadTiles.LINE;
        keep(
            AheadTiles.multiply(
                height,
                depth,
                x,
                xOffset + first * xStride,
                xStride,
                panel,
                panelOffset,
                part,
                c,
                cOffset + first * cStride,
                cStride));
      } else {
        RowTiles.multiply(
            height,
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
    int ahead = aheadOffset == offset ? 0 : Lanes.VECTOR_BYTES / AheadTiles.LINE;
    int tiles = tiles(rows, ahead > 0);
    for (int tile = 0; tile < tiles; tile++) {
      int first = rows * tile / tiles;
      int height = rows * (tile + 1) / tiles - first;
      if (tile < ahead && height >= AheadTiles.MIN_ROWS) {
        long part = aheadOffset + (long) tile * depth * AheadTiles.LINE;
        keep(
            BrainFloatAheadTiles.multiply(
                height,
                depth,
                x,
                xOffset + first * xStride,
                xStride,
                words,
                offset,
                part,
                c,
                cOffset + first * cStride,
                cStride));
      } else {
        BrainFloatTiles.multiply(
            height,
            depth,
            x,
            xOffset + first * xStride,
            xStride,
            words,
            offset,
            c,
            cOffset + first * cStride,
            cStride);
      }
    }
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
    for (int k = 0; k < depth; k += NarrowWeights.GROUP) {
      int count = Math.min(NarrowWeights.GROUP, depth - k);
      long groupX = xOffset + (long) k * Float.BYTES;
      long group = offset + NarrowWeights.bytes(Precision.INT8, k);
      if (rows <= ByteTiles.MAX_ROWS) {
        ByteTiles.multiply(
            rows, count, x, groupX, xStride, bytes, group, sums, sumsOffset, Lanes.PANEL_BYTES);
      } else {
        // The expanded group, 16 KiB, stays in the first-level cache while the rows pass by.
        long expanded = sumsOffset + (long) rows * Lanes.PANEL_BYTES;
        Expansion.bytes(bytes, group, count, sums, expanded);
        panel(
            rows,
            count,
            x,
            groupX,
            xStride,
            sums,
            expanded,
            expanded,
            sums,
            sumsOffset,
            Lanes.PANEL_BYTES);
      }
      long groupScales = scaleOffset + (long) (k / NarrowWeights.GROUP) * Lanes.PANEL_BYTES;
      Sums.addScaled(rows, sums, sumsOffset, scales, groupScales, c, cOffset, cStride);
    }
  }

  @Override
  public void expandHalves(
      MemorySegment words, long offset, int rows, MemorySegment panel, long panelOffset) {
    Expansion.halves(words, offset, rows, panel, panelOffset);
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
