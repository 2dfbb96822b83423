// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.scalar;

import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.host.HostCollectives;
import io.github.megabert.backend.host.HostMatrix;
import org.jspecify.annotations.Nullable;

/**
 * Losses and dropout of matrices in host memory, in double: for the oracle, and for the other CPU
 * backend where a loss has so few numbers that nothing is gained by a kernel.
 */
public final class ScalarLosses {
  private ScalarLosses() {}

  static void dropout(Dropout dropout, HostMatrix x, @Nullable Matrix residual, Matrix out) {
    HostMatrix target = HostMatrix.of(out, "out", x.rows(), x.columns());
    HostMatrix added =
        residual == null ? null : HostMatrix.of(residual, "residual", x.rows(), x.columns());
    float scale = dropout.mask().scale();
    for (long i = 0; i < x.elements(); i++) {
      float value = dropout.mask().keeps(dropout.position() + i) ? x.get(i) * scale : 0;
      target.set(i, added == null ? value : value + added.get(i));
    }
  }

  static void crossEntropy(Matrix logits, int[] labels, float smoothing, Matrix out) {
    HostMatrix source = HostMatrix.of(logits);
    HostMatrix target = HostMatrix.of(out, "out", logits.rows(), 1);
    int classes = logits.columns();
    for (int r = 0; r < logits.rows(); r++) {
      double loss = 0;
      if (labels[r] >= 0) {
        double total = logSumOfExponentials(source, (long) r * classes, 1, classes);
        loss = (1 - smoothing) * (total - source.get(r, labels[r]));
        if (smoothing > 0) {
          double sum = 0;
          for (int c = 0; c < classes; c++) {
            sum += total - source.get(r, c);
          }
          loss += smoothing * sum / classes;
        }
      }
      target.set(r, 0, loss);
    }
  }

  static void crossEntropyGradient(
      Matrix logits, int[] labels, float smoothing, Matrix dOut, Matrix dLogits) {
    HostMatrix source = HostMatrix.of(logits);
    HostMatrix scale = HostMatrix.of(dOut, "dOut", logits.rows(), 1);
    HostMatrix target = HostMatrix.of(dLogits, "dLogits", logits.rows(), logits.columns());
    int classes = logits.columns();
    for (int r = 0; r < logits.rows(); r++) {
      double total =
          labels[r] < 0 ? 0 : logSumOfExponentials(source, (long) r * classes, 1, classes);
      for (int c = 0; c < classes; c++) {
        double wanted = (c == labels[r] ? 1 - smoothing : 0) + smoothing / classes;
        double difference = Math.exp(source.get(r, c) - total) - wanted;
        target.set(r, c, labels[r] < 0 ? 0 : difference * scale.get(r, 0));
      }
    }
  }

  /** What a rank tells of its logits: {@link HostCollectives#STATISTICS} numbers a row. */
  static void statistics(HostMatrix logits, int[] labels, int first, HostMatrix out) {
    for (int r = 0; r < logits.rows(); r++) {
      float max = Float.NEGATIVE_INFINITY;
      for (int c = 0; c < logits.columns(); c++) {
        max = Math.max(max, logits.get(r, c));
      }
      double exponentials = 0;
      double sum = 0;
      for (int c = 0; c < logits.columns(); c++) {
        exponentials += Math.exp((double) logits.get(r, c) - max);
        sum += logits.get(r, c);
      }
      int own = labels[r] - first;
      boolean isOwn = labels[r] >= 0 && own >= 0 && own < logits.columns();
      out.set(r, 0, max);
      out.set(r, 1, exponentials);
      out.set(r, 2, isOwn ? logits.get(r, own) : 0);
      out.set(r, 3, sum);
    }
  }

  static void crossEntropyGradient(
      ClassShare share,
      HostMatrix logits,
      int[] labels,
      float smoothing,
      HostMatrix totals,
      HostMatrix scale,
      HostMatrix target) {
    for (int r = 0; r < logits.rows(); r++) {
      for (int c = 0; c < logits.columns(); c++) {
        double wanted = share.first() + c == labels[r] ? 1 - smoothing : 0;
        wanted += smoothing / share.classes();
        double difference = Math.exp((double) logits.get(r, c) - totals.get(r, 0)) - wanted;
        target.set(r, c, labels[r] < 0 ? 0 : difference * scale.get(r, 0));
      }
    }
  }

  /** See {@link io.github.megabert.backend.Computation#columnCrossEntropy}. */
  public static void columnCrossEntropy(
      Matrix logits, int column, int[] offsets, int[] labels, Matrix out) {
    HostMatrix source = HostMatrix.of(logits);
    HostMatrix target = HostMatrix.of(out, "out", labels.length, 1);
    int columns = logits.columns();
    for (int b = 0; b < labels.length; b++) {
      long first = (long) offsets[b] * columns + column;
      int count = offsets[b + 1] - offsets[b];
      target.set(
          b,
          0,
          labels[b] < 0
              ? 0
              : logSumOfExponentials(source, first, columns, count)
                  - source.get(first + (long) labels[b] * columns));
    }
  }

  /** See {@link io.github.megabert.backend.Gradients#columnCrossEntropy}. */
  public static void columnCrossEntropyGradient(
      Matrix logits, int column, int[] offsets, int[] labels, Matrix dOut, Matrix dLogits) {
    HostMatrix source = HostMatrix.of(logits);
    HostMatrix scale = HostMatrix.of(dOut, "dOut", labels.length, 1);
    HostMatrix target = HostMatrix.of(dLogits, "dLogits", logits.rows(), logits.columns());
    int columns = logits.columns();
    for (int b = 0; b < labels.length; b++) {
      if (labels[b] < 0) {
        continue;
      }
      long first = (long) offsets[b] * columns + column;
      int count = offsets[b + 1] - offsets[b];
      double total = logSumOfExponentials(source, first, columns, count);
      for (int i = 0; i < count; i++) {
        double probability = Math.exp(source.get(first + (long) i * columns) - total);
        double difference = probability - (i == labels[b] ? 1 : 0);
        target.add(offsets[b] + i, column, difference * scale.get(b, 0));
      }
    }
  }

  private static double logSumOfExponentials(HostMatrix x, long first, int step, int count) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      max = Math.max(max, x.get(first + (long) i * step));
    }
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += Math.exp(x.get(first + (long) i * step) - max);
    }
    return max + Math.log(sum);
  }

  /** See {@link io.github.megabert.backend.Computation#squaredError}. */
  public static void squaredError(Matrix x, Matrix targets, Matrix out) {
    HostMatrix source = HostMatrix.of(x);
    HostMatrix wanted = HostMatrix.of(targets, "targets", x.rows(), x.columns());
    HostMatrix target = HostMatrix.of(out, "out", x.rows(), 1);
    for (int r = 0; r < x.rows(); r++) {
      double sum = 0;
      for (int c = 0; c < x.columns(); c++) {
        double difference = (double) source.get(r, c) - wanted.get(r, c);
        sum += difference * difference;
      }
      target.set(r, 0, sum);
    }
  }

  /** See {@link io.github.megabert.backend.Gradients#squaredError}. */
  public static void squaredErrorGradient(Matrix x, Matrix targets, Matrix dOut, Matrix dX) {
    HostMatrix source = HostMatrix.of(x);
    HostMatrix wanted = HostMatrix.of(targets, "targets", x.rows(), x.columns());
    HostMatrix scale = HostMatrix.of(dOut, "dOut", x.rows(), 1);
    HostMatrix target = HostMatrix.of(dX, "dX", x.rows(), x.columns());
    for (int r = 0; r < x.rows(); r++) {
      for (int c = 0; c < x.columns(); c++) {
        double difference = (double) source.get(r, c) - wanted.get(r, c);
        target.set(r, c, 2 * difference * scale.get(r, 0));
      }
    }
  }

  /** See {@link io.github.megabert.backend.Computation#binaryCrossEntropy}. */
  public static void binaryCrossEntropy(Matrix logits, Matrix targets, Matrix out) {
    HostMatrix source = HostMatrix.of(logits);
    HostMatrix wanted = HostMatrix.of(targets, "targets", logits.rows(), logits.columns());
    HostMatrix target = HostMatrix.of(out, "out", logits.rows(), 1);
    for (int r = 0; r < logits.rows(); r++) {
      double sum = 0;
      for (int c = 0; c < logits.columns(); c++) {
        double x = source.get(r, c);
        sum += Math.max(x, 0) - x * wanted.get(r, c) + Math.log1p(Math.exp(-Math.abs(x)));
      }
      target.set(r, 0, sum);
    }
  }

  /** See {@link io.github.megabert.backend.Gradients#binaryCrossEntropy}. */
  public static void binaryCrossEntropyGradient(
      Matrix logits, Matrix targets, Matrix dOut, Matrix dLogits) {
    HostMatrix source = HostMatrix.of(logits);
    HostMatrix wanted = HostMatrix.of(targets, "targets", logits.rows(), logits.columns());
    HostMatrix scale = HostMatrix.of(dOut, "dOut", logits.rows(), 1);
    HostMatrix target = HostMatrix.of(dLogits, "dLogits", logits.rows(), logits.columns());
    for (int r = 0; r < logits.rows(); r++) {
      for (int c = 0; c < logits.columns(); c++) {
        double probability = 1 / (1 + Math.exp(-source.get(r, c)));
        target.set(r, c, (probability - wanted.get(r, c)) * scale.get(r, 0));
      }
    }
  }
}
