package io.github.megabert.backend.vector.warmup;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.gemm.ByteRow;
import io.github.megabert.backend.vector.gemm.NarrowWeights;
import io.github.megabert.backend.vector.gemm.ReadAhead;
import io.github.megabert.backend.vector.gemm.RowTiles;
import io.github.megabert.backend.vector.gemm.StridedRows;
import java.lang.foreign.MemorySegment;

/**
 * The inner loops of every operation. There are two sets that agree to the bit: {@link
 * VectorKernels}, and {@link PlainKernels} for as long as the JVM has not compiled the former
 * ({@link WarmUp}).
 */
public interface Kernels {
  /**
   * Multiplies rows by a panel: {@code c[r, n] = Σ x[r, k] · panel[k, n]}.
   *
   * @param rows rows of x and of c, at most {@link RowTiles#MAX_ROWS}
   * @param depth number of k
   * @param xOffset bytes from the start of x to its first element
   * @param xStride bytes from a row of x to the next
   * @param panel rows of {@link Lanes#PANEL} floats
   * @param c {@code [rows, PANEL]}
   */
  void panel(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment panel,
      long panelOffset,
      MemorySegment c,
      long cOffset);

  /**
   * As {@link #panel}, of weights in bfloat16.
   *
   * @param words as {@link NarrowWeights} lays them out; {@code offset} is that of the first row
   */
  void bfloat16Panel(
      int rows,
      int depth,
      MemorySegment x,
      long xOffset,
      long xStride,
      MemorySegment words,
      long offset,
      MemorySegment c,
      long cOffset);

  /**
   * As {@link #panel}, of weights in 8 bits: {@code c[r, n] = Σ scale[group, n] · Σ x[r, k] · q[k,
   * n]}, the inner sum over the k of a group.
   *
   * @param bytes as {@link NarrowWeights} lays them out; {@code offset} is that of a group's first
   *     row
   * @param scales one row of {@link Lanes#PANEL} floats a group of {@link NarrowWeights#GROUP}
   * @param sums memory for {@code rows} rows of {@link Lanes#PANEL} floats, at {@code sumsOffset}
   */
  void bytePanel(
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
      long cOffset);

  /**
   * As {@link #bytePanel}, of one row and {@value ByteRow#PANELS} panels.
   *
   * @param panelStep bytes from a panel to the next
   * @param scaleStep bytes from a panel's scales to those of the next
   * @param c {@code [PANELS, PANEL]}
   */
  void bytePanels(
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
      long cOffset);

  /**
   * As {@link #panel}, of any number of {@link StridedRows strided} rows.
   *
   * @param xOffset where {@code x} has the first row's first k
   * @param precision F32 or BF16: how the panel holds its numbers
   * @param ahead where the weights lie that come next, {@code aheadBytes} of them from {@code
   *     aheadOffset} on, a multiple of the depth
   * @param way how they are brought into the cache meanwhile
   * @param c {@code [rows, PANEL]}, and behind it the rows that tiles have more, of which the
   *     contents are undefined
   */
  void stridedPanel(
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
      long cOffset);

  /**
   * Whether what multiplies so many rows by packed weights is compiled: only then does reading
   * ahead help, and can its ways be compared.
   */
  boolean areCompiled(int rows, Precision precision);

  /** Expands rows of binary16, laid out as {@link NarrowWeights} says, to a panel of float32. */
  void expandHalves(
      MemorySegment words, long offset, int rows, MemorySegment panel, long panelOffset);

  /**
   * Expands rows of weights in 8 bits, times their scales.
   *
   * @param offset that of a group's first row
   * @param scales one row of {@link Lanes#PANEL} floats a group of {@link NarrowWeights#GROUP}
   */
  void expandBytes(
      MemorySegment bytes,
      long offset,
      int rows,
      MemorySegment scales,
      long scaleOffset,
      MemorySegment panel,
      long panelOffset);

  /** {@code target += source} for {@code rows} rows of {@code count} floats; strides in bytes. */
  void addRows(
      int rows,
      int count,
      MemorySegment source,
      long sourceOffset,
      long sourceStride,
      MemorySegment target,
      long offset,
      long stride);

  /**
   * {@code target = activation(sums + bias)} of {@code count} floats; target may be sums, at the
   * same offset.
   *
   * @param sumsStep bytes from the sums of a panel's columns to those of the next
   */
  void biasAndActivation(
      Activation activation,
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count);

  /**
   * {@code target = (sums + bias) + residual}; residual and target begin at one offset and may be
   * the same.
   *
   * @param sumsStep bytes from the sums of a panel's columns to those of the next
   */
  void biasAndResidual(
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count);

  /** {@code target = sums + residual}, likewise. */
  void residual(
      MemorySegment sums,
      long sumsOffset,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      int count);

  /**
   * LayerNorm of one row of {@code count} floats.
   *
   * @param lanes memory for two vectors, at {@code lane}
   */
  void layerNorm(
      MemorySegment x,
      MemorySegment out,
      long offset,
      MemorySegment weight,
      MemorySegment bias,
      int count,
      float eps,
      MemorySegment lanes,
      long lane);

  /**
   * The largest of {@code count} numbers, -∞ if there is none, any if one is NaN.
   *
   * @param step bytes from a panel's numbers to those of the next; {@link Lanes#PANEL_BYTES} where
   *     all lie together
   */
  float max(MemorySegment values, long offset, long step, int count);

  /**
   * {@code values = values · scale + added}; both lie in one segment.
   *
   * @param step bytes from a panel's values to those of the next
   */
  void scaleAndAdd(
      MemorySegment values, long offset, long step, int count, float scale, long added);

  /**
   * The sum of {@code exp((x - max) · scale)}; with {@code store} the terms replace x.
   *
   * @param lanes memory for one vector, at {@code lane}
   */
  float exponentials(
      MemorySegment values,
      long offset,
      int count,
      float max,
      float scale,
      boolean store,
      MemorySegment lanes,
      long lane);

  /**
   * {@code exp((x - max) · scale)} of numbers in panels, and the sum.
   *
   * @param step bytes from a panel's numbers to those of the next
   * @param target takes the terms, from {@code at} on
   * @param lanes memory for one vector, at {@code lane}
   */
  float exponentialsOfPanels(
      MemorySegment values,
      long offset,
      long step,
      int count,
      float max,
      float scale,
      float[] target,
      int at,
      MemorySegment lanes,
      long lane);

  /**
   * {@code target = source · factor}.
   *
   * @param step bytes from a panel's numbers to those of the next
   */
  void scale(
      MemorySegment source,
      long offset,
      long step,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset);

  /**
   * A query's product with keys: {@code target[j] = Σ query[d] · keys[j, d]}.
   *
   * @param keyStride bytes from a key to the next
   * @param count keys
   */
  void dots(
      MemorySegment query,
      long queryOffset,
      int headDim,
      MemorySegment keys,
      long keyOffset,
      long keyStride,
      int count,
      MemorySegment target,
      long targetOffset);

  /**
   * {@code target[n] = Σ weights[j] · values[j, n]} for {@code columns} n.
   *
   * @param count weights, and rows of values, {@code stride} bytes apart
   */
  void weightedSum(
      MemorySegment weights,
      long weightsOffset,
      int count,
      MemorySegment values,
      long offset,
      long stride,
      int columns,
      MemorySegment target,
      long targetOffset);

  /** A large model is being loaded: what it will need may be made ready. */
  default void anticipate(Precision precision) {}

  /** Waits, some seconds at most, until what was anticipated is ready. */
  default void awaitAnticipated() {}
}
