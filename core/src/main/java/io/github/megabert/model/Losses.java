package io.github.megabert.model;

import io.github.megabert.tensor.Tensor;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The losses of the heads, computed in double ({@code transformers}' and PyTorch's definitions).
 */
final class Losses {
  /** A label of this value is left out of the mean. */
  static final int IGNORED = -100;

  private Losses() {}

  /**
   * Mean negative log-likelihood ({@code torch.nn.CrossEntropyLoss}); NaN if every label is
   * ignored.
   *
   * @param logits {@code [rows, classes]}
   * @param labels a class a row, or {@value #IGNORED}
   * @param rows row of the logits that each label belongs to
   */
  static double crossEntropy(Tensor logits, int[] labels, int[] rows) {
    int classes = logits.shape().intExtent(-1);
    double sum = 0;
    int count = 0;
    for (int i = 0; i < labels.length; i++) {
      int label = labels[i];
      if (label == IGNORED) {
        continue;
      }
      if (label < 0 || label >= classes) {
        throw new IllegalArgumentException(
            "label "
                + label
                + " at index "
                + i
                + " is outside 0 … "
                + (classes - 1)
                + " and is not "
                + IGNORED
                + " (ignored)");
      }
      sum += negativeLogLikelihood(logits, (long) rows[i] * classes, classes, label);
      count++;
    }
    return sum / count;
  }

  /** Mean cross entropy with one integer label a row of the logits; empty without labels. */
  static OptionalDouble classification(Tensor logits, String name, @Nullable Tensor labels) {
    if (labels == null) {
      return OptionalDouble.empty();
    }
    int rows = logits.shape().intExtent(0);
    return OptionalDouble.of(
        crossEntropy(logits, integerLabels(name, labels, rows), allRows(rows)));
  }

  /** {@code log Σ exp(x) - x[label]} of {@code count} numbers from {@code start} on. */
  static double negativeLogLikelihood(Tensor logits, long start, int count, int label) {
    double max = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < count; c++) {
      max = Math.max(max, logits.getFloat(start + c));
    }
    double sum = 0;
    for (int c = 0; c < count; c++) {
      sum += Math.exp(logits.getFloat(start + c) - max);
    }
    return max + Math.log(sum) - logits.getFloat(start + label);
  }

  /** Mean squared error ({@code torch.nn.MSELoss}) of tensors of as many elements. */
  static double meanSquaredError(Tensor logits, Tensor labels) {
    requireCount(logits, labels);
    double sum = 0;
    for (long i = 0; i < logits.elements(); i++) {
      double difference = (double) logits.getFloat(i) - labels.getFloat(i);
      sum += difference * difference;
    }
    return sum / logits.elements();
  }

  /** Mean binary cross entropy of logits ({@code torch.nn.BCEWithLogitsLoss}). */
  static double binaryCrossEntropy(Tensor logits, Tensor labels) {
    requireCount(logits, labels);
    double sum = 0;
    for (long i = 0; i < logits.elements(); i++) {
      double x = logits.getFloat(i);
      sum += Math.max(x, 0) - x * labels.getFloat(i) + Math.log1p(Math.exp(-Math.abs(x)));
    }
    return sum / logits.elements();
  }

  private static void requireCount(Tensor logits, Tensor labels) {
    if (labels.elements() != logits.elements()) {
      throw new IllegalArgumentException(
          "labels have shape " + labels.shape() + ", the logits " + logits.shape());
    }
  }

  /** Rows 0, 1, … */
  static int[] allRows(int count) {
    int[] rows = new int[count];
    for (int i = 0; i < count; i++) {
      rows[i] = i;
    }
    return rows;
  }

  /**
   * Integer labels, checked to be as many as the rows.
   *
   * @throws IllegalArgumentException if they are not integers or not as many
   */
  static int[] integerLabels(String name, Tensor labels, int count) {
    if (labels.dtype().isFloating()) {
      throw new IllegalArgumentException(
          name + " is of type " + labels.dtype() + ", integers are expected");
    }
    if (labels.elements() != count) {
      throw new IllegalArgumentException(
          name + " has shape " + labels.shape() + ", " + count + " labels are expected");
    }
    return labels.toIntArray();
  }
}
