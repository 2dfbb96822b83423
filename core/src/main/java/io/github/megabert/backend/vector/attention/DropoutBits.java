// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.DropoutMask;
import io.github.megabert.backend.Philox;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link DropoutMask} of consecutive elements, a bit each. A lane is a block of {@link Philox}, its
 * words in the lower halves of four vectors, where products of 64 bits are exact.
 */
public final class DropoutBits extends Kernel {
  static final DropoutBits KERNEL = new DropoutBits();

  private static final VectorSpecies<Long> LONGS = SPECIES.withLanes(long.class);
  private static final LongVector BLOCKS = LongVector.zero(LONGS).addIndex(1);

  /** Elements of a vector of blocks. */
  private static final int STEP = LONGS.length() * Philox.WORDS;

  private static final int ROUNDS = 10;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final long LOW_WORD = 0xFFFFFFFFL;

  /** What {@link #exercise} computes. */
  private static final DropoutMask EXERCISE = new DropoutMask(1, 2, 3, 0.1);

  private DropoutBits() {}

  /**
   * Writes {@code ⌈count / 32⌉} words. Bit {@code i mod 32} of word {@code ⌊i / 32⌋} is 1 where the
   * element at {@code position + i} is kept.
   *
   * @param at offset of the first word
   */
  public static void write(
      Forms forms, DropoutMask mask, long position, int count, MemorySegment memory, long at) {
    boolean isVector = KERNEL.isVector(forms);
    int phase = (int) position & (Philox.WORDS - 1);
    long block = position >>> 2;
    long target = at;
    long bits = isVector ? vector(mask, block) : plain(mask, block);
    for (int i = 0; i < count; i += Integer.SIZE) {
      block += Integer.SIZE / Philox.WORDS;
      boolean isLast = i + Integer.SIZE >= count && phase == 0;
      long next = isLast ? 0 : isVector ? vector(mask, block) : plain(mask, block);
      memory.set(Kept.WORD, target, (int) ((bits | (next << Integer.SIZE)) >>> phase));
      bits = next;
      target += Integer.BYTES;
    }
  }

  /** Bits of the 32 elements from a block on. */
  private static long plain(DropoutMask mask, long first) {
    int[] words = new int[Philox.WORDS];
    long threshold = mask.threshold();
    int low = (int) mask.seed();
    int high = (int) (mask.seed() >>> 32);
    long bits = 0;
    for (int b = 0; b < Integer.SIZE / Philox.WORDS; b++) {
      long block = first + b;
      Philox.block((int) block, (int) (block >>> 32), mask.stream(), mask.step(), low, high, words);
      for (int w = 0; w < Philox.WORDS; w++) {
        if ((words[w] & LOW_WORD) >= threshold) {
          bits |= 1L << (b * Philox.WORDS + w);
        }
      }
    }
    return bits;
  }

  /** Bits of the 32 elements from a block on. */
  private static long vector(DropoutMask mask, long first) {
    long bits = 0;
    long threshold = mask.threshold();
    long stream = mask.stream() & LOW_WORD;
    long step = mask.step() & LOW_WORD;
    for (int i = 0; i < Integer.SIZE; i += STEP) {
      long dropped = dropped(first + i / Philox.WORDS, stream, step, mask.seed(), threshold);
      bits |= dropped << i;
    }
    return ~bits & LOW_WORD;
  }

  /** Bits of the elements of a vector of blocks that are dropped. */
  private static long dropped(long first, long stream, long step, long seed, long threshold) {
    LongVector blocks = LongVector.broadcast(LONGS, first).add(BLOCKS);
    LongVector x0 = blocks.and(LOW_WORD);
    LongVector x1 = blocks.lanewise(VectorOperators.LSHR, 32);
    LongVector x2 = LongVector.broadcast(LONGS, stream);
    LongVector x3 = LongVector.broadcast(LONGS, step);
    LongVector multiplier0 = LongVector.broadcast(LONGS, MULTIPLIER_0);
    LongVector multiplier1 = LongVector.broadcast(LONGS, MULTIPLIER_1);
    int k0 = (int) seed;
    int k1 = (int) (seed >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      LongVector product0 = multiplier0.mul(x0);
      LongVector product1 = multiplier1.mul(x2);
      x0 =
          product1
              .lanewise(VectorOperators.LSHR, 32)
              .lanewise(VectorOperators.XOR, x1)
              .lanewise(VectorOperators.XOR, k0 & LOW_WORD);
      x1 = product1.and(LOW_WORD);
      x2 =
          product0
              .lanewise(VectorOperators.LSHR, 32)
              .lanewise(VectorOperators.XOR, x3)
              .lanewise(VectorOperators.XOR, k1 & LOW_WORD);
      x3 = product0.and(LOW_WORD);
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    // The sign of a difference says whether a word is below the threshold.
    LongVector limit = LongVector.broadcast(LONGS, -threshold);
    LongVector bits = limit.add(x0).lanewise(VectorOperators.LSHR, 63);
    bits =
        limit.add(x1).lanewise(VectorOperators.LSHR, 63).lanewise(VectorOperators.LSHL, 1).or(bits);
    bits =
        limit.add(x2).lanewise(VectorOperators.LSHR, 63).lanewise(VectorOperators.LSHL, 2).or(bits);
    bits =
        limit.add(x3).lanewise(VectorOperators.LSHR, 63).lanewise(VectorOperators.LSHL, 3).or(bits);
    LongVector places = BLOCKS.lanewise(VectorOperators.LSHL, 2);
    return bits.lanewise(VectorOperators.LSHL, places).reduceLanes(VectorOperators.OR);
  }

  @Override
  protected void exercise(Operands on) {
    on.output().set(Kept.WORD, 0, (int) vector(EXERCISE, on.call()));
  }
}
