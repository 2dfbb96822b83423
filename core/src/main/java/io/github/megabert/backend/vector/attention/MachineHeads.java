// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.machine.HeadCalls;
import io.github.megabert.backend.machine.HeadKernels;
import io.github.megabert.backend.machine.MachineCode;
import io.github.megabert.backend.vector.gemm.Gemm;
import io.github.megabert.backend.vector.gemm.MachineTiles;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Attention of short sequences without masks in machine code, several heads a call; see {@link
 * HeadCalls}. It gives the bits of the other way.
 */
final class MachineHeads {
  /** Made when they are first asked for. */
  private static final class Holder {
    static final @Nullable HeadKernels KERNELS =
        MachineCode.headKernels(MachineRows.get(Forms.WARMING), MachineTiles.get(Forms.WARMING));
  }

  /** For each slot; none where there is no machine code or one of the other forms is asked for. */
  private final HeadCalls[] calls;

  private AttentionLayout layout = AttentionLayout.self(0, 0, false, new int[1], null);
  private boolean serves;

  MachineHeads(Forms forms, int slots) {
    HeadKernels kernels = forms == Forms.WARMING ? Holder.KERNELS : null;
    calls = new HeadCalls[kernels == null ? 0 : slots];
    if (kernels != null) {
      for (int slot = 0; slot < slots; slot++) {
        calls[slot] = new HeadCalls(kernels);
      }
    }
  }

  /**
   * Begins an operation.
   *
   * @param isPlain whether there is no dropout and nobody wants the probabilities
   */
  void begin(
      AttentionLayout operation,
      boolean isPlain,
      HeadColumns queries,
      HeadColumns keys,
      HeadColumns values,
      MemorySegment out) {
    layout = operation;
    serves =
        calls.length > 0
            && isPlain
            && operation.keyMask() == null
            && queries.segment().isNative()
            && keys.segment().isNative()
            && values.segment().isNative()
            && out.isNative()
            // What is held for a call.
            && values.segment().scope().equals(keys.segment().scope());
  }

  /** Scratch memory of a slot for so many keys. */
  long bytes(int keys, int headDim) {
    return serves ? calls[0].bytes(keys, headDim) : 0;
  }

  /**
   * Whether it serves so many queries of a sequence: each has to see every key, and no sum is taken
   * in blocks.
   */
  boolean serves(int b, int queryCount) {
    boolean isWhole = !layout.causal() || layout.queryLength()[b] == 1;
    int longestSum = Math.max(layout.keyLength()[b], layout.headDim());
    return serves
        && isWhole
        && longestSum <= Gemm.DEPTH
        && calls[0].serves(queryCount, layout.keyLength()[b], layout.headDim());
  }

  /** Heads of some queries of a sequence. */
  void attend(
      int slot,
      int b,
      int firstHead,
      int endHead,
      int from,
      int to,
      float scale,
      boolean isPacked,
      HeadColumns queries,
      HeadColumns keys,
      HeadColumns values,
      MemorySegment out,
      MemorySegment scratch,
      long scratchAt) {
    int headDim = layout.headDim();
    int column = firstHead * headDim;
    long outStride = (long) layout.heads() * headDim * Float.BYTES;
    int row = layout.queryStart()[b] + from;
    int keyRow = layout.keyStart()[b];
    calls[slot].attend(
        endHead - firstHead,
        headDim,
        to - from,
        layout.keyLength()[b],
        scale,
        isPacked,
        queries.segment(),
        queries.at(row, column),
        queries.stride(),
        keys.segment(),
        keys.at(keyRow, column),
        keys.stride(),
        values.segment(),
        values.at(keyRow, column),
        values.stride(),
        out,
        row * outStride + (long) column * Float.BYTES,
        outStride,
        scratch,
        scratchAt);
  }
}
