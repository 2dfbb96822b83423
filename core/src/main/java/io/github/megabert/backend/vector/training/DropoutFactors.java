// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.DropoutMask;
import io.github.megabert.backend.Philox;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The factors of a {@link DropoutMask}, 0 or its scale, of consecutive positions.
 *
 * <p>A lane of 64 bits computes a block of {@link Philox}. Blocks lie in the lanes so that
 * exchanging neighbours brings the words into the order of positions: lane 2j has block j of a
 * group, lane 2j + 1 block j + half.
 */
public final class DropoutFactors extends Kernel {
  /** The kernel. */
  public static final DropoutFactors KERNEL = new DropoutFactors();

  private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;

  /** Blocks of four factors that are made at once. */
  private static final int GROUP = LONGS.length();

  /** Floats that {@link #write} may write behind those asked for. */
  static final int SLACK = Philox.WORDS * GROUP;

  private static final long LOW = 0xFFFFFFFFL;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final long WEYL_0 = 0x9E3779B9L;
  private static final long WEYL_1 = 0xBB67AE85L;
  private static final int ROUNDS = 10;

  /** Which block of a group each lane has. */
  private static final LongVector PLACES = (LongVector) LONGS.fromArray(places(), 0);

  private static final VectorShuffle<Long> NEIGHBOURS =
      VectorShuffle.fromOp(LONGS, lane -> lane ^ 1);
  private static final VectorMask<Long> ODD = VectorMask.fromLong(LONGS, 0xAAAAAAAAAAAAAAAAL);

  private DropoutFactors() {}

  private static long[] places() {
    long[] places = new long[GROUP];
    for (int lane = 0; lane < GROUP; lane++) {
      places[lane] = lane / 2 + (lane % 2 == 0 ? 0L : GROUP / 2);
    }
    return places;
  }

  /**
   * Writes {@code 4 · blocks} factors, and up to {@link #SLACK} more, whose contents are undefined.
   *
   * @param block the first block: its first factor is that of position {@code 4 · block}
   */
  public static void write(
      Forms forms, DropoutMask mask, long block, int blocks, MemorySegment factors, long offset) {
    if (KERNEL.isVector(forms)) {
      vector(
          block,
          blocks,
          mask.stream() & LOW,
          mask.step() & LOW,
          mask.seed(),
          mask.threshold(),
          Float.floatToRawIntBits(mask.scale()),
          factors,
          offset);
    } else {
      plain(mask, block, blocks, factors, offset);
    }
  }

  private static void plain(
      DropoutMask mask, long block, int blocks, MemorySegment factors, long offset) {
    long threshold = mask.threshold();
    float scale = mask.scale();
    int[] words = new int[Philox.WORDS];
    float[] values = new float[Philox.WORDS * blocks];
    for (int b = 0; b < blocks; b++) {
      long index = block + b;
      Philox.block(
          (int) index,
          (int) (index >>> 32),
          mask.stream(),
          mask.step(),
          (int) mask.seed(),
          (int) (mask.seed() >>> 32),
          words);
      for (int w = 0; w < Philox.WORDS; w++) {
        boolean isKept = Integer.toUnsignedLong(words[w]) >= threshold;
        values[Philox.WORDS * b + w] = isKept ? scale : 0;
      }
    }
    MemorySegment.copy(values, 0, factors, FLOAT, offset, values.length);
  }

  private static void vector(
      long block,
      int blocks,
      long stream,
      long step,
      long seed,
      long threshold,
      int scaleBits,
      MemorySegment factors,
      long offset) {
    LongVector first = LongVector.broadcast(LONGS, MULTIPLIER_0);
    LongVector second = LongVector.broadcast(LONGS, MULTIPLIER_1);
    LongVector low = LongVector.broadcast(LONGS, LOW);
    LongVector scale = LongVector.broadcast(LONGS, scaleBits);
    for (int b = 0; b < blocks; b += GROUP) {
      LongVector index = PLACES.add(block + b);
      LongVector x0 = index.and(LOW);
      LongVector x1 = index.lanewise(VectorOperators.LSHR, 32);
      LongVector x2 = LongVector.broadcast(LONGS, stream);
      LongVector x3 = LongVector.broadcast(LONGS, step);
      long key0 = seed & LOW;
      long key1 = seed >>> 32;
      for (int round = 0; round < ROUNDS; round++) {
        LongVector product0 = first.mul(low.and(x0));
        LongVector product1 = second.mul(low.and(x2));
        x0 =
            product1
                .lanewise(VectorOperators.LSHR, 32)
                .lanewise(VectorOperators.XOR, x1)
                .lanewise(VectorOperators.XOR, key0);
        x2 =
            product0
                .lanewise(VectorOperators.LSHR, 32)
                .lanewise(VectorOperators.XOR, x3)
                .lanewise(VectorOperators.XOR, key1);
        x1 = low.and(product1);
        x3 = low.and(product0);
        key0 = (key0 + WEYL_0) & LOW;
        key1 = (key1 + WEYL_1) & LOW;
      }
      // A word below the threshold leaves ones after the shift, and they take the scale away.
      LongVector k0 = x0.sub(threshold).lanewise(VectorOperators.ASHR, 63);
      LongVector k1 = x1.sub(threshold).lanewise(VectorOperators.ASHR, 63);
      LongVector k2 = x2.sub(threshold).lanewise(VectorOperators.ASHR, 63);
      LongVector k3 = x3.sub(threshold).lanewise(VectorOperators.ASHR, 63);
      LongVector front =
          scale
              .lanewise(VectorOperators.AND_NOT, k1)
              .lanewise(VectorOperators.LSHL, 32)
              .or(scale.lanewise(VectorOperators.AND_NOT, k0));
      LongVector back =
          scale
              .lanewise(VectorOperators.AND_NOT, k3)
              .lanewise(VectorOperators.LSHL, 32)
              .or(scale.lanewise(VectorOperators.AND_NOT, k2));
      long at = offset + (long) b * Philox.WORDS * Float.BYTES;
      front.blend(back.rearrange(NEIGHBOURS), ODD).intoMemorySegment(factors, at, ORDER);
      front
          .rearrange(NEIGHBOURS)
          .blend(back, ODD)
          .intoMemorySegment(factors, at + PANEL_BYTES / 2, ORDER);
    }
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.call(), on.count() / 4, 3, 5, 7, 0x20000000L, 0x3f800000, on.output(), 0);
  }
}
