// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.MemorySegment;

/** The calls that one head needs, for operands of one shape. */
final class HeadProgram {
  // Bases of the calls. All but the scratch memory move to the next head.
  private static final int NONE = 0;
  static final int QUERY = 1;
  static final int KEY = 2;
  static final int VALUE = 3;
  static final int OUT = 4;
  static final int SCRATCH = 5;

  private static final int BLOCK = HeadScratch.BLOCK;
  private static final int ONE = Float.floatToRawIntBits(1);

  private final HeadKernels kernels;
  private final FloatTiles.Form form;
  private final CallList calls;
  private final HeadScratch scratch;
  private final int headDim;
  private final int queries;
  private final int keys;
  private final float scale;
  private final boolean isPacked;
  private final long queryStride;
  private final long keyStride;
  private final long valueStride;
  private final long outStride;

  private final int panel;
  private final long panelBytes;
  private final long blockBytes;
  private final long scratchBytes;

  /** As {@link HeadCalls#attend} says. */
  HeadProgram(
      HeadKernels kernels,
      int headDim,
      int queries,
      int keys,
      float scale,
      boolean isPacked,
      long queryStride,
      long keyStride,
      long valueStride,
      long outStride) {
    this.kernels = kernels;
    this.headDim = headDim;
    this.queries = queries;
    this.keys = keys;
    this.scale = scale;
    this.isPacked = isPacked;
    this.queryStride = queryStride;
    this.keyStride = keyStride;
    this.valueStride = valueStride;
    this.outStride = outStride;
    form = kernels.tiles().form();
    scratch = new HeadScratch(form, keys, headDim);
    scratchBytes = scratch.bytes();
    panelBytes = form.panelBytes();
    panel = 2 * form.lanes();
    blockBytes = BLOCK * panelBytes;
    calls = new CallList(kernels.maker());
    for (int base = QUERY; base <= OUT; base++) {
      calls.step(base, (long) headDim * Float.BYTES);
    }
    if (isPacked) {
      packed();
    } else {
      rowByRow();
    }
  }

  /** Whether it is for this shape; takes no object, as it is asked at every call. */
  boolean is(
      int columns,
      int queryCount,
      int keyCount,
      float factor,
      boolean packed,
      long queryBytes,
      long keyBytes,
      long valueBytes,
      long outBytes) {
    return headDim == columns
        && queries == queryCount
        && keys == keyCount
        && scale == factor
        && isPacked == packed
        && queryStride == queryBytes
        && keyStride == keyBytes
        && valueStride == valueBytes
        && outStride == outBytes;
  }

  CallList calls() {
    return calls;
  }

  long scratchBytes() {
    return scratchBytes;
  }

  private void packed() {
    for (int key = 0; key < keys; key += panel) {
      transposeKeys(key, Math.min(panel, keys - key));
    }
    for (int column = 0; column < headDim; column += panel) {
      long from = (long) column * Float.BYTES;
      copy(VALUE, from, valueStride, keys, panel, scratch.valuePanel(column), panelBytes);
    }
    for (int row = 0; row < queries; row += BLOCK) {
      int rows = Math.min(BLOCK, queries - row);
      long from = row * queryStride;
      copy(QUERY, from, queryStride, rows, headDim, scratch.queryRows(), scratch.distance());
      for (int key = 0; key < keys; key += panel) {
        long scores = scratch.scores() + key / panel * blockBytes;
        multiply(rows, headDim, scratch.queryRows(), scratch.keyPanel(key), scores);
      }
      softmax(rows, blockBytes, panelBytes, scratch.weightRows(), scratch.distance());
      for (int column = 0; column < headDim; column += panel) {
        long results = scratch.results() + column / panel * blockBytes;
        multiply(rows, keys, scratch.weightRows(), scratch.valuePanel(column), results);
      }
      scale(rows, blockBytes, panelBytes, row * outStride);
    }
  }

  private void rowByRow() {
    long scoreBytes = scratch.scoreBytes();
    long resultBytes = (long) headDim * Float.BYTES;
    for (int row = 0; row < queries; row++) {
      dots(row * queryStride, scratch.scores() + row * scoreBytes);
    }
    softmax(queries, panelBytes, scoreBytes, scratch.scores(), scoreBytes);
    for (int row = 0; row < queries; row++) {
      weightedSum(scratch.scores() + row * scoreBytes, scratch.results() + row * resultBytes);
    }
    scale(queries, panelBytes, resultBytes, 0);
  }

  // The calls, as RowKernels and FloatTiles make them.

  private void transposeKeys(int key, int count) {
    call(
        RowKernels.Kernel.TRANSPOSE,
        KEY,
        key * keyStride,
        NONE,
        0,
        SCRATCH,
        scratch.keyPanel(key),
        headDim,
        count,
        0,
        0,
        keyStride,
        0,
        0);
  }

  private void copy(
      int source, long from, long stride, int rows, int columns, long to, long toStride) {
    call(
        RowKernels.Kernel.COPY,
        source,
        from,
        NONE,
        0,
        SCRATCH,
        to,
        columns,
        rows,
        panelBytes,
        0,
        stride,
        toStride,
        0);
  }

  private void softmax(int rows, long step, long stride, long weights, long weightsStride) {
    call(
        RowKernels.Kernel.SOFTMAX,
        SCRATCH,
        scratch.scores(),
        SCRATCH,
        scratch.inverses(),
        SCRATCH,
        weights,
        keys,
        rows,
        step,
        keys,
        stride,
        weightsStride,
        Float.floatToRawIntBits(scale));
  }

  private void scale(int rows, long step, long stride, long to) {
    call(
        RowKernels.Kernel.SCALE,
        SCRATCH,
        scratch.results(),
        SCRATCH,
        scratch.inverses(),
        OUT,
        to,
        headDim,
        rows,
        step,
        0,
        stride,
        outStride,
        ONE);
  }

  private void dots(long query, long scores) {
    call(
        RowKernels.Kernel.DOTS,
        QUERY,
        query,
        KEY,
        0,
        SCRATCH,
        scores,
        headDim,
        keys,
        0,
        0,
        keyStride,
        0,
        0);
  }

  private void weightedSum(long weights, long results) {
    call(
        RowKernels.Kernel.WEIGHTED_SUM,
        SCRATCH,
        weights,
        VALUE,
        0,
        SCRATCH,
        results,
        headDim,
        keys,
        0,
        0,
        valueStride,
        0,
        0);
  }

  private void call(
      RowKernels.Kernel kernel,
      int aBase,
      long a,
      int bBase,
      long b,
      int cBase,
      long c,
      int columns,
      int rows,
      long step,
      long end,
      long stride,
      long cStride,
      int number) {
    long code = kernels.address(kernels.rows().kernel(kernel));
    long ahead = kernels.rows().constants().address();
    calls.add(
        code, aBase, a, bBase, b, cBase, c, columns, rows, ahead, step, end, stride, cStride,
        number);
  }

  /** {@code c = rows·panel}, in tiles whose heights differ by one at most. */
  private void multiply(int rows, int depth, long rowsAt, long panelAt, long c) {
    int height = form.height(rows);
    int highest = form.highest(rows);
    int others = form.tiles(rows) - highest;
    tiles(height, highest, depth, rowsAt, panelAt, c);
    if (others > 0) {
      long row = (long) highest * height;
      long from = rowsAt + row * scratch.distance();
      tiles(height - 1, others, depth, from, panelAt, c + row * panelBytes);
    }
  }

  private void tiles(int height, int count, int depth, long rowsAt, long panelAt, long c) {
    MemorySegment code = kernels.tiles().strided().get(height - form.low());
    long ahead = kernels.rows().constants().address();
    calls.add(
        kernels.address(code),
        SCRATCH,
        rowsAt,
        SCRATCH,
        panelAt,
        SCRATCH,
        c,
        depth,
        count,
        ahead,
        0,
        0,
        0,
        0,
        0);
  }
}
