package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * The two products of attention for one query, over keys and values as they lie in their matrices.
 * Packing them first pays only where several queries share them, which in decoding they do not.
 */
public final class FewQueries {
  private static final VectorShuffle<Float> BY_8 = rotation(8);
  private static final VectorShuffle<Float> BY_4 = rotation(4);
  private static final VectorShuffle<Float> BY_2 = rotation(2);
  private static final VectorShuffle<Float> BY_1 = rotation(1);

  private FewQueries() {}

  private static VectorShuffle<Float> rotation(int lanes) {
    return VectorShuffle.fromOp(SPECIES, i -> (i + lanes) % COUNT);
  }

  /**
   * {@code target[j] = Σ query[d] · keys[j, d]}, summed by lanes. The lanes are added up in
   * registers, the one half to the other until one is left: by way of the memory, as {@link
   * Lanes#sum(MemorySegment, long)} does it, decoding was no faster than with packed keys.
   */
  public static void dots(
      MemorySegment query,
      long queryOffset,
      int headDim,
      MemorySegment keys,
      long keyOffset,
      long keyStride,
      int count,
      MemorySegment target,
      long targetOffset) {
    for (int j = 0; j < count; j++) {
      long key = keyOffset + j * keyStride;
      FloatVector sums = FloatVector.zero(SPECIES);
      int d = 0;
      for (; d <= headDim - COUNT; d += COUNT) {
        long step = (long) d * Float.BYTES;
        sums =
            FloatVector.fromMemorySegment(SPECIES, query, queryOffset + step, ORDER)
                .fma(FloatVector.fromMemorySegment(SPECIES, keys, key + step, ORDER), sums);
      }
      // Zero is a vector whose class C2 knows, as a receiver has to be.
      FloatVector folded = FloatVector.zero(SPECIES).add(sums);
      if (COUNT >= 16) {
        folded = folded.rearrange(BY_8).add(folded);
      }
      if (COUNT >= 8) {
        folded = folded.rearrange(BY_4).add(folded);
      }
      folded = folded.rearrange(BY_2).add(folded);
      folded = folded.rearrange(BY_1).add(folded);
      float sum = folded.lane(0);
      for (; d < headDim; d++) {
        long step = (long) d * Float.BYTES;
        sum = Math.fma(query.get(FLOAT, queryOffset + step), keys.get(FLOAT, key + step), sum);
      }
      target.set(FLOAT, targetOffset + (long) j * Float.BYTES, sum);
    }
  }

  /** {@code target[n] = Σ weights[j] · values[j, n]}, in the order of j. */
  public static void weightedSum(
      MemorySegment weights,
      long weightsOffset,
      int count,
      MemorySegment values,
      long offset,
      long stride,
      int columns,
      MemorySegment target,
      long targetOffset) {
    int column = 0;
    for (; column <= columns - 2 * COUNT; column += 2 * COUNT) {
      long step = (long) column * Float.BYTES;
      twoVectors(
          weights,
          weightsOffset,
          count,
          values,
          offset + step,
          stride,
          target,
          targetOffset + step);
    }
    for (; column < columns; column++) {
      long step = (long) column * Float.BYTES;
      float sum = 0;
      for (int j = 0; j < count; j++) {
        float weight = weights.get(FLOAT, weightsOffset + (long) j * Float.BYTES);
        sum = Math.fma(weight, values.get(FLOAT, offset + step + j * stride), sum);
      }
      target.set(FLOAT, targetOffset + step, sum);
    }
  }

  private static void twoVectors(
      MemorySegment weights,
      long weightsOffset,
      int count,
      MemorySegment values,
      long offset,
      long stride,
      MemorySegment target,
      long targetOffset) {
    FloatVector low = FloatVector.zero(SPECIES);
    FloatVector high = FloatVector.zero(SPECIES);
    for (int j = 0; j < count; j++) {
      long at = offset + j * stride;
      float weight = weights.get(FLOAT, weightsOffset + (long) j * Float.BYTES);
      FloatVector w = FloatVector.broadcast(SPECIES, weight);
      low = w.fma(FloatVector.fromMemorySegment(SPECIES, values, at, ORDER), low);
      high = w.fma(FloatVector.fromMemorySegment(SPECIES, values, at + VECTOR_BYTES, ORDER), high);
    }
    low.intoMemorySegment(target, targetOffset, ORDER);
    high.intoMemorySegment(target, targetOffset + VECTOR_BYTES, ORDER);
  }
}
