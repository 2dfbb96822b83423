// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.GatheredUse;
import io.github.megabert.backend.Gradients;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.host.HostCollectives;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.scalar.ScalarLosses;
import io.github.megabert.backend.vector.gemm.PackedLinear;
import io.github.megabert.backend.vector.memory.HostParameter;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.MappedMemory;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Checks shapes and hands each operation to its kernel, at once. */
final class VectorComputation implements Computation {
  /** What messages call the file that tables, and weights that are not packed, are read from. */
  private static final String MAPPED = "the file of the model's weights";

  private final VectorBackend backend;
  private final Thread owner = Thread.currentThread();
  private @Nullable Workspace workspace;

  VectorComputation(VectorBackend backend, Workspace workspace) {
    this.backend = backend;
    this.workspace = workspace;
  }

  private Workspace open() {
    Workspace mine = workspace;
    if (mine == null) {
      throw new IllegalStateException("the computation is closed");
    }
    return mine;
  }

  @Override
  public Matrix matrix(int rows, int columns) {
    return new HostMatrix(
        open().slabs.allocate((long) rows * columns * Float.BYTES), rows, columns);
  }

  @Override
  public Matrix upload(Tensor values) {
    if (values.shape().rank() != 2) {
      throw new IllegalArgumentException("a matrix is needed, not shape " + values.shape());
    }
    int rows = values.shape().intExtent(0);
    int columns = values.shape().intExtent(1);
    HostMatrix matrix = HostMatrix.of(matrix(rows, columns));
    if (values.dtype() == DType.F32) {
      MemorySegment.copy(values.segment(), 0, matrix.segment(), 0, values.byteSize());
      return matrix;
    }
    for (long i = 0; i < values.elements(); i++) {
      matrix.segment().set(ValueLayout.JAVA_FLOAT, i * Float.BYTES, values.getFloat(i));
    }
    return matrix;
  }

  @Override
  public void read(Matrix matrix, MemorySegment destination) {
    open();
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
    int hidden = out.columns();
    try {
      open()
          .embedding
          .embed(
              tokenIds,
              typeIds,
              positionIds,
              HostParameter.table(words, "words", hidden),
              HostParameter.table(types, "types", hidden),
              HostParameter.table(positions, "positions", hidden),
              HostMatrix.of(out, "out", typeIds.length, hidden));
      MappedMemory.settle();
    } catch (InternalError error) {
      throw MappedMemory.named(MAPPED, error);
    } catch (IllegalStateException failure) {
      throw MappedMemory.named(MAPPED, failure);
    }
  }

  @Override
  public void layerNorm(
      Matrix x, Backend.Parameter weight, Backend.Parameter bias, float eps, Matrix out) {
    open()
        .layerNorm
        .normalize(
            HostMatrix.of(x),
            HostParameter.vector(weight, "the weight", x.columns()),
            HostParameter.vector(bias, "the bias", x.columns()),
            eps,
            HostMatrix.of(out, "out", x.rows(), x.columns()));
  }

  @Override
  public void linear(
      Matrix x,
      Backend.Linear linear,
      Activation activation,
      @Nullable Matrix residual,
      Matrix out) {
    if (!(linear instanceof PackedLinear packed)) {
      throw new IllegalArgumentException("the linear layer belongs to another backend: " + linear);
    }
    int outputs = packed.outputs();
    try {
      open()
          .gemm
          .multiply(
              HostMatrix.of(x, "x", x.rows(), packed.inputs()),
              packed,
              activation,
              residual == null ? null : HostMatrix.of(residual, "residual", x.rows(), outputs),
              HostMatrix.of(out, "out", x.rows(), outputs));
      if (!packed.unpacked().isEmpty()) {
        MappedMemory.settle();
      }
    } catch (InternalError error) {
      throw MappedMemory.named(MAPPED, error);
    } catch (IllegalStateException failure) {
      throw MappedMemory.named(MAPPED, failure);
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
    int width = layout.heads() * layout.headDim();
    requireColumns(queries, "queries", queryColumn, width);
    requireColumns(keys, "keys", keyColumn, width);
    requireColumns(values, "values", valueColumn, width);
    if (probabilities != null
        && (long) probabilities.rows() * probabilities.columns() != layout.probabilityCount()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "probabilities is [%d, %d], %d elements are needed",
              probabilities.rows(),
              probabilities.columns(),
              layout.probabilityCount()));
    }
    open()
        .attention
        .attend(
            layout,
            HostMatrix.of(queries),
            queryColumn,
            HostMatrix.of(keys),
            keyColumn,
            HostMatrix.of(values),
            valueColumn,
            dropout,
            HostMatrix.of(out, "out", out.rows(), width),
            probabilities == null ? null : HostMatrix.of(probabilities));
  }

  static void requireColumns(Matrix matrix, String name, int column, int width) {
    if (column < 0 || column + width > matrix.columns()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s is [%d, %d], the heads need columns %d to %d",
              name,
              matrix.rows(),
              matrix.columns(),
              column,
              column + width - 1));
    }
  }

  @Override
  public void gatherRows(Matrix x, int[] rows, Matrix out) {
    open();
    HostMatrix source = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(out, "out", rows.length, x.columns());
    for (int i = 0; i < rows.length; i++) {
      copy(source, source.rowOffset(rows[i]), target, target.rowOffset(i), x.columns());
    }
  }

  @Override
  public void scatterRows(Matrix x, int column, int[] rows, Matrix out) {
    open();
    requireColumns(x, "x", column, out.columns());
    HostMatrix source = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(out);
    for (int i = 0; i < rows.length; i++) {
      long from = source.rowOffset(i) + (long) column * Float.BYTES;
      copy(source, from, target, target.rowOffset(rows[i]), out.columns());
    }
  }

  private static void copy(HostMatrix source, long from, HostMatrix target, long to, int count) {
    MemorySegment.copy(source.segment(), from, target.segment(), to, (long) count * Float.BYTES);
  }

  @Override
  public void activate(Activation activation, Matrix x, Matrix out) {
    open()
        .training()
        .activation
        .apply(activation, HostMatrix.of(x), HostMatrix.of(out, "out", x.rows(), x.columns()));
  }

  @Override
  public void dropout(Dropout dropout, Matrix x, @Nullable Matrix residual, Matrix out) {
    open()
        .training()
        .dropout
        .apply(
            dropout,
            HostMatrix.of(x),
            residual == null ? null : HostMatrix.of(residual, "residual", x.rows(), x.columns()),
            HostMatrix.of(out, "out", x.rows(), x.columns()));
  }

  @Override
  public void crossEntropy(Matrix logits, int[] labels, float smoothing, Matrix out) {
    open()
        .crossEntropy
        .of(HostMatrix.of(logits), labels, smoothing, HostMatrix.of(out, "out", logits.rows(), 1));
  }

  @Override
  public Matrix crossEntropy(
      ClassShare share, Matrix logits, int[] labels, float smoothing, Matrix out) {
    HostMatrix statistics = HostMatrix.of(matrix(logits.rows(), HostCollectives.STATISTICS));
    HostMatrix totals = HostMatrix.of(matrix(logits.rows(), 1));
    open().training().rowStatistics.of(HostMatrix.of(logits), labels, share.first(), statistics);
    HostMatrix losses = HostMatrix.of(out, "out", logits.rows(), 1);
    HostCollectives.crossEntropy(share, statistics, labels, smoothing, losses, totals);
    return totals;
  }

  @Override
  public void allReduce(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    open();
    HostMatrix added =
        residual == null ? null : HostMatrix.of(residual, "residual", x.rows(), x.columns());
    HostMatrix target = HostMatrix.of(out, "out", x.rows(), x.columns());
    HostCollectives.allReduce(group, HostMatrix.of(x), added, target);
  }

  @Override
  public void reduceScatter(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    open();
    HostMatrix added =
        residual == null ? null : HostMatrix.of(residual, "residual", out.rows(), out.columns());
    HostCollectives.reduceScatter(group, HostMatrix.of(x), added, HostMatrix.of(out));
  }

  @Override
  public void allGather(Communicator group, Matrix x, GatheredUse use, Matrix all) {
    open();
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
    open();
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
    return new VectorGradients(this::open, backend.precision());
  }

  @Override
  public void close() {
    Workspace mine = workspace;
    workspace = null;
    if (mine != null) {
      backend.release(mine, owner);
    }
  }
}
