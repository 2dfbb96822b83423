// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.scalar;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.GatheredUse;
import io.github.megabert.backend.Gradients;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.host.HostCollectives;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The operations as their formulas read, on matrices in host memory. */
final class ScalarComputation implements Computation {
  private static final ScalarGradients.Parameters PARAMETERS =
      new ScalarGradients.Parameters() {
        @Override
        public HostMatrix weight(Backend.Linear linear) {
          return ((ScalarBackend.Dense) linear).factor();
        }

        @Override
        public HostMatrix values(Backend.Parameter parameter) {
          return ((ScalarBackend.Table) parameter).values();
        }
      };

  private final Arena arena = Arena.ofShared();
  private final Precision precision;
  private boolean closed;

  ScalarComputation(Precision precision) {
    this.precision = precision;
  }

  @Override
  public Matrix matrix(int rows, int columns) {
    return new HostMatrix(
        arena.allocate(Math.max(1, (long) rows * columns) * Float.BYTES, Tensor.ALIGNMENT),
        rows,
        columns);
  }

  @Override
  public Matrix upload(Tensor values) {
    if (values.shape().rank() != 2) {
      throw new IllegalArgumentException("a matrix is needed, not shape " + values.shape());
    }
    HostMatrix matrix =
        HostMatrix.of(matrix(values.shape().intExtent(0), values.shape().intExtent(1)));
    for (long i = 0; i < values.elements(); i++) {
      matrix.set(i, values.getFloat(i));
    }
    return matrix;
  }

  @Override
  public void read(Matrix matrix, MemorySegment destination) {
    long bytes = (long) matrix.rows() * matrix.columns() * Float.BYTES;
    MemorySegment.copy(HostMatrix.of(matrix).segment(), 0, destination, 0, bytes);
  }

  @Override
  public void embed(
      int @Nullable [] tokenIds,
      int[] typeIds,
      int[] positionIds,
      Backend.Parameter words,
      Backend.Parameter types,
      Backend.Parameter positions,
      Matrix out) {
    ScalarBackend.Table word = (ScalarBackend.Table) words;
    ScalarBackend.Table type = (ScalarBackend.Table) types;
    ScalarBackend.Table position = (ScalarBackend.Table) positions;
    int hidden = word.columns();
    HostMatrix target = HostMatrix.of(out, "out", typeIds.length, hidden);
    for (int t = 0; t < typeIds.length; t++) {
      for (int c = 0; c < hidden; c++) {
        float sum = 0;
        if (tokenIds == null) {
          sum = target.get(t, c);
        } else if (tokenIds[t] >= 0) {
          sum = word.values().get(tokenIds[t], c);
        }
        sum += type.values().get(typeIds[t], c);
        sum += position.values().get(positionIds[t], c);
        target.set(t, c, sum);
      }
    }
  }

  @Override
  public void layerNorm(
      Matrix x, Backend.Parameter weight, Backend.Parameter bias, float eps, Matrix out) {
    HostMatrix source = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(out, "out", x.rows(), x.columns());
    HostMatrix scale = ((ScalarBackend.Table) weight).values();
    HostMatrix shift = ((ScalarBackend.Table) bias).values();
    int columns = x.columns();
    for (int r = 0; r < x.rows(); r++) {
      double sum = 0;
      for (int c = 0; c < columns; c++) {
        sum += source.get(r, c);
      }
      double mean = sum / columns;
      double squares = 0;
      for (int c = 0; c < columns; c++) {
        double centred = source.get(r, c) - mean;
        squares += centred * centred;
      }
      double inverse = 1 / Math.sqrt(squares / columns + eps);
      for (int c = 0; c < columns; c++) {
        target.set(r, c, (source.get(r, c) - mean) * inverse * scale.get(c) + shift.get(c));
      }
    }
  }

  @Override
  public void linear(
      Matrix x,
      Backend.Linear linear,
      Activation activation,
      @Nullable Matrix residual,
      Matrix out) {
    ScalarBackend.Dense dense = (ScalarBackend.Dense) linear;
    HostMatrix source = HostMatrix.of(x, "x", x.rows(), dense.inputs());
    HostMatrix target = HostMatrix.of(out, "out", x.rows(), dense.outputs());
    HostMatrix added =
        residual == null ? null : HostMatrix.of(residual, "residual", x.rows(), dense.outputs());
    HostMatrix weight = dense.factor();
    for (int r = 0; r < x.rows(); r++) {
      for (int o = 0; o < dense.outputs(); o++) {
        double sum = dense.bias().get(o);
        for (int i = 0; i < dense.inputs(); i++) {
          sum += (double) source.get(r, i) * weight.get(o, i);
        }
        double value = ScalarActivations.apply(activation, sum);
        target.set(r, o, added == null ? value : value + added.get(r, o));
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
      @Nullable Matrix probabilities) {
    HostMatrix q = HostMatrix.of(queries);
    HostMatrix k = HostMatrix.of(keys);
    HostMatrix v = HostMatrix.of(values);
    HostMatrix target = HostMatrix.of(out);
    for (int b = 0; b < layout.sequences(); b++) {
      int queryLength = layout.queryLength()[b];
      int keyLength = layout.keyLength()[b];
      long base = layout.probabilityOffset(b);
      for (int head = 0; head < layout.heads(); head++) {
        int column = head * layout.headDim();
        for (int i = 0; i < queryLength; i++) {
          int queryRow = layout.queryStart()[b] + i;
          double[] weights =
              ScalarAttention.probabilities(
                  layout, b, i, q, queryColumn + column, k, keyColumn + column);
          long start = base + ((long) head * queryLength + i) * keyLength;
          if (probabilities != null) {
            for (int j = 0; j < keyLength; j++) {
              HostMatrix.of(probabilities).set(start + j, weights[j]);
            }
          }
          if (dropout != null) {
            ScalarAttention.drop(dropout, start + dropout.shift(layout, b), weights);
          }
          for (int c = 0; c < layout.headDim(); c++) {
            double sum = 0;
            for (int j = 0; j < keyLength; j++) {
              sum += weights[j] * v.get(layout.keyStart()[b] + j, valueColumn + column + c);
            }
            target.set(queryRow, column + c, sum);
          }
        }
      }
    }
  }

  @Override
  public void gatherRows(Matrix x, int[] rows, Matrix out) {
    HostMatrix source = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(out, "out", rows.length, x.columns());
    long bytes = (long) x.columns() * Float.BYTES;
    for (int i = 0; i < rows.length; i++) {
      MemorySegment.copy(
          source.segment(),
          source.rowOffset(rows[i]),
          target.segment(),
          target.rowOffset(i),
          bytes);
    }
  }

  @Override
  public void scatterRows(Matrix x, int column, int[] rows, Matrix out) {
    HostMatrix source = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(out);
    long bytes = (long) out.columns() * Float.BYTES;
    for (int i = 0; i < rows.length; i++) {
      MemorySegment.copy(
          source.segment(),
          source.rowOffset(i) + (long) column * Float.BYTES,
          target.segment(),
          target.rowOffset(rows[i]),
          bytes);
    }
  }

  @Override
  public void activate(Activation activation, Matrix x, Matrix out) {
    HostMatrix source = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(out, "out", x.rows(), x.columns());
    for (long i = 0; i < source.elements(); i++) {
      target.set(i, ScalarActivations.apply(activation, source.get(i)));
    }
  }

  @Override
  public void dropout(Dropout dropout, Matrix x, @Nullable Matrix residual, Matrix out) {
    ScalarLosses.dropout(dropout, HostMatrix.of(x), residual, out);
  }

  @Override
  public void crossEntropy(Matrix logits, int[] labels, float smoothing, Matrix out) {
    ScalarLosses.crossEntropy(logits, labels, smoothing, out);
  }

  @Override
  public Matrix crossEntropy(
      ClassShare share, Matrix logits, int[] labels, float smoothing, Matrix out) {
    HostMatrix statistics = HostMatrix.of(matrix(logits.rows(), HostCollectives.STATISTICS));
    HostMatrix totals = HostMatrix.of(matrix(logits.rows(), 1));
    ScalarLosses.statistics(HostMatrix.of(logits), labels, share.first(), statistics);
    HostMatrix losses = HostMatrix.of(out, "out", logits.rows(), 1);
    HostCollectives.crossEntropy(share, statistics, labels, smoothing, losses, totals);
    return totals;
  }

  @Override
  public void allReduce(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    HostMatrix added =
        residual == null ? null : HostMatrix.of(residual, "residual", x.rows(), x.columns());
    HostMatrix target = HostMatrix.of(out, "out", x.rows(), x.columns());
    HostCollectives.allReduce(group, HostMatrix.of(x), added, target);
  }

  @Override
  public void reduceScatter(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    HostMatrix added =
        residual == null ? null : HostMatrix.of(residual, "residual", out.rows(), out.columns());
    HostCollectives.reduceScatter(group, HostMatrix.of(x), added, HostMatrix.of(out));
  }

  @Override
  public void allGather(Communicator group, Matrix x, GatheredUse use, Matrix all) {
    HostCollectives.allGather(group, HostMatrix.of(x), HostMatrix.of(all));
  }

  @Override
  public Pending startAllReduce(Communicator group, ResidentMatrix x) {
    return HostCollectives.startAllReduce(group, HostMatrix.of(x));
  }

  @Override
  public Pending startReduceScatter(Communicator group, ResidentMatrix x) {
    return HostCollectives.startReduceScatter(group, HostMatrix.of(x));
  }

  @Override
  public Pending startAllGather(Communicator group, ResidentMatrix x) {
    return HostCollectives.startAllGather(group, HostMatrix.of(x));
  }

  @Override
  public Matrix rows(Matrix x, int first, int count) {
    return HostMatrix.of(x).rows(first, count);
  }

  @Override
  public void gatherColumns(Communicator group, Matrix x, Matrix all) {
    HostCollectives.gatherColumns(group, HostMatrix.of(x), HostMatrix.of(all));
  }

  @Override
  public Matrix columnCrossEntropy(Matrix logits, int column, int[] offsets, int[] labels) {
    Matrix out = matrix(labels.length, 1);
    ScalarLosses.columnCrossEntropy(logits, column, offsets, labels, out);
    return out;
  }

  @Override
  public Matrix squaredError(Matrix x, Matrix targets) {
    Matrix out = matrix(x.rows(), 1);
    ScalarLosses.squaredError(x, targets, out);
    return out;
  }

  @Override
  public Matrix binaryCrossEntropy(Matrix logits, Matrix targets) {
    Matrix out = matrix(logits.rows(), 1);
    ScalarLosses.binaryCrossEntropy(logits, targets, out);
    return out;
  }

  @Override
  public Gradients gradients() {
    return new ScalarGradients(PARAMETERS, precision);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }
}
