// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.train.data.indexed.IndexedDataset;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Which documents are trained on, validated with and tested with: one after the other in a corpus,
 * in given proportions, as Megatron-LM's {@code --split} has it.
 *
 * @param train at least 0, as the others; one of them must be above
 */
public record DataSplit(double train, double validation, double test) {
  /** Nearly all for training, one in twenty documents for validation. */
  public static final DataSplit DEFAULT = new DataSplit(949, 50, 1);

  /** A part of a corpus. */
  public enum Part {
    TRAIN,
    VALIDATION,
    TEST;

    /** The name that an option and a message have for it. */
    public String optionName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if they are no proportions
   */
  public DataSplit {
    double sum = train + validation + test;
    if (!(train >= 0 && validation >= 0 && test >= 0 && sum > 0 && Double.isFinite(sum))) {
      throw new IllegalArgumentException(
          "a split needs proportions of at least 0, one of them above: "
              + train
              + ","
              + validation
              + ","
              + test);
    }
  }

  /**
   * The split that an option names, such as {@code 949,50,1}. Proportions that are left out are 0.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static DataSplit parse(String text) {
    String[] words = text.split(",", -1);
    double[] numbers = new double[3];
    if (words.length > numbers.length) {
      throw notASplit(text);
    }
    for (int i = 0; i < words.length; i++) {
      if (!words[i].matches("[0-9]{1,9}([.][0-9]{0,9})?|[.][0-9]{1,9}")) {
        throw notASplit(text);
      }
      numbers[i] = Double.parseDouble(words[i]);
    }
    return new DataSplit(numbers[0], numbers[1], numbers[2]);
  }

  private static IllegalArgumentException notASplit(String text) {
    return new IllegalArgumentException(
        "\"" + text + "\" is no split; proportions such as 949,50,1 are expected");
  }

  /** The documents of a part; empty if it has none. */
  public Optional<DocumentRange> range(Part part, IndexedDataset data) {
    double sum = train + validation + test;
    double afterTrain = train / sum;
    double afterValidation = afterTrain + validation / sum;
    double from =
        switch (part) {
          case TRAIN -> 0;
          case VALIDATION -> afterTrain;
          case TEST -> afterValidation;
        };
    double to =
        switch (part) {
          case TRAIN -> afterTrain;
          case VALIDATION -> afterValidation;
          case TEST -> afterValidation + test / sum;
        };
    int first = (int) Math.rint(from * data.documents());
    int end = (int) Math.rint(to * data.documents());
    return first < end ? Optional.of(new DocumentRange(first, end)) : Optional.empty();
  }

  @Override
  public String toString() {
    return String.join(
        ",",
        Arrays.stream(new double[] {train, validation, test})
            .mapToObj(share -> share == (long) share ? "" + (long) share : "" + share)
            .toList());
  }
}
