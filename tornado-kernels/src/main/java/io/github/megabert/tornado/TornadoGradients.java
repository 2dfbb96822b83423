// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AdamWStep;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.Gradients;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.tornado.kernels.DeviceMath;
import io.github.megabert.tornado.kernels.FloatRowKernels;
import io.github.megabert.tornado.kernels.TrainingRowKernels;
import io.github.megabert.tornado.kernels.TrainingTasks;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Recording;
import io.github.megabert.tornado.recording.Temporary;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Records the adjoints of a {@link TornadoComputation}'s operations. Sums over rows end where the
 * rows do: padding adds nothing. Losses of few numbers are differentiated on the host.
 */
final class TornadoGradients implements Gradients {
  private final TornadoComputation computation;
  private final Recording recording;
  private final DividedCrossEntropy dividedLoss;
  private final HostOperations onHost;
  private final TrainingScalars scalars;
  private final ProductGradients products;
  private final AttentionGradients attention;
  private final TableGradients tables;
  private final OptimizerCalls optimizer;

  /** Matrices that have been cleared, and after how many steps nothing was recorded since. */
  private final Set<Operand> cleared = new HashSet<>();

  private int clearedAt;

  TornadoGradients(
      TornadoComputation computation,
      TornadoBackend backend,
      Recording recording,
      DividedCrossEntropy dividedLoss,
      HostOperations onHost) {
    this.computation = computation;
    this.dividedLoss = dividedLoss;
    this.onHost = onHost;
    this.recording = recording;
    scalars = new TrainingScalars(recording);
    tables = new TableGradients(computation, recording);
    optimizer = new OptimizerCalls(computation, recording, scalars);
    products = new ProductGradients(backend, recording, scalars);
    attention =
        new AttentionGradients(
            recording,
            scalars,
            backend.multipliesBFloat16() ? new DenseAttentionGradients(recording) : null);
  }

  /** Forgets what lies in the integers, when these have been forgotten. */
  void forget() {
    scalars.forget();
    products.forget();
    attention.forget();
    optimizer.forget();
    cleared.clear();
  }

  /**
   * To callers matrices are float32 in every precision that is trained in. Products round their
   * factors, and {@link RoundedMatrices} stores those matrices rounded that nothing else reads.
   */
  @Override
  public Precision precision() {
    return Precision.F32;
  }

  private TornadoMatrix own(Matrix matrix, String name) {
    return computation.own(matrix, name);
  }

  private TornadoMatrix own(Matrix matrix, String name, int rows, int columns) {
    return computation.own(matrix, name, rows, columns);
  }

  /** A vector in whatever shape. */
  private TornadoMatrix ownElements(Matrix matrix, String name, int elements) {
    if ((long) matrix.rows() * matrix.columns() != elements) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s is [%d, %d], %d elements are needed",
              name,
              matrix.rows(),
              matrix.columns(),
              elements));
    }
    return own(matrix, name);
  }

  private static int elements(TornadoMatrix matrix) {
    return Math.multiplyExact(matrix.capacity(), matrix.columns());
  }

  @Override
  public void round(Matrix x) {
    throw keepsFloats();
  }

  @Override
  public void pack(Matrix x, Matrix packed) {
    throw keepsFloats();
  }

  @Override
  public void unpack(Matrix packed, Matrix x) {
    throw keepsFloats();
  }

  private static UnsupportedOperationException keepsFloats() {
    return new UnsupportedOperationException(
        "the tornado backend itself decides which matrices of training it rounds");
  }

  @Override
  public void clear(Matrix x) {
    TornadoMatrix matrix = own(x, "x");
    if (clearedAt != recording.size()) {
      cleared.clear();
    }
    computation.clear(matrix.operand(), elements(matrix));
    cleared.add(matrix.operand());
    clearedAt = recording.size();
  }

  /** Whether a matrix is known to hold zeros. */
  private boolean isCleared(Matrix x) {
    return clearedAt == recording.size() && cleared.contains(own(x, "x").operand());
  }

  /** For the program to be built: see {@link RoundedMatrices}. */
  @Override
  public void discard(Matrix x) {
    if (!recording.isEmpty()) {
      recording.add(TrainingTasks.DISCARD, Grid.elements(1), own(x, "x").operand());
    }
  }

  @Override
  public void add(Matrix x, Matrix sum) {
    TornadoMatrix source = own(x, "x");
    TornadoMatrix target = own(sum, "sum", x.rows(), x.columns());
    recording.add(
        TrainingTasks.ADD,
        Grid.elements(elements(source)),
        source.operand(),
        target.operand(),
        elements(source));
  }

  @Override
  public void linearInput(Matrix dOut, Backend.Linear linear, boolean add, Matrix dX) {
    TornadoLinear dense = (TornadoLinear) linear;
    TornadoMatrix source = own(dOut, "dOut", dOut.rows(), dense.outputs());
    computation.refresh(dense);
    products.input(source, dense, add, own(dX, "dX", dOut.rows(), dense.inputs()));
  }

  @Override
  public void linearParameters(
      Matrix dOut, Matrix x, @Nullable Matrix dWeight, @Nullable Matrix dBias) {
    TornadoMatrix source = own(dOut, "dOut");
    TornadoMatrix input = own(x, "x", dOut.rows(), x.columns());
    if (dWeight != null) {
      products.weight(source, input, own(dWeight, "dWeight", dOut.columns(), x.columns()));
    }
    if (dBias != null) {
      addColumnSums(source, ownElements(dBias, "dBias", dOut.columns()));
    }
    if (dWeight != null) {
      products.keepRounded(source);
    }
  }

  private void addColumnSums(TornadoMatrix x, TornadoMatrix out) {
    int blocks = Math.ceilDiv(x.capacity(), TrainingRowKernels.BLOCK_ROWS);
    Operand partial = Temporary.BLOCKS.of(blocks * x.columns(), Element.FLOAT);
    recording.add(
        TrainingTasks.SUM_BLOCKS,
        columns(x.columns(), blocks),
        Operand.INTEGERS,
        scalars.rowsAt(x.rows()),
        x.operand(),
        partial,
        x.columns());
    addBlocks(partial, 0, blocks, out, x.columns());
  }

  private void addBlocks(
      Operand partial, int firstBlock, int blocks, TornadoMatrix out, int columns) {
    recording.add(
        TrainingTasks.ADD_BLOCKS,
        columns(columns, 1),
        partial,
        firstBlock,
        blocks,
        out.operand(),
        columns);
  }

  private static Grid columns(int columns, int blocks) {
    return new Grid(
        Math.ceilDiv(columns, TrainingRowKernels.COLUMN_THREADS),
        blocks,
        TrainingRowKernels.COLUMN_THREADS);
  }

  @Override
  public void activation(Activation activation, Matrix x, Matrix dOut, Matrix dX) {
    TornadoMatrix input = own(x, "x");
    TornadoMatrix source = own(dOut, "dOut", x.rows(), x.columns());
    TornadoMatrix target = own(dX, "dX", x.rows(), x.columns());
    recording.add(
        TrainingTasks.ACTIVATION,
        Grid.elements(elements(input)),
        input.operand(),
        source.operand(),
        target.operand(),
        DeviceMath.code(activation),
        elements(input));
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
    TornadoMatrix input = own(x, "x");
    TornadoMatrix source = own(dOut, "dOut", x.rows(), columns);
    TornadoMatrix target = dX == null ? null : own(dX, "dX", x.rows(), columns);
    Operand statistics = Temporary.STATISTICS.of(2 * input.capacity(), Element.FLOAT);
    recording.add(
        TrainingTasks.LAYER_NORM,
        Grid.rows(input.capacity(), FloatRowKernels.ROW_THREADS),
        input.operand(),
        TornadoParameter.of(weight).floats(),
        source.operand(),
        target == null ? source.operand() : target.operand(),
        statistics,
        columns,
        eps,
        target == null ? 0 : add ? 2 : 1);
    if (dWeight == null && dBias == null) {
      return;
    }
    int blocks = Math.ceilDiv(input.capacity(), TrainingRowKernels.BLOCK_ROWS);
    Operand partial = Temporary.BLOCKS.of(2 * blocks * columns, Element.FLOAT);
    recording.add(
        TrainingTasks.LAYER_NORM_COLUMNS,
        columns(columns, blocks),
        Operand.INTEGERS,
        scalars.rowsAt(x.rows()),
        input.operand(),
        source.operand(),
        statistics,
        partial,
        columns,
        blocks);
    if (dWeight != null) {
      addBlocks(partial, 0, blocks, ownElements(dWeight, "dWeight", columns), columns);
    }
    if (dBias != null) {
      addBlocks(partial, blocks, blocks, ownElements(dBias, "dBias", columns), columns);
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
    attention.recordGradients(
        layout,
        List.of(own(queries, "queries"), own(keys, "keys"), own(values, "values")),
        new int[] {queryColumn, keyColumn, valueColumn},
        dropout,
        own(out, "out"),
        own(dOut, "dOut", out.rows(), out.columns()),
        List.of(
            own(dQueries, "dQueries", queries.rows(), queries.columns()),
            own(dKeys, "dKeys", keys.rows(), keys.columns()),
            own(dValues, "dValues", values.rows(), values.columns())),
        new boolean[] {!isCleared(dQueries), !isCleared(dKeys), !isCleared(dValues)});
  }

  /** Attention with dropout, which the forward pass of training needs. */
  void attentionWithDropout(
      AttentionLayout layout,
      List<TornadoMatrix> sources,
      int[] columns,
      Dropout dropout,
      TornadoMatrix out) {
    attention.record(layout, sources, columns, dropout, out);
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
    TornadoMatrix source = own(dOut, "dOut");
    if (tokenIds != null) {
      addRows(source, tokenIds, paddingId, dWords);
    }
    addRows(source, typeIds, -1, dTypes);
    addRows(source, positionIds, -1, dPositions);
  }

  private void addRows(TornadoMatrix x, int[] rows, int without, @Nullable Matrix table) {
    if (table != null) {
      tables.addRows(x, rows, without, own(table, "table", table.rows(), x.columns()));
    }
  }

  @Override
  public void gatherRows(Matrix dOut, int[] rows, Matrix dX) {
    addRows(own(dOut, "dOut", rows.length, dOut.columns()), rows, -1, dX);
  }

  @Override
  public void dropout(Dropout dropout, Matrix dOut, Matrix dX) {
    TornadoMatrix source = own(dOut, "dOut");
    dropout(dropout, source, null, own(dX, "dX", dOut.rows(), dOut.columns()));
  }

  /** Dropout, and its own adjoint. */
  void dropout(
      Dropout dropout, TornadoMatrix x, @Nullable TornadoMatrix residual, TornadoMatrix out) {
    boolean quads = elements(x) % 4 == 0;
    recording.add(
        quads ? TrainingTasks.DROPOUT_OF_QUADS : TrainingTasks.DROPOUT,
        Grid.elements(quads ? elements(x) / 4 : elements(x)),
        scalars.dropout(dropout),
        x.operand(),
        residual == null ? x.operand() : residual.operand(),
        out.operand(),
        residual == null ? 0 : 1,
        elements(x));
  }

  @Override
  public void crossEntropy(
      Matrix logits, int[] labels, float smoothing, Matrix dOut, Matrix dLogits) {
    TornadoMatrix source = own(logits, "logits");
    TornadoMatrix slope = own(dOut, "dOut", logits.rows(), 1);
    TornadoMatrix target = own(dLogits, "dLogits", logits.rows(), logits.columns());
    recording.add(
        TrainingTasks.CROSS_ENTROPY_GRADIENT,
        Grid.rows(source.capacity(), FloatRowKernels.ROW_THREADS),
        Operand.INTEGERS,
        recording.integers().section(labels, source.capacity(), -1),
        source.operand(),
        slope.operand(),
        target.operand(),
        source.columns(),
        smoothing);
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
    dividedLoss.gradient(
        share,
        own(logits, "logits"),
        labels,
        smoothing,
        own(totals, "totals", logits.rows(), 1),
        own(dOut, "dOut", logits.rows(), 1),
        own(dLogits, "dLogits", logits.rows(), logits.columns()));
  }

  @Override
  public void columnCrossEntropy(
      Matrix logits, int column, int[] offsets, int[] labels, Matrix dOut, Matrix dLogits) {
    onHost.replace(
        dLogits,
        host -> {
          Matrix sum = onHost.copy(host, dLogits);
          host.gradients()
              .columnCrossEntropy(
                  onHost.copy(host, logits), column, offsets, labels, onHost.copy(host, dOut), sum);
          return sum;
        });
  }

  @Override
  public void squaredError(Matrix x, Matrix targets, Matrix dOut, Matrix dX) {
    onHost.replace(
        dX,
        host -> {
          Matrix gradient = host.matrix(x.rows(), x.columns());
          host.gradients()
              .squaredError(
                  onHost.copy(host, x),
                  onHost.copy(host, targets),
                  onHost.copy(host, dOut),
                  gradient);
          return gradient;
        });
  }

  @Override
  public void binaryCrossEntropy(Matrix logits, Matrix targets, Matrix dOut, Matrix dLogits) {
    onHost.replace(
        dLogits,
        host -> {
          Matrix gradient = host.matrix(logits.rows(), logits.columns());
          host.gradients()
              .binaryCrossEntropy(
                  onHost.copy(host, logits),
                  onHost.copy(host, targets),
                  onHost.copy(host, dOut),
                  gradient);
          return gradient;
        });
  }

  @Override
  public double squaredNorm(Matrix x, int firstRow, int rows) {
    return squaredNorm(List.of(new Rows(x, firstRow, rows)));
  }

  @Override
  public double squaredNorm(List<Rows> parts) {
    return optimizer.squaredNorm(parts);
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
    adamW(List.of(new Update(step, value, gradient, firstMoment, secondMoment, firstRow, rows)));
  }

  @Override
  public void adamW(List<Update> updates) {
    optimizer.adamW(updates);
  }

  @Override
  public double clippedAdamW(List<Rows> parts, double largest, List<Update> updates) {
    return optimizer.clippedAdamW(parts, largest, updates);
  }
}
