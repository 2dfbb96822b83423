// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.scalar;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AdamWStep;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.Gradients;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.tensor.BFloat16;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** The adjoints as their formulas read, on matrices in host memory. */
public final class ScalarGradients implements Gradients {
  /** Where the parameters of a backend lie. */
  public interface Parameters {
    /** {@code [outputs, inputs]}, as products read it. */
    HostMatrix weight(Backend.Linear linear);

    /** A table or a vector. */
    HostMatrix values(Backend.Parameter parameter);
  }

  private final Parameters parameters;
  private final Precision precision;

  /** Adjoints over a backend's parameters. */
  public ScalarGradients(Parameters parameters, Precision precision) {
    this.parameters = parameters;
    this.precision = precision;
  }

  private static @Nullable HostMatrix host(@Nullable Matrix matrix) {
    return matrix == null ? null : HostMatrix.of(matrix);
  }

  @Override
  public void clear(Matrix x) {
    HostMatrix matrix = HostMatrix.of(x);
    matrix.segment().asSlice(0, matrix.elements() * Float.BYTES).fill((byte) 0);
  }

  @Override
  public void add(Matrix x, Matrix sum) {
    HostMatrix source = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(sum, "sum", x.rows(), x.columns());
    for (long i = 0; i < source.elements(); i++) {
      target.set(i, target.get(i) + source.get(i));
    }
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public void round(Matrix x) {
    HostMatrix matrix = HostMatrix.of(x);
    for (long i = 0; i < matrix.elements(); i++) {
      matrix.set(i, BFloat16.round(matrix.get(i)));
    }
  }

  @Override
  public void pack(Matrix x, Matrix halves) {
    HostMatrix numbers = HostMatrix.of(x);
    HostMatrix words = packed(x, halves);
    for (long i = 0; i < words.elements(); i++) {
      long partner = i + words.elements();
      short low = BFloat16.fromFloat(numbers.get(i));
      short high = BFloat16.fromFloat(numbers.get(partner < numbers.elements() ? partner : i));
      words
          .segment()
          .setAtIndex(ValueLayout.JAVA_INT, i, (high << Short.SIZE) | Short.toUnsignedInt(low));
    }
  }

  @Override
  public void unpack(Matrix halves, Matrix x) {
    HostMatrix numbers = HostMatrix.of(x);
    HostMatrix words = packed(x, halves);
    for (long i = 0; i < words.elements(); i++) {
      int both = words.segment().getAtIndex(ValueLayout.JAVA_INT, i);
      numbers.set(i, BFloat16.toFloat((short) both));
      if (i + words.elements() < numbers.elements()) {
        numbers.set(i + words.elements(), BFloat16.toFloat((short) (both >> Short.SIZE)));
      }
    }
  }

  private static HostMatrix packed(Matrix x, Matrix halves) {
    return HostMatrix.of(halves, "halves", Math.ceilDiv(x.rows(), 2), x.columns());
  }

  @Override
  public void linearInput(Matrix dOut, Backend.Linear linear, boolean add, Matrix dX) {
    HostMatrix weight = parameters.weight(linear);
    HostMatrix source = HostMatrix.of(dOut, "dOut", dOut.rows(), weight.rows());
    HostMatrix target = HostMatrix.of(dX, "dX", dOut.rows(), weight.columns());
    for (int r = 0; r < dOut.rows(); r++) {
      for (int i = 0; i < weight.columns(); i++) {
        double sum = add ? target.get(r, i) : 0;
        for (int o = 0; o < weight.rows(); o++) {
          sum += (double) source.get(r, o) * weight.get(o, i);
        }
        target.set(r, i, sum);
      }
    }
  }

  @Override
  public void linearParameters(
      Matrix dOut, Matrix x, @Nullable Matrix dWeight, @Nullable Matrix dBias) {
    HostMatrix source = HostMatrix.of(dOut);
    HostMatrix input = HostMatrix.of(x, "x", dOut.rows(), x.columns());
    HostMatrix weight =
        dWeight == null ? null : HostMatrix.of(dWeight, "dWeight", dOut.columns(), x.columns());
    HostMatrix bias = dBias == null ? null : HostMatrix.ofElements(dBias, "dBias", dOut.columns());
    for (int o = 0; o < dOut.columns(); o++) {
      for (int i = 0; weight != null && i < x.columns(); i++) {
        double sum = weight.get(o, i);
        for (int r = 0; r < dOut.rows(); r++) {
          sum += (double) source.get(r, o) * input.get(r, i);
        }
        weight.set(o, i, sum);
      }
      if (bias != null) {
        bias.set(o, bias.get(o) + columnSum(source, o));
      }
    }
  }

  private static double columnSum(HostMatrix x, int column) {
    double sum = 0;
    for (int r = 0; r < x.rows(); r++) {
      sum += x.get(r, column);
    }
    return sum;
  }

  @Override
  public void activation(Activation activation, Matrix x, Matrix dOut, Matrix dX) {
    HostMatrix input = HostMatrix.of(x);
    HostMatrix source = HostMatrix.of(dOut, "dOut", x.rows(), x.columns());
    HostMatrix target = HostMatrix.of(dX, "dX", x.rows(), x.columns());
    for (long i = 0; i < input.elements(); i++) {
      target.set(i, source.get(i) * ScalarActivations.derivative(activation, input.get(i)));
    }
  }

  @Override
  public void layerNorm(
      Matrix x,
      Backend.Parameter weight,
      float eps,
      Matrix dOut,
      boolean add,
      @Nullable Matrix dX,
      @Nullable Matrix dWeight,
      @Nullable Matrix dBias) {
    int columns = x.columns();
    HostMatrix input = HostMatrix.of(x);
    HostMatrix factor = parameters.values(weight);
    HostMatrix source = HostMatrix.of(dOut, "dOut", x.rows(), columns);
    HostMatrix target = dX == null ? null : HostMatrix.of(dX, "dX", x.rows(), columns);
    double[] weights = new double[columns];
    double[] biases = new double[columns];
    double[] normal = new double[columns];
    for (int r = 0; r < x.rows(); r++) {
      double inverse = normalize(input, r, eps, normal);
      double mean = 0;
      double product = 0;
      for (int c = 0; c < columns; c++) {
        double scaled = (double) source.get(r, c) * factor.get(c);
        mean += scaled / columns;
        product += scaled * normal[c] / columns;
        weights[c] += source.get(r, c) * normal[c];
        biases[c] += source.get(r, c);
      }
      for (int c = 0; target != null && c < columns; c++) {
        double scaled = (double) source.get(r, c) * factor.get(c);
        double value = inverse * (scaled - mean - normal[c] * product);
        target.set(r, c, add ? target.get(r, c) + value : value);
      }
    }
    addTo(weights, dWeight, "dWeight");
    addTo(biases, dBias, "dBias");
  }

  /** Leaves {@code (x − mean) / √(variance + eps)}; returns {@code 1 / √(variance + eps)}. */
  private static double normalize(HostMatrix x, int row, float eps, double[] normal) {
    double mean = 0;
    for (int c = 0; c < normal.length; c++) {
      mean += x.get(row, c);
    }
    mean /= normal.length;
    double squares = 0;
    for (int c = 0; c < normal.length; c++) {
      normal[c] = x.get(row, c) - mean;
      squares += normal[c] * normal[c];
    }
    double inverse = 1 / Math.sqrt(squares / normal.length + eps);
    for (int c = 0; c < normal.length; c++) {
      normal[c] *= inverse;
    }
    return inverse;
  }

  private static void addTo(double[] sums, @Nullable Matrix gradient, String name) {
    if (gradient != null) {
      HostMatrix target = HostMatrix.ofElements(gradient, name, sums.length);
      for (int c = 0; c < sums.length; c++) {
        target.set(c, target.get(c) + sums[c]);
      }
    }
  }

  @Override
  public void attention(
      AttentionLayout layout,
      Matrix queries,
      int queryColumn,
      Matrix keys,
      int keyColumn,
      Matrix values,
      int valueColumn,
      @Nullable Dropout dropout,
      Matrix out,
      Matrix dOut,
      Matrix dQueries,
      Matrix dKeys,
      Matrix dValues) {
    for (int b = 0; b < layout.sequences(); b++) {
      long heads = (long) layout.queryLength()[b] * layout.keyLength()[b];
      long first = layout.probabilityOffset(b);
      first += dropout == null ? 0 : dropout.shift(layout, b);
      for (int h = 0; h < layout.heads(); h++) {
        int column = h * layout.headDim();
        new ScalarAttention.Head(
                layout,
                b,
                HostMatrix.of(queries),
                queryColumn + column,
                HostMatrix.of(keys),
                keyColumn + column,
                HostMatrix.of(values),
                valueColumn + column,
                HostMatrix.of(dOut),
                column,
                dropout,
                first + h * heads)
            .addGradients(HostMatrix.of(dQueries), HostMatrix.of(dKeys), HostMatrix.of(dValues));
      }
    }
  }

  @Override
  public void embed(
      int @Nullable [] tokenIds,
      int paddingId,
      int[] typeIds,
      int[] positionIds,
      Matrix dOut,
      @Nullable Matrix dWords,
      @Nullable Matrix dTypes,
      @Nullable Matrix dPositions) {
    if (tokenIds != null) {
      addRows(dOut, tokenIds, paddingId, host(dWords));
    }
    addRows(dOut, typeIds, -1, host(dTypes));
    addRows(dOut, positionIds, -1, host(dPositions));
  }

  private static void addRows(Matrix x, int[] rows, int without, @Nullable HostMatrix table) {
    HostMatrix source = HostMatrix.of(x);
    for (int i = 0; table != null && i < rows.length; i++) {
      for (int c = 0; rows[i] >= 0 && rows[i] != without && c < x.columns(); c++) {
        table.add(rows[i], c, source.get(i, c));
      }
    }
  }

  @Override
  public void gatherRows(Matrix dOut, int[] rows, Matrix dX) {
    addRows(dOut, rows, -1, HostMatrix.of(dX));
  }

  @Override
  public void dropout(Dropout dropout, Matrix dOut, Matrix dX) {
    ScalarLosses.dropout(dropout, HostMatrix.of(dOut), null, dX);
  }

  @Override
  public void crossEntropy(
      Matrix logits, int[] labels, float smoothing, Matrix dOut, Matrix dLogits) {
    ScalarLosses.crossEntropyGradient(logits, labels, smoothing, dOut, dLogits);
  }

  @Override
  public void crossEntropy(
      ClassShare share,
      Matrix logits,
      int[] labels,
      float smoothing,
      Matrix totals,
      Matrix dOut,
      Matrix dLogits) {
    ScalarLosses.crossEntropyGradient(
        share,
        HostMatrix.of(logits),
        labels,
        smoothing,
        HostMatrix.of(totals, "totals", logits.rows(), 1),
        HostMatrix.of(dOut, "dOut", logits.rows(), 1),
        HostMatrix.of(dLogits, "dLogits", logits.rows(), logits.columns()));
  }

  @Override
  public void columnCrossEntropy(
      Matrix logits, int column, int[] offsets, int[] labels, Matrix dOut, Matrix dLogits) {
    ScalarLosses.columnCrossEntropyGradient(logits, column, offsets, labels, dOut, dLogits);
  }

  @Override
  public void squaredError(Matrix x, Matrix targets, Matrix dOut, Matrix dX) {
    ScalarLosses.squaredErrorGradient(x, targets, dOut, dX);
  }

  @Override
  public void binaryCrossEntropy(Matrix logits, Matrix targets, Matrix dOut, Matrix dLogits) {
    ScalarLosses.binaryCrossEntropyGradient(logits, targets, dOut, dLogits);
  }

  @Override
  public double squaredNorm(Matrix x, int firstRow, int rows) {
    HostMatrix matrix = HostMatrix.of(x);
    long end = (long) (firstRow + rows) * x.columns();
    double sum = 0;
    for (long i = (long) firstRow * x.columns(); i < end; i++) {
      sum += (double) matrix.get(i) * matrix.get(i);
    }
    return sum;
  }

  @Override
  public void adamW(
      AdamWStep step,
      Matrix value,
      Matrix gradient,
      Matrix firstMoment,
      Matrix secondMoment,
      int firstRow,
      int rows) {
    HostMatrix x = HostMatrix.of(value);
    HostMatrix g = HostMatrix.of(gradient, "gradient", x.rows(), x.columns());
    HostMatrix m = HostMatrix.of(firstMoment, "firstMoment", x.rows(), x.columns());
    HostMatrix v = HostMatrix.of(secondMoment, "secondMoment", x.rows(), x.columns());
    double first = step.firstCorrection();
    double second = step.secondCorrection();
    long end = (long) (firstRow + rows) * x.columns();
    for (long i = (long) firstRow * x.columns(); i < end; i++) {
      double slope = step.gradientScale() * g.get(i);
      m.set(i, step.beta1() * m.get(i) + (1 - step.beta1()) * slope);
      v.set(i, step.beta2() * v.get(i) + (1 - step.beta2()) * slope * slope);
      double decayed = x.get(i) * (1 - step.learningRate() * step.weightDecay());
      double update = m.get(i) / first / (Math.sqrt(v.get(i) / second) + step.eps());
      x.set(i, decayed - step.learningRate() * update);
    }
  }
}
