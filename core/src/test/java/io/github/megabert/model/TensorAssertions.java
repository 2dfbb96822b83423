// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.tensor.Tensor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Comparisons of tensors. */
public final class TensorAssertions {
  private TensorAssertions() {}

  /** The relative L2 error {@code ‖actual − expected‖ / ‖expected‖} is at most {@code bound}. */
  public static void assertClose(String name, Tensor expected, Tensor actual, double bound) {
    assertClose(name, expected, actual, bound, null);
  }

  /**
   * Likewise, over some rows only.
   *
   * @param keep whether the row of the two outermost axes counts; null for all
   */
  static void assertClose(
      String name, Tensor expected, Tensor actual, double bound, boolean @Nullable [] keep) {
    assertEquals(expected.elements(), actual.elements(), name + ": number of elements");
    long rowSize = keep == null ? 1 : expected.elements() / keep.length;
    double difference = 0;
    double norm = 0;
    for (long i = 0; i < expected.elements(); i++) {
      if (keep != null && !keep[Math.toIntExact(i / rowSize)]) {
        continue;
      }
      double e = expected.getFloat(i);
      double d = actual.getFloat(i) - e;
      difference += d * d;
      norm += e * e;
    }
    assertTrue(norm > 0, name + ": the expected tensor is all zeros");
    double error = Math.sqrt(difference / norm);
    assertTrue(error <= bound, name + ": relative L2 error " + error + " is above " + bound);
  }

  /**
   * Likewise, but a tensor that is zero but for rounding may differ by that.
   *
   * @param rounding L2 norm of a difference that is none
   */
  public static void assertCloseOrZero(
      String name, Tensor expected, Tensor actual, double bound, double rounding) {
    assertEquals(expected.shape(), actual.shape(), name);
    double difference = squaredDifference(expected, actual);
    double norm = squares(expected);
    assertTrue(
        Math.sqrt(difference) <= Math.max(bound * Math.sqrt(norm), rounding),
        name + " is off by " + Math.sqrt(difference) + " of " + Math.sqrt(norm));
  }

  /**
   * Gradients by narrow products: all together are within the bound, and each within twice that,
   * for the small ones of queries and keys are differences of large terms. Those that are zero but
   * for rounding are small beside all.
   *
   * @param actual of the same names
   */
  static void assertAllClose(
      Map<String, Tensor> expected, Map<String, Tensor> actual, double bound) {
    double all = expected.values().stream().mapToDouble(TensorAssertions::squares).sum();
    double rounding = 0.01 * bound * Math.sqrt(all);
    double errors = 0;
    for (Map.Entry<String, Tensor> entry : expected.entrySet()) {
      Tensor gradient = actual.get(entry.getKey());
      assertCloseOrZero(entry.getKey(), entry.getValue(), gradient, 2 * bound, rounding);
      errors += squaredDifference(entry.getValue(), gradient);
    }
    double error = Math.sqrt(errors / all);
    assertTrue(error <= bound, "all are off by " + error);
  }

  /** The sum of the squares of all elements. */
  static double squares(Tensor x) {
    double sum = 0;
    for (long i = 0; i < x.elements(); i++) {
      sum += (double) x.getFloat(i) * x.getFloat(i);
    }
    return sum;
  }

  /** The sum of the squares of the differences of all elements. */
  static double squaredDifference(Tensor x, Tensor y) {
    double sum = 0;
    for (long i = 0; i < x.elements(); i++) {
      double d = (double) y.getFloat(i) - x.getFloat(i);
      sum += d * d;
    }
    return sum;
  }
}
