// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Random input for a test that claims something of any input.
 *
 * <p>Every run draws other values. A test that fails names its seed, and given back by {@code
 * ./mvnw test -Dtest=ClassTest#method -Dmegabert.test.seed=SEED} the seed draws the same values
 * again. Edges of a range come more often than chance has them.
 */
public final class RandomInput {
  /** The seed to draw from, in hexadecimal; there is one try then. */
  static final String SEED_PROPERTY = "megabert.test.seed";

  private final Random random;

  private RandomInput(long seed) {
    random = new Random(seed);
  }

  /** A claim that holds of any input. */
  @FunctionalInterface
  public interface Claim {
    /** Throws where the claim does not hold. */
    void check(RandomInput input) throws Exception;
  }

  /**
   * Checks a claim on so many inputs, or on the one whose seed is given back.
   *
   * @throws AssertionError that names the seed of the first input of which the claim does not hold
   */
  public static void check(int tries, Claim claim) {
    check(tries, System.getProperty(SEED_PROPERTY), claim);
  }

  static void check(int tries, @Nullable String givenSeed, Claim claim) {
    if (givenSeed != null) {
      check(Long.parseUnsignedLong(givenSeed, 16), "the given seed", claim);
      return;
    }
    Random seeds = new Random();
    for (int i = 1; i <= tries; i++) {
      check(seeds.nextLong(), "try " + i + " of " + tries, claim);
    }
  }

  private static void check(long seed, String which, Claim claim) {
    try {
      claim.check(new RandomInput(seed));
    } catch (Exception | AssertionError failure) {
      throw new AssertionError(
          String.format(
              Locale.ROOT,
              "%s failed; -D%s=%x repeats it: %s",
              which,
              SEED_PROPERTY,
              seed,
              failure),
          failure);
    }
  }

  /** Java's own generator, for what draws by itself. */
  public Random random() {
    return random;
  }

  /** Either. */
  public boolean flag() {
    return random.nextBoolean();
  }

  /**
   * A number from {@code min} to {@code max}, both included; small and outermost ones are likelier.
   */
  public int between(int min, int max) {
    int range = max - min;
    return switch (random.nextInt(8)) {
      case 0 -> min;
      case 1 -> max;
      case 2, 3, 4 -> min + (int) (Math.exp(random.nextDouble() * Math.log(range + 1.0)) - 1);
      default -> min + random.nextInt(range + 1);
    };
  }

  /** One of these. */
  @SafeVarargs
  public final <T> T of(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  /** Up to so many values. */
  public <T> List<T> list(int maxSize, Supplier<T> values) {
    List<T> all = new ArrayList<>();
    for (int size = between(0, maxSize); all.size() < size; ) {
      all.add(values.get());
    }
    return all;
  }

  /** Up to so many bytes. */
  public byte[] bytes(int maxSize) {
    byte[] bytes = new byte[between(0, maxSize)];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Any {@code float}: finite of every magnitude, infinite, not a number, zero of both signs. */
  public float anyFloat() {
    return switch (random.nextInt(8)) {
      case 0 -> of(0f, -0f, 1f, Float.MIN_VALUE, Float.MIN_NORMAL, -Float.MAX_VALUE);
      case 1 -> of(Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY);
      case 2 -> random.nextFloat();
      default -> Float.intBitsToFloat(random.nextInt());
    };
  }

  /** Up to so many UTF-16 units of any kind: lone surrogates and NUL among them. */
  public String text(int maxLength) {
    StringBuilder text = new StringBuilder();
    for (int length = between(0, maxLength); text.length() < length; ) {
      switch (random.nextInt(4)) {
        case 0 -> text.append((char) random.nextInt(0x80));
        case 1 -> text.append((char) random.nextInt(0x10000));
        case 2 -> text.append((char) (0xD800 + random.nextInt(0x800)));
        default -> text.appendCodePoint(random.nextInt(0x110000));
      }
    }
    text.setLength(Math.min(text.length(), maxLength));
    return text.toString();
  }

  /** Up to so many of these characters. */
  public String textOf(String characters, int maxLength) {
    StringBuilder text = new StringBuilder();
    for (int length = between(0, maxLength); text.length() < length; ) {
      text.append(characters.charAt(random.nextInt(characters.length())));
    }
    return text.toString();
  }
}
