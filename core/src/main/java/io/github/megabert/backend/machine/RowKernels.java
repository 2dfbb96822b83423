// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Kernels on rows of float32: what follows a product, LayerNorm, the parts of attention, and rows
 * moved. Each call takes many rows. They do the operations of the other forms in their order, so
 * they give the same bits.
 *
 * <p>A row of a "panelled" matrix lies in panels of two vectors, {@code step} bytes apart, the rows
 * of a panel behind one another; one panel's width apart means that a row lies in one piece.
 *
 * @param lanes floats of a vector, 8 or 16
 * @param constants what they compute with, a vector of each number
 * @param code the kernels, in the order of {@link Kernel}
 */
public record RowKernels(int lanes, MemorySegment constants, List<MemorySegment> code) {
  private static final MemorySegment NONE = MemorySegment.NULL;

  /** Floats of one call, at most: some 50 µs. */
  private static final int MOST_WORK = 1 << 16;

  /** The kernels, in the order of their code. */
  enum Kernel {
    BIAS,
    RESIDUAL,
    GELU,
    TANH,
    LAYER_NORM,
    SOFTMAX,
    SCALE,
    COPY,
    ADD,
    TRANSPOSE,
    DOTS,
    WEIGHTED_SUM,
    EMBED_F32,
    EMBED_F16,
    EMBED_BF16
  }

  /** How a table holds its numbers. */
  public enum Table {
    F32(4, Kernel.EMBED_F32),
    F16(2, Kernel.EMBED_F16),
    BF16(2, Kernel.EMBED_BF16);

    private final int bytes;
    private final Kernel kernel;

    Table(int bytes, Kernel kernel) {
      this.bytes = bytes;
      this.kernel = kernel;
    }

    /** Bytes of a number. */
    int bytes() {
      return bytes;
    }
  }

  static List<Assembler> code(int lanes, RowConstants constants) {
    int bits = lanes * Float.SIZE;
    return List.of(
        EpilogueCode.bias(bits),
        EpilogueCode.biasAndResidual(bits),
        EpilogueCode.biasAndGelu(bits, constants),
        EpilogueCode.biasAndTanh(bits, constants),
        LayerNormCode.write(bits),
        SoftmaxCode.write(bits),
        RowMoveCode.scale(bits),
        RowMoveCode.copy(bits),
        RowMoveCode.add(bits),
        RowMoveCode.transpose(bits),
        RowMoveCode.dots(bits),
        RowMoveCode.weightedSum(bits),
        RowMoveCode.embed(bits, Table.F32),
        RowMoveCode.embed(bits, Table.F16),
        RowMoveCode.embed(bits, Table.BF16));
  }

  static RowKernels load(CodeMemory memory, Arena arena, int lanes, RowConstants constants)
      throws MachineCodeException {
    List<byte[]> code = new ArrayList<>();
    code(lanes, constants).forEach(kernel -> code.add(kernel.bytes()));
    return new RowKernels(lanes, constants.write(arena, lanes), memory.load(arena, code));
  }

  /** What may follow a product and a bias. */
  public enum Epilogue {
    BIAS(Kernel.BIAS),
    RESIDUAL(Kernel.RESIDUAL),
    GELU(Kernel.GELU),
    TANH(Kernel.TANH);

    private final Kernel kernel;

    Epilogue(Kernel kernel) {
      this.kernel = kernel;
    }
  }

  /**
   * {@code target = f(sums + bias)}, or {@code (sums + bias) + residual}.
   *
   * @param sums a panel after the other, {@code sumsStep} bytes apart; in a panel a row after the
   *     other
   * @param residual read by {@link Epilogue#RESIDUAL} alone, at the target's offset; may be the
   *     target
   * @param stride bytes from a row of the target to the next
   */
  public void epilogue(
      Epilogue epilogue,
      int rows,
      int columns,
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment bias,
      long biasOffset,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      long stride) {
    if (rows == 0 || columns == 0) {
      return;
    }
    long rowBytes = (long) columns * Float.BYTES;
    checkPanels(sums, sumsOffset, rows, panelBytes(), columns, sumsStep);
    Objects.checkFromIndexSize(biasOffset, rowBytes, bias.byteSize());
    checkRows(target, offset, rows, stride, rowBytes);
    NativeCall.requireWritable(target);
    boolean isAdded = epilogue == Epilogue.RESIDUAL;
    if (isAdded) {
      checkRows(residual, offset, rows, stride, rowBytes);
    }
    int most = mostRows(columns);
    for (int row = 0; row < rows; row += most) {
      NativeCall.call(
          kernel(epilogue.kernel),
          sums,
          bias,
          target,
          columns,
          Math.min(most, rows - row),
          isAdded ? residual : constants,
          sumsStep,
          sumsOffset + row * panelBytes(),
          biasOffset,
          offset + row * stride,
          isAdded ? offset + row * stride : 0,
          isAdded ? stride : 0,
          stride,
          0);
    }
  }

  /** LayerNorm of rows that lie behind one another, at one offset in x and out. */
  public void layerNorm(
      int rows,
      int columns,
      MemorySegment x,
      MemorySegment weight,
      MemorySegment bias,
      float eps,
      MemorySegment out,
      long offset) {
    if (rows == 0 || columns == 0) {
      return;
    }
    long rowBytes = (long) columns * Float.BYTES;
    Objects.checkFromIndexSize(offset, rows * rowBytes, x.byteSize());
    Objects.checkFromIndexSize(offset, rows * rowBytes, out.byteSize());
    Objects.checkFromIndexSize(0, rowBytes, weight.byteSize());
    Objects.checkFromIndexSize(0, rowBytes, bias.byteSize());
    NativeCall.requireWritable(out);
    int most = mostRows(columns);
    for (int row = 0; row < rows; row += most) {
      long at = offset + row * rowBytes;
      NativeCall.call(
          kernel(Kernel.LAYER_NORM),
          x,
          weight,
          out,
          columns,
          Math.min(most, rows - row),
          bias,
          panelBytes(),
          at,
          0,
          at,
          0,
          rowBytes,
          rowBytes,
          Double.doubleToRawLongBits(eps));
    }
  }

  /**
   * {@code target = exp((scores - max) · scale)} and {@code inverses = 1 / Σ} of rows. The scale is
   * positive.
   *
   * @param columns of scores, at least 1
   * @param end columns of the target, zeros behind the scores'
   * @param scores in panels {@code step} bytes apart
   * @param stride bytes from a row of the scores to the next
   * @param target may be the scores where these are rows
   */
  public void softmax(
      int rows,
      int columns,
      int end,
      MemorySegment scores,
      long offset,
      long step,
      long stride,
      float scale,
      MemorySegment target,
      long targetOffset,
      long targetStride,
      MemorySegment inverses,
      long inversesOffset) {
    if (rows == 0) {
      return;
    }
    Objects.checkIndex(columns - 1, end);
    checkPanels(scores, offset, rows, stride, columns, step);
    checkRows(target, targetOffset, rows, targetStride, (long) end * Float.BYTES);
    Objects.checkFromIndexSize(inversesOffset, (long) rows * Float.BYTES, inverses.byteSize());
    NativeCall.requireWritable(target);
    int most = mostRows(columns);
    for (int row = 0; row < rows; row += most) {
      NativeCall.call(
          kernel(Kernel.SOFTMAX),
          scores,
          inverses,
          target,
          columns,
          Math.min(most, rows - row),
          constants,
          step,
          offset + row * stride,
          inversesOffset + (long) row * Float.BYTES,
          targetOffset + row * targetStride,
          end,
          stride,
          targetStride,
          Float.floatToRawIntBits(scale));
    }
  }

  /**
   * {@code target = source · (factors · factor)} of rows.
   *
   * @param source in panels {@code step} bytes apart
   * @param factors one a row
   */
  public void scale(
      int rows,
      int columns,
      MemorySegment source,
      long offset,
      long step,
      long stride,
      MemorySegment factors,
      long factorsOffset,
      float factor,
      MemorySegment target,
      long targetOffset,
      long targetStride) {
    if (rows == 0 || columns == 0) {
      return;
    }
    checkPanels(source, offset, rows, stride, columns, step);
    checkRows(target, targetOffset, rows, targetStride, (long) columns * Float.BYTES);
    Objects.checkFromIndexSize(factorsOffset, (long) rows * Float.BYTES, factors.byteSize());
    NativeCall.requireWritable(target);
    NativeCall.call(
        kernel(Kernel.SCALE),
        source,
        factors,
        target,
        columns,
        rows,
        NONE,
        step,
        offset,
        factorsOffset,
        targetOffset,
        0,
        stride,
        targetStride,
        Float.floatToRawIntBits(factor));
  }

  /** {@code target = source} of rows, each of which lies in one piece. */
  public void copy(
      int rows,
      int columns,
      MemorySegment source,
      long offset,
      long stride,
      MemorySegment target,
      long targetOffset,
      long targetStride) {
    move(Kernel.COPY, rows, columns, source, offset, stride, target, targetOffset, targetStride);
  }

  /** {@code target = target + source} of rows, each of which lies in one piece. */
  public void add(
      int rows,
      int columns,
      MemorySegment source,
      long offset,
      long stride,
      MemorySegment target,
      long targetOffset,
      long targetStride) {
    move(Kernel.ADD, rows, columns, source, offset, stride, target, targetOffset, targetStride);
  }

  private void move(
      Kernel kernel,
      int rows,
      int columns,
      MemorySegment source,
      long offset,
      long stride,
      MemorySegment target,
      long targetOffset,
      long targetStride) {
    if (rows == 0 || columns == 0) {
      return;
    }
    checkRows(source, offset, rows, stride, (long) columns * Float.BYTES);
    checkRows(target, targetOffset, rows, targetStride, (long) columns * Float.BYTES);
    NativeCall.requireWritable(target);
    int most = mostRows(columns);
    for (int row = 0; row < rows; row += most) {
      NativeCall.call(
          kernel(kernel),
          source,
          NONE,
          target,
          columns,
          Math.min(most, rows - row),
          NONE,
          panelBytes(),
          offset + row * stride,
          0,
          targetOffset + row * targetStride,
          0,
          stride,
          targetStride,
          0);
    }
  }

  /**
   * Writes a panel {@code [columns, panel]} whose columns are rows of the source.
   *
   * @param rows at most a panel's columns; those beyond become zero
   */
  public void transpose(
      int rows,
      int columns,
      MemorySegment source,
      long offset,
      long stride,
      MemorySegment panel,
      long panelOffset) {
    Objects.checkFromIndexSize(0, rows, 2 * lanes);
    if (rows == 0 || columns == 0) {
      return;
    }
    checkRows(source, offset, rows, stride, (long) columns * Float.BYTES);
    Objects.checkFromIndexSize(panelOffset, columns * panelBytes(), panel.byteSize());
    NativeCall.requireWritable(panel);
    NativeCall.call(
        kernel(Kernel.TRANSPOSE),
        source,
        NONE,
        panel,
        columns,
        rows,
        NONE,
        0,
        offset,
        0,
        panelOffset,
        0,
        stride,
        0,
        0);
  }

  /**
   * {@code target[j] = Σ row[d] · others[j, d]}; the columns are whole vectors.
   *
   * @param rows of the others, {@code stride} bytes apart
   */
  public void dots(
      int rows,
      int columns,
      MemorySegment row,
      long offset,
      MemorySegment others,
      long othersOffset,
      long stride,
      MemorySegment target,
      long targetOffset) {
    if (rows == 0) {
      return;
    }
    requireVectors(columns);
    long rowBytes = (long) columns * Float.BYTES;
    Objects.checkFromIndexSize(offset, rowBytes, row.byteSize());
    checkRows(others, othersOffset, rows, stride, rowBytes);
    Objects.checkFromIndexSize(targetOffset, (long) rows * Float.BYTES, target.byteSize());
    NativeCall.requireWritable(target);
    int most = mostRows(columns);
    for (int j = 0; j < rows; j += most) {
      NativeCall.call(
          kernel(Kernel.DOTS),
          row,
          others,
          target,
          columns,
          Math.min(most, rows - j),
          NONE,
          0,
          offset,
          othersOffset + j * stride,
          targetOffset + (long) j * Float.BYTES,
          0,
          stride,
          0,
          0);
    }
  }

  /** {@code target = Σ weights[j] · others[j]}, in the order of j. */
  public void weightedSum(
      int rows,
      int columns,
      MemorySegment weights,
      long offset,
      MemorySegment others,
      long othersOffset,
      long stride,
      MemorySegment target,
      long targetOffset) {
    if (rows == 0 || columns == 0) {
      throw new IllegalArgumentException("there is nothing to add up");
    }
    long rowBytes = (long) columns * Float.BYTES;
    Objects.checkFromIndexSize(offset, (long) rows * Float.BYTES, weights.byteSize());
    checkRows(others, othersOffset, rows, stride, rowBytes);
    Objects.checkFromIndexSize(targetOffset, rowBytes, target.byteSize());
    NativeCall.requireWritable(target);
    NativeCall.call(
        kernel(Kernel.WEIGHTED_SUM),
        weights,
        others,
        target,
        columns,
        rows,
        NONE,
        0,
        offset,
        othersOffset,
        targetOffset,
        0,
        stride,
        0,
        0);
  }

  /**
   * {@code out = (first + second) + third} of rows of whole vectors, each from a table.
   *
   * @param stride bytes from a row to the next of all three
   * @param out rows behind one another
   */
  public void embed(
      Table table,
      int count,
      int columns,
      MemorySegment rows,
      long first,
      long second,
      long third,
      long stride,
      MemorySegment out,
      long offset) {
    requireVectors(columns);
    if (count == 0) {
      return;
    }
    long rowBytes = (long) columns * table.bytes;
    long outBytes = (long) columns * Float.BYTES;
    checkRows(rows, first, count, stride, rowBytes);
    checkRows(rows, second, count, stride, rowBytes);
    checkRows(rows, third, count, stride, rowBytes);
    checkRows(out, offset, count, outBytes, outBytes);
    NativeCall.requireWritable(out);
    int most = mostRows(columns);
    for (int row = 0; row < count; row += most) {
      long from = row * stride;
      NativeCall.call(
          kernel(table.kernel),
          rows,
          rows,
          out,
          columns,
          Math.min(most, count - row),
          rows,
          0,
          first + from,
          second + from,
          offset + row * outBytes,
          third + from,
          stride,
          outBytes,
          0);
    }
  }

  /** Whether so many columns are whole vectors. */
  public boolean isVectors(int columns) {
    return columns > 0 && columns % lanes == 0;
  }

  private void requireVectors(int columns) {
    if (!isVectors(columns)) {
      throw new IllegalArgumentException(
          columns + " columns are not whole vectors of " + lanes + " floats");
    }
  }

  @SuppressWarnings("EnumOrdinal") // The order is that of the code.
  MemorySegment kernel(Kernel kernel) {
    return code.get(kernel.ordinal());
  }

  private long panelBytes() {
    return 2L * lanes * Float.BYTES;
  }

  private static int mostRows(int columns) {
    return Math.max(1, MOST_WORK / columns);
  }

  private static void checkRows(
      MemorySegment segment, long offset, int rows, long stride, long rowBytes) {
    Objects.checkFromIndexSize(offset, (rows - 1) * stride + rowBytes, segment.byteSize());
  }

  private void checkPanels(
      MemorySegment segment, long offset, int rows, long stride, int columns, long step) {
    int last = (columns - 1) / (2 * lanes);
    long behind = (columns - last * 2 * lanes) * (long) Float.BYTES;
    checkRows(segment, offset, rows, stride, last * step + behind);
  }
}
