// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention of a sequence, some heads in one native call. The {@link HeadProgram
 * calls} of a head are written down for each shape that comes, and made for one head after the
 * other. They are those that {@code backend.vector.attention.Attention} makes one by one, so
 * results are the same to the bit. One thread uses it at a time.
 *
 * <p>It serves where every query sees every key, heads are whole panels wide, and one head takes no
 * longer than a call may.
 */
public final class HeadCalls {
  /** Multiply-adds of one call, at most: some 50 µs. */
  private static final long MOST_WORK = 1 << 21;

  /** Shapes that are kept, a power of two. */
  static final int SHAPES = 64;

  private final HeadKernels kernels;
  private final FloatTiles.Form form;
  private final @Nullable HeadProgram[] programs = new HeadProgram[SHAPES];

  public HeadCalls(HeadKernels kernels) {
    this.kernels = kernels;
    form = kernels.tiles().form();
  }

  /** Whether it serves so many queries and keys. */
  public boolean serves(int queries, int keys, int headDim) {
    return queries > 0
        && queries <= HeadScratch.MOST_QUERIES
        && keys > 0
        && headDim % (2 * form.lanes()) == 0
        && Math.max(keys, headDim) <= form.distance()
        && work(queries, keys, headDim) <= MOST_WORK;
  }

  /**
   * Where the calls of a shape are kept: so many lengths in a row have places of their own, whether
   * queries and keys are the same, as they mostly are, or one query reads more and more keys.
   */
  static int place(int queries, int keys) {
    return (2 * queries + keys) & (SHAPES - 1);
  }

  private static long work(int queries, int keys, int headDim) {
    return 2L * queries * keys * headDim;
  }

  /** Bytes of scratch memory for so many keys, or as many as it serves. */
  public long bytes(int keys, int headDim) {
    int most = form.distance();
    return new HeadScratch(form, Math.min(keys, most), Math.min(headDim, most)).bytes();
  }

  /**
   * {@code out = softmax(q·kᵀ · scale)·v} of heads whose columns lie behind one another. All memory
   * is native.
   *
   * @param isPacked whether keys and values become panels first; if not, which is for few queries,
   *     sums are taken lane by lane
   * @param queryStride bytes from a row to the next, as the other strides
   * @param value in memory that is freed no earlier than the keys'
   * @param scratch at least {@link #bytes} from its offset on
   */
  public void attend(
      int heads,
      int headDim,
      int queries,
      int keys,
      float scale,
      boolean isPacked,
      MemorySegment query,
      long queryOffset,
      long queryStride,
      MemorySegment key,
      long keyOffset,
      long keyStride,
      MemorySegment value,
      long valueOffset,
      long valueStride,
      MemorySegment out,
      long outOffset,
      long outStride,
      MemorySegment scratch,
      long scratchOffset) {
    if (!serves(queries, keys, headDim) || (!isPacked && queries > HeadScratch.BLOCK)) {
      throw new IllegalArgumentException(
          queries + " queries and " + keys + " keys of " + headDim + " columns");
    }
    NativeCall.requireWritable(out);
    NativeCall.requireWritable(scratch);
    int place = place(queries, keys);
    HeadProgram program = programs[place];
    if (program == null
        || !program.is(
            headDim,
            queries,
            keys,
            scale,
            isPacked,
            queryStride,
            keyStride,
            valueStride,
            outStride)) {
      program =
          new HeadProgram(
              kernels,
              headDim,
              queries,
              keys,
              scale,
              isPacked,
              queryStride,
              keyStride,
              valueStride,
              outStride);
      programs[place] = program;
    }
    CallList calls = program.calls();
    long rowBytes = (long) heads * headDim * Float.BYTES;
    calls.base(HeadProgram.QUERY, rows(query, queryOffset, queries, queryStride, rowBytes));
    calls.base(HeadProgram.KEY, rows(key, keyOffset, keys, keyStride, rowBytes));
    calls.base(HeadProgram.VALUE, rows(value, valueOffset, keys, valueStride, rowBytes));
    calls.base(HeadProgram.OUT, rows(out, outOffset, queries, outStride, rowBytes));
    calls.base(HeadProgram.SCRATCH, rows(scratch, scratchOffset, 1, 0, program.scratchBytes()));
    int most = (int) Math.min(heads, MOST_WORK / work(queries, keys, headDim));
    calls.run(heads, most, scratch, scratchOffset, query, key, out);
  }

  private static long rows(
      MemorySegment memory, long offset, int rows, long stride, long rowBytes) {
    Objects.checkFromIndexSize(offset, (rows - 1) * stride + rowBytes, memory.byteSize());
    if (!memory.isNative()) {
      throw new IllegalArgumentException("an operand is no native memory");
    }
    return memory.address() + offset;
  }
}
