// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Tape;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A loss that has been recorded in a computation: the weighted sum of rows of one or more matrices
 * of one column. Means are NaN where no label counts, as in PyTorch.
 */
public final class Loss {
  private record Term(Matrix rows, float[] weights) {}

  private final List<Term> terms;

  private Loss(List<Term> terms) {
    this.terms = terms;
  }

  private static Loss of(Matrix rows, float[] weights) {
    return new Loss(List.of(new Term(rows, weights)));
  }

  /** The sum of two losses. */
  Loss plus(Loss other) {
    List<Term> all = new ArrayList<>(terms);
    all.addAll(other.terms);
    return new Loss(List.copyOf(all));
  }

  /** This loss, times a factor. */
  Loss times(double factor) {
    return new Loss(
        terms.stream()
            .map(
                term -> {
                  float[] weights = term.weights.clone();
                  for (int i = 0; i < weights.length; i++) {
                    weights[i] = (float) (weights[i] * factor);
                  }
                  return new Term(term.rows, weights);
                })
            .toList());
  }

  /**
   * The mean cross entropy of a label a row.
   *
   * @param labels a class a row, or {@value Labels#IGNORED}
   */
  static Loss crossEntropy(Computation computation, Matrix logits, int[] labels, float smoothing) {
    Labels.requireCount(labels, logits.rows(), "rows of logits");
    int[] classes = counted(labels, logits.columns());
    Matrix rows = computation.matrix(logits.rows(), 1);
    computation.crossEntropy(logits, classes, smoothing, rows);
    return of(rows, mean(classes));
  }

  /**
   * The mean cross entropy of a label a row, where each rank has the logits of some classes.
   *
   * @param logits of this rank's classes
   * @param labels a class a row among all, or {@value Labels#IGNORED}
   */
  static Loss crossEntropy(
      Computation computation, ClassShare share, Matrix logits, int[] labels, float smoothing) {
    Labels.requireCount(labels, logits.rows(), "rows of logits");
    int[] classes = counted(labels, share.classes());
    Matrix rows = computation.matrix(logits.rows(), 1);
    computation.crossEntropy(share, logits, classes, smoothing, rows);
    return of(rows, mean(classes));
  }

  /**
   * The mean cross entropy down a column, over segments of rows.
   *
   * @param offsets segment {@code b} has the rows {@code offsets[b] … offsets[b + 1] − 1}
   * @param labels a row a segment, counted from its first; negative ones are ignored
   */
  static Loss columnCrossEntropy(
      Computation computation, Matrix logits, int column, int[] offsets, int[] labels) {
    return of(computation.columnCrossEntropy(logits, column, offsets, labels), mean(labels));
  }

  /** The mean squared error of every element. */
  static Loss squaredError(Computation computation, Matrix x, Tensor targets) {
    Matrix wanted = computation.upload(asMatrix(targets, x));
    return of(computation.squaredError(x, wanted), meanOfElements(x));
  }

  /** The mean binary cross entropy of every element. */
  static Loss binaryCrossEntropy(Computation computation, Matrix logits, Tensor targets) {
    Matrix wanted = computation.upload(asMatrix(targets, logits));
    return of(computation.binaryCrossEntropy(logits, wanted), meanOfElements(logits));
  }

  private static Tensor asMatrix(Tensor targets, Matrix logits) {
    if (targets.elements() != (long) logits.rows() * logits.columns()) {
      throw new IllegalArgumentException(
          "labels have shape "
              + targets.shape()
              + ", the logits "
              + Shape.of(logits.rows(), logits.columns()));
    }
    Tensor floats =
        targets.dtype().isFloating()
            ? targets
            : Tensor.wrap(
                MemorySegment.ofArray(targets.toFloatArray()), DType.F32, targets.shape());
    return floats.reshape(Shape.of(logits.rows(), logits.columns()));
  }

  /** Labels with those that are ignored made negative. */
  private static int[] counted(int[] labels, int classes) {
    int[] counted = labels.clone();
    for (int i = 0; i < labels.length; i++) {
      int label = labels[i];
      if (label == Labels.IGNORED) {
        counted[i] = -1;
      } else if (label < 0 || label >= classes) {
        throw new IllegalArgumentException(
            "label "
                + label
                + " at index "
                + i
                + " is outside 0 … "
                + (classes - 1)
                + " and is not "
                + Labels.IGNORED
                + " (ignored)");
      }
    }
    return counted;
  }

  /** Equal weights of the labels that count. */
  private static float[] mean(int[] labels) {
    long count = Arrays.stream(labels).filter(label -> label >= 0).count();
    float[] weights = new float[labels.length];
    for (int i = 0; i < labels.length; i++) {
      weights[i] = count > 0 && labels[i] < 0 ? 0 : 1f / count;
    }
    return weights;
  }

  private static float[] meanOfElements(Matrix x) {
    float[] weights = new float[x.rows()];
    Arrays.fill(weights, 1f / ((float) x.rows() * x.columns()));
    return weights;
  }

  /** The value, when the operations so far have been carried out. */
  public double read(Computation computation) {
    double sum = 0;
    for (Term term : terms) {
      float[] rows = new float[term.rows.rows()];
      computation.read(term.rows, MemorySegment.ofArray(rows));
      for (int i = 0; i < rows.length; i++) {
        sum += (double) term.weights[i] * rows[i];
      }
    }
    return sum;
  }

  /**
   * Walks the tape back from this loss.
   *
   * @param tape the computation that it was recorded in
   * @param factor of all gradients, such as one over the number of parts of a batch
   */
  public void backward(Tape tape, double factor) {
    Loss scaled = factor == 1 ? this : times(factor);
    tape.backward(
        scaled.terms.stream().map(Term::rows).toList(),
        scaled.terms.stream().map(Term::weights).toList());
  }
}
