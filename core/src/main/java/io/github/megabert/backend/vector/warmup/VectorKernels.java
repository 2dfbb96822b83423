package io.github.megabert.backend.vector.warmup;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.attention.FewQueries;
import io.github.megabert.backend.vector.gemm.BFloat16Tiles;
import io.github.megabert.backend.vector.gemm.ByteRow;
import io.github.megabert.backend.vector.gemm.ByteTiles;
import io.github.megabert.backend.vector.gemm.Expansion;
import io.github.megabert.backend.vector.gemm.NarrowWeights;
import io.github.megabert.backend.vector.gemm.ReadAhead;
import io.github.megabert.backend.vector.gemm.RowTiles;
import io.github.megabert.backend.vector.gemm.StridedTiles;
import io.github.megabert.backend.vector.rows.Activations;
import io.github.megabert.backend.vector.rows.LayerNormRow;
import io.github.megabert.backend.vector.rows.RowSums;
import io.github.megabert.backend.vector.rows.SoftmaxRow;
import java.lang.foreign.MemorySegment;

/** The kernels on the Vector API. */
public final class VectorKernels implements Kernels {
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
    RowTiles.multiply(
        rows, depth, x, xOffset, xStride, panel, panelOffset, c, cOffset, Lanes.PANEL_BYTES);
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
    BFloat16Tiles.multiply(
        rows, depth, x, xOffset, xStride, words, offset, c, cOffset, Lanes.PANEL_BYTES);
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
    for (int k = 0; k < depth; k += NarrowWeights.GROUP) {
      int count = Math.min(NarrowWeights.GROUP, depth - k);
      long groupX = xOffset + (long) k * Float.BYTES;
      long group = offset + NarrowWeights.bytes(Precision.INT8, k);
      ByteTiles.multiply(
          rows, count, x, groupX, xStride, bytes, group, sums, sumsOffset, Lanes.PANEL_BYTES);
      long groupScales = scaleOffset + (long) (k / NarrowWeights.GROUP) * Lanes.PANEL_BYTES;
      RowSums.addScaled(rows, k == 0, sums, sumsOffset, scales, groupScales, c, cOffset);
    }
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
    ByteRow.multiply(
        depth, x, xOffset, bytes, offset, panelStep, scales, scaleOffset, scaleStep, c, cOffset);
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
    StridedTiles.multiply(
        x,
        xOffset,
        rows,
        depth,
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

  @Override
  public boolean areCompiled(int rows, Precision precision) {
    return true;
  }

  @Override
  public void expandHalves(
      MemorySegment words, long offset, int rows, MemorySegment panel, long panelOffset) {
    Expansion.halves(words, offset, rows, panel, panelOffset);
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
    for (int k = 0; k < rows; k += NarrowWeights.GROUP) {
      Expansion.bytes(
          bytes,
          offset + NarrowWeights.bytes(Precision.INT8, k),
          Math.min(NarrowWeights.GROUP, rows - k),
          scales,
          scaleOffset + (long) (k / NarrowWeights.GROUP) * Lanes.PANEL_BYTES,
          panel,
          panelOffset + (long) k * Lanes.PANEL_BYTES);
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
      RowSums.add(source, sourceOffset + r * sourceStride, target, offset + r * stride, count);
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
    RowSums.addBias(sums, sumsOffset, sumsStep, target, offset, bias, biasOffset, count);
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
    RowSums.addBiasAndResidual(
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
    RowSums.addResidual(sums, sumsOffset, residual, target, offset, count);
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
