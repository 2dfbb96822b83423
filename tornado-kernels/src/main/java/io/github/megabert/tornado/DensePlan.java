// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.tornado.recording.IntegerBlock;
import java.util.Arrays;
import java.util.List;

/**
 * The groups of a layout with their integers, for later computations of the same lengths and mask.
 *
 * @param at where in its block the integers begin; the groups' indices depend on it
 * @param outRows rows of the output
 * @param keyRows rows of the key matrix
 */
record DensePlan(
    AttentionLayout layout,
    int at,
    int outRows,
    int keyRows,
    List<DenseGroup> groups,
    int[] integers) {
  /** Groups a layout and adds its integers to the block. */
  static DensePlan of(AttentionLayout layout, int outRows, int keyRows, IntegerBlock block) {
    int at = block.size();
    AttentionLayout own = copy(layout);
    List<DenseGroup> groups = DenseGroup.of(own, outRows, keyRows, block);
    return new DensePlan(own, at, outRows, keyRows, groups, block.from(at));
  }

  /** A caller may change its arrays after the computation. */
  private static AttentionLayout copy(AttentionLayout layout) {
    byte[] mask = layout.keyMask();
    return new AttentionLayout(
        layout.heads(),
        layout.headDim(),
        layout.causal(),
        layout.queryStart().clone(),
        layout.queryLength().clone(),
        layout.keyStart().clone(),
        layout.keyLength().clone(),
        mask == null ? null : mask.clone());
  }

  /** Whether this is the plan of a layout whose integers would begin at an index. */
  boolean serves(AttentionLayout other, int otherAt, int otherOutRows, int otherKeyRows) {
    return at == otherAt
        && outRows == otherOutRows
        && keyRows == otherKeyRows
        && layout.heads() == other.heads()
        && layout.headDim() == other.headDim()
        && layout.causal() == other.causal()
        && Arrays.equals(layout.queryStart(), other.queryStart())
        && Arrays.equals(layout.queryLength(), other.queryLength())
        && Arrays.equals(layout.keyStart(), other.keyStart())
        && Arrays.equals(layout.keyLength(), other.keyLength())
        && Arrays.equals(layout.keyMask(), other.keyMask());
  }
}
