// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.backend.scalar.ScalarActivations;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds every adjoint of the oracle against central differences of the operation's formula, written
 * here once more in double precision. The loss is a weighted sum of an operation's outputs.
 */
class FiniteDifferencesTest {
  private static final double STEP = 1e-5;

  /** Rounding of the oracle's results to float32. */
  private static final double TOLERANCE = 2e-6;

  private final SplittableRandom random = new SplittableRandom(17);
  private final Arena arena = Arena.ofShared();
  private final Backend backend = Backends.open("scalar", BackendOptions.DEFAULT.withThreads(1));
  private final Computation c = backend.begin();
  private final Gradients gradients = c.gradients();
  private final List<ResidentMatrix> residents = new ArrayList<>();

  @AfterEach
  void close() {
    c.close();
    residents.forEach(ResidentMatrix::close);
    backend.close();
    arena.close();
  }

  /** Numbers that are exact in float32. */
  private double[] numbers(int count) {
    double[] numbers = new double[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) (random.nextDouble() * 3 - 1.5);
    }
    return numbers;
  }

  private Matrix matrix(double[] values, int rows) {
    return c.upload(tensor(values, rows));
  }

  private Tensor tensor(double[] values, int rows) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(rows, values.length / rows));
    for (int i = 0; i < values.length; i++) {
      tensor.setFloat(i, (float) values[i]);
    }
    return tensor;
  }

  private Matrix zeros(int rows, int columns) {
    return matrix(new double[rows * columns], rows);
  }

  private ResidentMatrix resident(double[] values, int rows) {
    ResidentMatrix matrix = backend.resident(rows, values.length / rows);
    residents.add(matrix);
    int[] all = new int[rows];
    for (int r = 0; r < rows; r++) {
      all[r] = r;
    }
    c.scatterRows(matrix(values, rows), 0, all, matrix);
    return matrix;
  }

  /** The derivative of {@code loss} for every number of {@code x} is what the matrix holds. */
  private void check(double[] x, ToDoubleFunction<double[]> loss, Matrix gradient) {
    float[] actual = Samples.read(c, gradient);
    assertEquals(x.length, actual.length);
    for (int i = 0; i < x.length; i++) {
      double[] moved = x.clone();
      moved[i] = x[i] + STEP;
      double up = loss.applyAsDouble(moved);
      moved[i] = x[i] - STEP;
      double expected = (up - loss.applyAsDouble(moved)) / (2 * STEP);
      double bound = TOLERANCE * Math.max(1, Math.abs(expected));
      assertEquals(expected, actual[i], bound, "derivative " + i);
    }
  }

  private static double weighted(double[] weights, double[] outputs) {
    assertEquals(weights.length, outputs.length);
    double sum = 0;
    for (int i = 0; i < outputs.length; i++) {
      sum += weights[i] * outputs[i];
    }
    return sum;
  }

  private static double[] linear(double[] x, double[] weight, double[] bias, int rows, int inputs) {
    int outputs = bias.length;
    double[] out = new double[rows * outputs];
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < outputs; o++) {
        double sum = bias[o];
        for (int i = 0; i < inputs; i++) {
          sum += x[r * inputs + i] * weight[o * inputs + i];
        }
        out[r * outputs + o] = sum;
      }
    }
    return out;
  }

  @Test
  void linear() {
    double[] x = numbers(3 * 4);
    double[] weight = numbers(5 * 4);
    double[] bias = numbers(5);
    double[] d = numbers(3 * 5);
    Backend.Linear layer = backend.linear(resident(weight, 5), resident(bias, 1));
    Matrix dX = zeros(3, 4);
    Matrix dWeight = zeros(5, 4);
    Matrix dBias = zeros(1, 5);
    gradients.linearInput(matrix(d, 3), layer, true, dX);
    gradients.linearParameters(matrix(d, 3), matrix(x, 3), dWeight, dBias);
    check(x, v -> weighted(d, linear(v, weight, bias, 3, 4)), dX);
    check(weight, v -> weighted(d, linear(x, v, bias, 3, 4)), dWeight);
    check(bias, v -> weighted(d, linear(x, weight, v, 3, 4)), dBias);
  }

  @ParameterizedTest
  @EnumSource
  void activation(Activation activation) {
    double[] x = new double[60];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (0.31 * (i - 30) + 0.013); // Not where a function has a corner.
    }
    double[] d = numbers(x.length);
    Matrix dX = zeros(1, x.length);
    gradients.activation(activation, matrix(x, 1), matrix(d, 1), dX);
    check(
        x,
        v -> {
          double[] out = new double[v.length];
          for (int i = 0; i < out.length; i++) {
            out[i] = ScalarActivations.apply(activation, v[i]);
          }
          return weighted(d, out);
        },
        dX);
  }

  private static double[] layerNorm(
      double[] x, double[] weight, double[] bias, int rows, double eps) {
    int columns = weight.length;
    double[] out = new double[x.length];
    for (int r = 0; r < rows; r++) {
      double mean = 0;
      double squares = 0;
      for (int i = 0; i < columns; i++) {
        mean += x[r * columns + i] / columns;
      }
      for (int i = 0; i < columns; i++) {
        squares += Math.pow(x[r * columns + i] - mean, 2);
      }
      double deviation = Math.sqrt(squares / columns + eps);
      for (int i = 0; i < columns; i++) {
        out[r * columns + i] = (x[r * columns + i] - mean) / deviation * weight[i] + bias[i];
      }
    }
    return out;
  }

  @Test
  void layerNorm() {
    double[] x = numbers(3 * 5);
    double[] weight = numbers(5);
    double[] bias = numbers(5);
    double[] d = numbers(3 * 5);
    float eps = 1e-2f;
    Matrix dX = zeros(3, 5);
    Matrix dWeight = zeros(1, 5);
    Matrix dBias = zeros(1, 5);
    Backend.Parameter factor = backend.parameter(resident(weight, 1));
    gradients.layerNorm(matrix(x, 3), factor, eps, matrix(d, 3), true, dX, dWeight, dBias);
    check(x, v -> weighted(d, layerNorm(v, weight, bias, 3, eps)), dX);
    check(weight, v -> weighted(d, layerNorm(x, v, bias, 3, eps)), dWeight);
    check(bias, v -> weighted(d, layerNorm(x, weight, v, 3, eps)), dBias);
  }

  /** Two sequences of 3 and 4 rows, two heads of 2 columns, each operand from column 1 on. */
  private static final int WIDTH = 5;

  private static double[] attention(
      double[] q, double[] k, double[] v, AttentionLayout layout, DropoutMask mask) {
    int width = layout.heads() * layout.headDim();
    double[] out = new double[q.length / WIDTH * width];
    for (int b = 0; b < layout.sequences(); b++) {
      for (int head = 0; head < layout.heads(); head++) {
        attend(q, k, v, layout, mask, b, head, out);
      }
    }
    return out;
  }

  private static void attend(
      double[] q,
      double[] k,
      double[] v,
      AttentionLayout layout,
      DropoutMask mask,
      int b,
      int head,
      double[] out) {
    int headDim = layout.headDim();
    int first = layout.queryStart()[b];
    int length = layout.queryLength()[b];
    byte[] keyMask = layout.keyMask();
    for (int i = 0; i < length; i++) {
      int visible = layout.causal() ? i + 1 : length;
      double[] e = new double[visible];
      double total = 0;
      for (int j = 0; j < visible; j++) {
        double dot = 0;
        for (int n = 0; n < headDim; n++) {
          int column = 1 + head * headDim + n;
          dot += q[(first + i) * WIDTH + column] * k[(first + j) * WIDTH + column];
        }
        boolean isKey = keyMask == null || keyMask[first + j] != 0;
        e[j] = isKey ? Math.exp(dot / Math.sqrt(headDim)) : 0;
        total += e[j];
      }
      for (int j = 0; j < visible; j++) {
        long at = layout.probabilityOffset(b) + ((long) head * length + i) * length + j;
        double p = mask.keeps(at) ? e[j] / total / (1 - mask.probability()) : 0;
        for (int n = 0; n < headDim; n++) {
          int column = head * headDim + n;
          out[(first + i) * layout.heads() * headDim + column] +=
              p * v[(first + j) * WIDTH + 1 + column];
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void attention(boolean causal) {
    byte[] keys = {1, 0, 1, 1, 1, 1, 0};
    AttentionLayout layout = AttentionLayout.self(2, 2, causal, new int[] {0, 3, 7}, keys);
    DropoutMask mask = new DropoutMask(1, 2, 3, 0.25);
    double[] q = numbers(7 * WIDTH);
    double[] k = numbers(7 * WIDTH);
    double[] v = numbers(7 * WIDTH);
    double[] d = numbers(7 * 4);
    Matrix dQ = zeros(7, WIDTH);
    Matrix dK = zeros(7, WIDTH);
    Matrix dV = zeros(7, WIDTH);
    Matrix out = zeros(7, 4);
    Dropout dropout = new Dropout(mask, 0);
    Matrix queries = matrix(q, 7);
    Matrix keyRows = matrix(k, 7);
    Matrix values = matrix(v, 7);
    c.attention(layout, queries, 1, keyRows, 1, values, 1, dropout, out, null);
    gradients.attention(
        layout, queries, 1, keyRows, 1, values, 1, dropout, out, matrix(d, 7), dQ, dK, dV);
    check(q, x -> weighted(d, attention(x, k, v, layout, mask)), dQ);
    check(k, x -> weighted(d, attention(q, x, v, layout, mask)), dK);
    check(v, x -> weighted(d, attention(q, k, x, layout, mask)), dV);
  }

  private static double[] rows(double[] table, int[] rows, int columns) {
    double[] out = new double[rows.length * columns];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(table, rows[i] * columns, out, i * columns, columns);
    }
    return out;
  }

  @Test
  void embeddingsAndGatheredRows() {
    int[] tokenIds = {4, 1, 4, 0, 2};
    int[] typeIds = {0, 1, 1, 0, 1};
    int[] positionIds = {0, 1, 2, 0, 1};
    double[] d = numbers(5 * 3);
    double[] words = numbers(6 * 3);
    double[] types = numbers(2 * 3);
    double[] positions = numbers(3 * 3);
    Matrix dWords = zeros(6, 3);
    Matrix dTypes = zeros(2, 3);
    Matrix dPositions = zeros(3, 3);
    Matrix dOut = matrix(d, 5);
    gradients.embed(tokenIds, -1, typeIds, positionIds, dOut, dWords, dTypes, dPositions);
    check(words, v -> weighted(d, rows(v, tokenIds, 3)), dWords);
    check(types, v -> weighted(d, rows(v, typeIds, 3)), dTypes);
    check(positions, v -> weighted(d, rows(v, positionIds, 3)), dPositions);
    Matrix dX = zeros(6, 3);
    gradients.gatherRows(dOut, tokenIds, dX);
    check(words, v -> weighted(d, rows(v, tokenIds, 3)), dX);
  }

  @Test
  void dropout() {
    DropoutMask mask = new DropoutMask(1, 2, 3, 0.4);
    double[] x = numbers(21);
    double[] d = numbers(21);
    Matrix dX = zeros(3, 7);
    gradients.dropout(new Dropout(mask, 5), matrix(d, 3), dX);
    check(
        x,
        v -> {
          double[] out = new double[v.length];
          for (int i = 0; i < out.length; i++) {
            out[i] = mask.keeps(5 + i) ? v[i] / 0.6 : 0;
          }
          return weighted(d, out);
        },
        dX);
  }

  /** The cross entropy of the numbers at {@code first}, {@code first + step}, … */
  private static double crossEntropy(
      double[] x, int first, int step, int count, int label, double smoothing) {
    double total = 0;
    for (int i = 0; i < count; i++) {
      total += Math.exp(x[first + i * step]);
    }
    double loss = (1 - smoothing) * (Math.log(total) - x[first + label * step]);
    for (int i = 0; i < count; i++) {
      loss += smoothing / count * (Math.log(total) - x[first + i * step]);
    }
    return loss;
  }

  @ParameterizedTest
  @ValueSource(floats = {0, 0.25f, 1})
  void crossEntropy(float smoothing) {
    double[] x = numbers(4 * 5);
    double[] d = numbers(4);
    int[] labels = {2, -100, 0, 4};
    Matrix dLogits = zeros(4, 5);
    gradients.crossEntropy(matrix(x, 4), labels, smoothing, matrix(d, 4), dLogits);
    check(
        x,
        v -> {
          double sum = 0;
          for (int r = 0; r < labels.length; r++) {
            if (labels[r] >= 0) {
              sum += d[r] * crossEntropy(v, r * 5, 1, 5, labels[r], smoothing);
            }
          }
          return sum;
        },
        dLogits);
  }

  @Test
  void columnCrossEntropy() {
    double[] x = numbers(9 * 2);
    double[] d = numbers(3);
    int[] offsets = {0, 4, 6, 9};
    int[] labels = {3, -1, 0};
    Matrix dLogits = zeros(9, 2);
    gradients.columnCrossEntropy(matrix(x, 9), 1, offsets, labels, matrix(d, 3), dLogits);
    check(
        x,
        v -> {
          double sum = 0;
          for (int b = 0; b < labels.length; b++) {
            int count = offsets[b + 1] - offsets[b];
            if (labels[b] >= 0) {
              sum += d[b] * crossEntropy(v, offsets[b] * 2 + 1, 2, count, labels[b], 0);
            }
          }
          return sum;
        },
        dLogits);
  }

  @Test
  void squaredError() {
    double[] x = numbers(3 * 4);
    double[] y = numbers(3 * 4);
    double[] d = numbers(3);
    Matrix dX = zeros(3, 4);
    gradients.squaredError(matrix(x, 3), matrix(y, 3), matrix(d, 3), dX);
    check(
        x,
        v -> {
          double sum = 0;
          for (int i = 0; i < v.length; i++) {
            sum += d[i / 4] * (v[i] - y[i]) * (v[i] - y[i]);
          }
          return sum;
        },
        dX);
  }

  @Test
  void binaryCrossEntropy() {
    double[] x = numbers(3 * 4);
    double[] y = {0, 1, 1, 0, 0.25, 1, 0, 0.5, 1, 1, 0, 0};
    double[] d = numbers(3);
    Matrix dLogits = zeros(3, 4);
    gradients.binaryCrossEntropy(matrix(x, 3), matrix(y, 3), matrix(d, 3), dLogits);
    check(
        x,
        v -> {
          double sum = 0;
          for (int i = 0; i < v.length; i++) {
            double p = 1 / (1 + Math.exp(-v[i]));
            sum -= d[i / 4] * (y[i] * Math.log(p) + (1 - y[i]) * Math.log(1 - p));
          }
          return sum;
        },
        dLogits);
  }
}
