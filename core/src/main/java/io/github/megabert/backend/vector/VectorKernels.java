package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import java.lang.foreign.MemorySegment;

/** The kernels on the Vector API. */
final class VectorKernels implements Kernels {
  /**
   * Into how many tiles rows are cut, of nearly equal height (13 = 7 + 6): no tile is much too
   * small.
   */
  static int tiles(int rows) {
    return Math.ceilDiv(rows, Lanes.MAX_ROWS);
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
    if (aheadOffset != panelOffset && ReadAhead.touchesFirst(rows)) {
      ReadAhead.touch(panel, panelOffset, (long) depth * Lanes.PANEL_BYTES);
    }
    int tiles = tiles(rows);
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
  public boolean hasSpacedTile(int tileRows) {
    return TallTile.fits();
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
    int tiles = Math.ceilDiv(rows, tileRows);
    int last = rows - (tiles - 1) * tileRows;
    int tall = tileRows == StreamTile.ROWS ? 0 : last <= StreamTile.ROWS ? tiles - 1 : tiles;
    // Two divisions, which a tile of attention would notice.
    long step = aheadBytes == 0 ? 0 : Math.ceilDiv(aheadBytes, (long) depth * tiles);
    long part = depth * step;
    long end = aheadBytes - part;
    for (int tile = 0; tile < tall; tile++) {
      ReadAhead.keep(
          TallTile.multiply(
              depth,
              x,
              xOffset + tile * TallTile.ROWS * SpacedRows.DISTANCE,
              panel,
              panelOffset,
              ahead,
              aheadOffset + Math.min(tile * part, end),
              step,
              c,
              cOffset + (long) tile * TallTile.ROWS * Lanes.PANEL_BYTES));
    }
    long halfStep = aheadBytes == 0 ? 0 : aheadBytes / (2L * depth * tiles);
    long half = depth * halfStep;
    for (int tile = tall; tile < tiles; tile++) {
      int row = tall * TallTile.ROWS + (tile - tall) * StreamTile.ROWS;
      ReadAhead.keep(
          StreamTile.multiply(
              depth,
              x,
              xOffset + row * SpacedRows.DISTANCE,
              panel,
              panelOffset,
              ahead,
              aheadOffset + 2L * tile * half,
              half,
              halfStep,
              c,
              cOffset + (long) row * Lanes.PANEL_BYTES));
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
    if (aheadOffset != offset && ReadAhead.touchesFirst(rows)) {
      ReadAhead.touch(words, offset, (long) depth * Lanes.VECTOR_BYTES);
    }
    int tiles = tiles(rows);
    for (int tile = 0; tile < tiles; tile++) {
      int first = rows * tile / tiles;
      BrainFloatTiles.multiply(
          rows * (tile + 1) / tiles - first,
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
  public void expandBrainFloats(
      MemorySegment words, long offset, int rows, MemorySegment panel, long panelOffset) {
    Expansion.brainFloats(words, offset, rows, panel, panelOffset);
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
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    Sums.addBias(sums, sumsOffset, sumsStep, target, offset, bias, biasOffset, count);
    Activations.apply(activation, target, offset, count);
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
    Sums.addBiasAndResidual(
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
    Sums.addResidual(sums, sumsOffset, residual, target, offset, count);
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
  public float max(MemorySegment values, long offset, long step, int count) {
    return SoftmaxRow.max(values, offset, step, count);
  }

  @Override
  public void scaleAndAdd(
      MemorySegment values, long offset, long step, int count, float scale, long added) {
    SoftmaxRow.scaleAndAdd(values, offset, step, count, scale, added);
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
    return SoftmaxRow.exponentialsOfPanels(
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
    SoftmaxRow.scale(source, offset, step, count, factor, target, targetOffset);
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
    FewQueries.dots(
        query, queryOffset, headDim, keys, keyOffset, keyStride, count, target, targetOffset);
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
    FewQueries.weightedSum(
        weights, weightsOffset, count, values, offset, stride, columns, target, targetOffset);
  }
}
