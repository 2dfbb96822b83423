package io.github.megabert.backend.scalar;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** The operations as their formulas read. */
final class ScalarComputation implements Computation {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  private final Arena arena = Arena.ofShared();
  private boolean closed;

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
      matrix.segment().setAtIndex(FLOAT, i, values.getFloat(i));
    }
    return matrix;
  }

  @Override
  public void read(Matrix matrix, MemorySegment destination) {
    long bytes = (long) matrix.rows() * matrix.columns() * Float.BYTES;
    MemorySegment.copy(HostMatrix.of(matrix).segment(), 0, destination, 0, bytes);
  }

  private static float get(HostMatrix matrix, int row, int column) {
    return matrix.segment().getAtIndex(FLOAT, (long) row * matrix.columns() + column);
  }

  private static void set(HostMatrix matrix, int row, int column, double value) {
    matrix.segment().setAtIndex(FLOAT, (long) row * matrix.columns() + column, (float) value);
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
        float sum = tokenIds == null ? get(target, t, c) : word.values()[tokenIds[t] * hidden + c];
        sum += type.values()[typeIds[t] * hidden + c];
        sum += position.values()[positionIds[t] * hidden + c];
        set(target, t, c, sum);
      }
    }
  }

  @Override
  public void layerNorm(
      Matrix x, Backend.Parameter weight, Backend.Parameter bias, float eps, Matrix out) {
    HostMatrix source = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(out, "out", x.rows(), x.columns());
    float[] scale = ((ScalarBackend.Table) weight).values();
    float[] shift = ((ScalarBackend.Table) bias).values();
    int columns = x.columns();
    for (int r = 0; r < x.rows(); r++) {
      double sum = 0;
      for (int c = 0; c < columns; c++) {
        sum += get(source, r, c);
      }
      double mean = sum / columns;
      double squares = 0;
      for (int c = 0; c < columns; c++) {
        double centred = get(source, r, c) - mean;
        squares += centred * centred;
      }
      double inverse = 1 / Math.sqrt(squares / columns + eps);
      for (int c = 0; c < columns; c++) {
        set(target, r, c, (get(source, r, c) - mean) * inverse * scale[c] + shift[c]);
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
    float[] row = new float[dense.inputs()];
    for (int r = 0; r < x.rows(); r++) {
      MemorySegment.copy(source.segment(), FLOAT, source.rowOffset(r), row, 0, row.length);
      for (int o = 0; o < dense.outputs(); o++) {
        double sum = dense.bias()[o];
        int start = o * dense.inputs();
        for (int i = 0; i < row.length; i++) {
          sum += (double) row[i] * dense.weight()[start + i];
        }
        double value = ScalarActivations.apply(activation, sum);
        set(target, r, o, added == null ? value : value + get(added, r, o));
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
      Matrix out,
      @Nullable Matrix probabilities) {
    HostMatrix q = HostMatrix.of(queries);
    HostMatrix k = HostMatrix.of(keys);
    HostMatrix v = HostMatrix.of(values);
    HostMatrix target = HostMatrix.of(out);
    double scale = 1 / Math.sqrt(layout.headDim());
    byte[] mask = layout.keyMask();
    for (int b = 0; b < layout.sequences(); b++) {
      int queryLength = layout.queryLength()[b];
      int keyLength = layout.keyLength()[b];
      long base = layout.probabilityOffset(b);
      for (int head = 0; head < layout.heads(); head++) {
        int column = head * layout.headDim();
        for (int i = 0; i < queryLength; i++) {
          int queryRow = layout.queryStart()[b] + i;
          int visible = layout.causal() ? keyLength - queryLength + i + 1 : keyLength;
          double[] weights = new double[keyLength];
          for (int j = 0; j < visible; j++) {
            int keyRow = layout.keyStart()[b] + j;
            double dot = 0;
            for (int c = 0; c < layout.headDim(); c++) {
              dot +=
                  (double) get(q, queryRow, queryColumn + column + c)
                      * get(k, keyRow, keyColumn + column + c);
            }
            boolean masked = mask != null && mask[keyRow] == 0;
            weights[j] = masked ? -Float.MAX_VALUE : dot * scale;
          }
          softmax(weights, visible);
          for (int c = 0; c < layout.headDim(); c++) {
            double sum = 0;
            for (int j = 0; j < visible; j++) {
              sum += weights[j] * get(v, layout.keyStart()[b] + j, valueColumn + column + c);
            }
            set(target, queryRow, column + c, sum);
          }
          if (probabilities != null) {
            long start = base + ((long) head * queryLength + i) * keyLength;
            for (int j = 0; j < keyLength; j++) {
              HostMatrix.of(probabilities)
                  .segment()
                  .setAtIndex(FLOAT, start + j, (float) weights[j]);
            }
          }
        }
      }
    }
  }

  /** Softmax of the first {@code count} numbers, in place. */
  private static void softmax(double[] values, int count) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      max = Math.max(max, values[i]);
    }
    double sum = 0;
    for (int i = 0; i < count; i++) {
      values[i] = Math.exp(values[i] - max);
      sum += values[i];
    }
    for (int i = 0; i < count; i++) {
      values[i] /= sum;
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
  public void softmax(Matrix x) {
    HostMatrix matrix = HostMatrix.of(x);
    double[] row = new double[x.columns()];
    for (int r = 0; r < x.rows(); r++) {
      for (int c = 0; c < row.length; c++) {
        row[c] = get(matrix, r, c);
      }
      softmax(row, row.length);
      for (int c = 0; c < row.length; c++) {
        set(matrix, r, c, row[c]);
      }
    }
  }

  @Override
  public void crossEntropy(Matrix logits, int[] labels, Matrix out) {
    HostMatrix source = HostMatrix.of(logits);
    HostMatrix target = HostMatrix.of(out, "out", logits.rows(), 1);
    for (int r = 0; r < logits.rows(); r++) {
      if (labels[r] < 0) {
        set(target, r, 0, 0);
        continue;
      }
      double max = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < logits.columns(); c++) {
        max = Math.max(max, get(source, r, c));
      }
      double sum = 0;
      for (int c = 0; c < logits.columns(); c++) {
        sum += Math.exp(get(source, r, c) - max);
      }
      set(target, r, 0, max + Math.log(sum) - get(source, r, labels[r]));
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }
}
