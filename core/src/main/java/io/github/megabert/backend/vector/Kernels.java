package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import java.lang.foreign.MemorySegment;

/**
 * The inner loops of every operation. There are two sets that agree to the bit: {@link
 * VectorKernels}, and {@link PlainKernels} for as long as the JVM has not compiled the former
 * ({@link WarmUp}).
 */
interface Kernels {
  /**
   * Multiplies rows by a panel: {@code c[r, n] = Σ x[r, k] · panel[k, n]}.
   *
   * @param rows rows of x and of c
   * @param depth number of k
   * @param xOffset bytes from the start of x to its first element
   * @param xStride bytes from a row of x to the next
   * @param panel rows of {@link Lanes#PANEL} floats
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
      long cOffset,
      long cStride);

  /**
   * Expands rows of narrow weights to a panel of float32.
   *
   * @param precision BF16, F16 or INT8
   * @param scales INT8: one row of {@link Lanes#PANEL} floats a group of {@link
   *     NarrowWeights#GROUP}
   * @param rows even for INT8, or the panel has room for one more
   */
  void expand(
      Precision precision,
      MemorySegment words,
      long offset,
      MemorySegment scales,
      long scaleOffset,
      int rows,
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

  /** {@code target = activation(target + bias)} for {@code count} floats. */
  void biasAndActivation(
      Activation activation,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count);

  /** {@code target = (sums + bias) + residual}; sums, residual and target begin at one offset. */
  void biasAndResidual(
      MemorySegment sums,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count);

  /** {@code target = sums + residual}, all beginning at one offset. */
  void residual(
      MemorySegment sums, MemorySegment residual, MemorySegment target, long offset, int count);

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

  /** The largest of {@code count} numbers, NaN if one is NaN, -∞ if there is none. */
  float max(MemorySegment values, long offset, int count);

  /** {@code values = values · scale + added}; both lie in one segment. */
  void scaleAndAdd(MemorySegment values, long offset, int count, float scale, long added);

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

  /** {@code target = source · factor}. */
  void scale(
      MemorySegment source,
      long offset,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset);
}
