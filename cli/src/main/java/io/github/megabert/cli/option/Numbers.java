// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Numbers of the command line, each within its range: another one is wrong usage. */
public final class Numbers {
  private Numbers() {}

  /** A count that may not be 0. */
  public static final class AtLeastOne implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return whole(text, 1);
    }
  }

  /** A count. */
  public static final class AtLeastZero implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return whole(text, 0);
    }
  }

  /** A factor or divisor: greater than 0. */
  public static final class Positive implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
      double value = real(text);
      return require(value > 0, value, text, "a number greater than 0");
    }
  }

  /** An exponent, of either sign. */
  public static final class Finite implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
      return real(text);
    }
  }

  /** A probability that is not 0. */
  public static final class Probability implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
      double value = real(text);
      return require(value > 0 && value <= 1, value, text, "a number above 0 and at most 1");
    }
  }

  /** A share. */
  public static final class Share implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
      double value = real(text);
      return require(value >= 0 && value <= 1, value, text, "a number from 0 to 1");
    }
  }

  /** A share that is not the whole. */
  public static final class ShareBelowOne implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
      double value = real(text);
      return require(value >= 0 && value < 1, value, text, "at least 0 and less than 1");
    }
  }

  /** A bound or factor: 0 or greater. */
  public static final class NotNegative implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
      double value = real(text);
      return require(value >= 0, value, text, "a number of at least 0");
    }
  }

  private static int whole(String text, int least) {
    int value;
    try {
      value = Integer.parseInt(text.strip());
    } catch (NumberFormatException e) {
      throw wrong(text, "a whole number from " + least + " to " + Integer.MAX_VALUE);
    }
    return require(value >= least, value, text, "at least " + least);
  }

  private static double real(String text) {
    double value;
    try {
      value = Double.parseDouble(text.strip());
    } catch (NumberFormatException e) {
      throw wrong(text, "a number");
    }
    return require(Double.isFinite(value), value, text, "a finite number");
  }

  private static <N> N require(boolean condition, N value, String text, String wanted) {
    if (!condition) {
      throw wrong(text, wanted);
    }
    return value;
  }

  private static TypeConversionException wrong(String text, String wanted) {
    return new TypeConversionException("\"" + text + "\" is not " + wanted);
  }
}
