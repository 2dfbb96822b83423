package io.github.megabert.backend.vector.warmup;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.PANEL;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.gemm.ByteRow;
import io.github.megabert.backend.vector.gemm.Expansion;
import io.github.megabert.backend.vector.gemm.NarrowWeights;
import io.github.megabert.backend.vector.gemm.PlainPanel;
import io.github.megabert.backend.vector.gemm.ReadAhead;
import io.github.megabert.backend.vector.gemm.StridedRows;
import io.github.megabert.backend.vector.rows.Activations;
import io.github.megabert.backend.vector.rows.Exponential;
import io.github.megabert.backend.vector.rows.LayerNormRow;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The kernels as loops over arrays, for the first moments of a process: interpreted, a vector
 * operation costs a microsecond, while these loops run at a fair speed within milliseconds. Every
 * number is computed by the same operations in the same order as in {@link VectorKernels}; sums
 * over a row keep one partial sum a lane. Operands are copied to arrays because access to a segment
 * is slow until C2 has compiled it.
 */
public final class PlainKernels implements Kernels {
  private static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(Lanes.ORDER);

  private static float[] read(MemorySegment segment, long offset, int count) {
    float[] values = new float[count];
    MemorySegment.copy(segment, FLOAT, offset, values, 0, count);
    return values;
  }

  /** Floats of panels that are {@code step} bytes apart. */
  private static float[] readPanels(MemorySegment segment, long offset, long step, int count) {
    float[] values = new float[count];
    long from = offset;
    for (int i = 0; i < count; i += PANEL) {
      MemorySegment.copy(segment, FLOAT, from, values, i, Math.min(PANEL, count - i));
      from += step;
    }
    return values;
  }

  private static void write(float[] values, MemorySegment segment, long offset) {
    MemorySegment.copy(values, 0, segment, FLOAT, offset, values.length);
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
    float[] operand = rows(x, xOffset, xStride, rows, 0, depth);
    multiply(rows, depth, operand, read(panel, panelOffset, depth * PANEL), c, cOffset);
  }

  private static void multiply(
      int rows, int depth, float[] operand, float[] weights, MemorySegment c, long cOffset) {
    float[] sums = new float[rows * PANEL];
    PlainPanel.multiply(rows, depth, operand, weights, sums);
    write(sums, c, cOffset);
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
    float[] operand = new float[rows * depth];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(x, xOffset + row * StridedRows.DISTANCE, operand, row * depth, depth);
    }
    float[] weights =
        precision == Precision.BF16
            ? bfloat16s(panel, panelOffset, depth)
            : read(panel, panelOffset, depth * PANEL);
    multiply(rows, depth, operand, weights, c, cOffset);
  }

  @Override
  public boolean areCompiled(int rows, Precision precision) {
    return false;
  }

  private static int[] words(MemorySegment segment, long offset, Precision precision, int rows) {
    int[] words = new int[Math.toIntExact(NarrowWeights.bytes(precision, rows) / 4)];
    MemorySegment.copy(segment, WORD, offset, words, 0, words.length);
    return words;
  }

  private static float[] rows(
      MemorySegment x, long offset, long stride, int rows, int from, int count) {
    float[] values = new float[rows * count];
    for (int r = 0; r < rows; r++) {
      long at = offset + r * stride + (long) from * Float.BYTES;
      MemorySegment.copy(x, FLOAT, at, values, r * count, count);
    }
    return values;
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
    float[] operand = rows(x, xOffset, xStride, rows, 0, depth);
    multiply(rows, depth, operand, bfloat16s(words, offset, depth), c, cOffset);
  }

  private static float[] bfloat16s(MemorySegment words, long offset, int rows) {
    int[] packed = words(words, offset, Precision.BF16, rows);
    float[] weights = new float[rows * PANEL];
    for (int i = 0; i < packed.length; i++) {
      Expansion.bfloat16s(packed[i], weights, i / COUNT * PANEL + i % COUNT);
    }
    return weights;
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
    byte[] packed = bytes(bytes, offset, depth);
    float[] factors = scales(scales, scaleOffset, depth);
    float[] result = new float[rows * PANEL];
    for (int k = 0; k < depth; k += NarrowWeights.GROUP) {
      int group = k / NarrowWeights.GROUP * PANEL;
      int end = Math.min(depth, k + NarrowWeights.GROUP);
      addGroup(packed, factors, group, rows(x, xOffset, xStride, rows, k, end - k), k, end, result);
    }
    write(result, c, cOffset);
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
    for (int p = 0; p < ByteRow.PANELS; p++) {
      bytePanel(
          1,
          depth,
          x,
          xOffset,
          0,
          bytes,
          offset + p * panelStep,
          scales,
          scaleOffset + p * scaleStep,
          MemorySegment.NULL,
          0,
          c,
          cOffset + (long) p * Lanes.PANEL_BYTES);
    }
  }

  private static byte[] bytes(MemorySegment bytes, long offset, int rows) {
    byte[] packed = new byte[rows * PANEL];
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, offset, packed, 0, packed.length);
    return packed;
  }

  private static float[] scales(MemorySegment scales, long offset, int rows) {
    return read(scales, offset, Math.ceilDiv(rows, NarrowWeights.GROUP) * PANEL);
  }

  /** Inputs {@code from} to {@code to - 1}. */
  private static void addGroup(
      byte[] packed, float[] factors, int group, float[] x, int from, int to, float[] result) {
    int count = to - from;
    float[] weights = new float[count * PANEL];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = packed[from * PANEL + i];
    }
    float[] sums = new float[result.length];
    PlainPanel.multiply(result.length / PANEL, count, x, weights, sums);
    for (int i = 0; i < sums.length; i++) {
      float factor = factors[group + i % PANEL];
      result[i] = from == 0 ? sums[i] * factor : Math.fma(sums[i], factor, result[i]);
    }
  }

  @Override
  public void expandHalves(
      MemorySegment words, long offset, int rows, MemorySegment panel, long panelOffset) {
    int[] packed = words(words, offset, Precision.F16, rows);
    float[] floats = new float[rows * PANEL];
    for (int i = 0; i < packed.length; i++) {
      Expansion.halves(packed[i], floats, i / COUNT * PANEL + i % COUNT);
    }
    write(floats, panel, panelOffset);
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
    byte[] packed = bytes(bytes, offset, rows);
    float[] factors = scales(scales, scaleOffset, rows);
    float[] weights = new float[packed.length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = packed[i] * factors[i / PANEL / NarrowWeights.GROUP * PANEL + i % PANEL];
    }
    write(weights, panel, panelOffset);
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
      float[] values = read(target, offset + r * stride, count);
      add(values, read(source, sourceOffset + r * sourceStride, count), values);
      write(values, target, offset + r * stride);
    }
  }

  private static void add(float[] left, float[] right, float[] out) {
    for (int i = 0; i < out.length; i++) {
      out[i] = left[i] + right[i];
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
    float[] values = readPanels(sums, sumsOffset, sumsStep, count);
    add(values, read(bias, biasOffset, count), values);
    Activations.apply(activation, values);
    write(values, target, offset);
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
    float[] values = readPanels(sums, sumsOffset, sumsStep, count);
    add(values, read(bias, biasOffset, count), values);
    add(values, read(residual, offset, count), values);
    write(values, target, offset);
  }

  @Override
  public void residual(
      MemorySegment sums,
      long sumsOffset,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      int count) {
    float[] values = read(sums, sumsOffset, count);
    add(values, read(residual, offset, count), values);
    write(values, target, offset);
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
    float[] values = read(x, offset, count);
    int even = count - count % (2 * COUNT);
    float[] evens = new float[COUNT];
    float[] odds = new float[COUNT];
    for (int i = 0; i < even; i += 2 * COUNT) {
      for (int l = 0; l < COUNT; l++) {
        evens[l] += values[i + l];
        odds[l] += values[i + COUNT + l];
      }
    }
    add(evens, odds, evens);
    double sum = Lanes.sum(evens);
    for (int i = even; i < count; i++) {
      sum += values[i];
    }
    float mean = (float) (sum / count);
    int whole = count - count % COUNT;
    float[] squareLanes = new float[COUNT];
    float[] restLanes = new float[COUNT];
    for (int i = 0; i < whole; i += COUNT) {
      for (int l = 0; l < COUNT; l++) {
        float difference = values[i + l] - mean;
        squareLanes[l] = Math.fma(difference, difference, squareLanes[l]);
        restLanes[l] += difference;
      }
    }
    double squares = Lanes.sum(squareLanes);
    double rest = Lanes.sum(restLanes);
    for (int i = whole; i < count; i++) {
      float difference = values[i] - mean;
      squares += (double) difference * difference;
      rest += difference;
    }
    float correction = LayerNormRow.correction(rest, count);
    float inverse = LayerNormRow.inverse(squares, rest, count, eps);
    float[] scale = read(weight, 0, count);
    float[] shift = read(bias, 0, count);
    for (int i = 0; i < count; i++) {
      values[i] = Math.fma((values[i] - mean - correction) * inverse, scale[i], shift[i]);
    }
    write(values, out, offset);
  }

  @Override
  public float max(MemorySegment values, long offset, long step, int count) {
    float max = Float.NEGATIVE_INFINITY;
    for (float value : readPanels(values, offset, step, count)) {
      max = Math.max(max, value);
    }
    return max;
  }

  @Override
  public void scaleAndAdd(
      MemorySegment values, long offset, long step, int count, float scale, long added) {
    float[] row = readPanels(values, offset, step, count);
    float[] terms = read(values, added, count);
    for (int i = 0; i < count; i++) {
      row[i] = Math.fma(row[i], scale, terms[i]);
    }
    long to = offset;
    for (int i = 0; i < count; i += PANEL) {
      MemorySegment.copy(row, i, values, FLOAT, to, Math.min(PANEL, count - i));
      to += step;
    }
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
    float[] row = read(values, offset, count);
    float sum = exponentials(row, max, scale);
    if (store) {
      write(row, values, offset);
    }
    return sum;
  }

  private static float exponentials(float[] row, float max, float scale) {
    float shift = -max * scale;
    float[] sums = new float[COUNT];
    int whole = row.length - row.length % COUNT;
    for (int i = 0; i < row.length; i++) {
      row[i] = Exponential.of(Math.fma(row[i], scale, shift));
    }
    for (int i = 0; i < whole; i++) {
      sums[i % COUNT] += row[i];
    }
    float sum = Lanes.sum(sums);
    for (int i = whole; i < row.length; i++) {
      sum += row[i];
    }
    return sum;
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
    float[] row = readPanels(values, offset, step, count);
    float sum = exponentials(row, max, scale);
    System.arraycopy(row, 0, target, at, count);
    return sum;
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
    float[] row = readPanels(source, offset, step, count);
    for (int i = 0; i < count; i++) {
      row[i] *= factor;
    }
    write(row, target, targetOffset);
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
    float[] row = read(query, queryOffset, headDim);
    float[] results = new float[count];
    int whole = headDim - headDim % COUNT;
    for (int j = 0; j < count; j++) {
      float[] key = read(keys, keyOffset + j * keyStride, headDim);
      float[] sums = new float[COUNT];
      for (int d = 0; d < whole; d++) {
        sums[d % COUNT] = Math.fma(row[d], key[d], sums[d % COUNT]);
      }
      for (int half = COUNT / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) {
          sums[i] += sums[i + half];
        }
      }
      float sum = sums[0];
      for (int d = whole; d < headDim; d++) {
        sum = Math.fma(row[d], key[d], sum);
      }
      results[j] = sum;
    }
    write(results, target, targetOffset);
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
    float[] factors = read(weights, weightsOffset, count);
    float[] sums = new float[columns];
    for (int j = 0; j < count; j++) {
      float[] row = read(values, offset + j * stride, columns);
      for (int n = 0; n < columns; n++) {
        sums[n] = Math.fma(factors[j], row[n], sums[n]);
      }
    }
    write(sums, target, targetOffset);
  }
}
