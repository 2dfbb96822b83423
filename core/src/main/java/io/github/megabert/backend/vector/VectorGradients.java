// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

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
import io.github.megabert.backend.scalar.ScalarGradients;
import io.github.megabert.backend.vector.gemm.PackedLinear;
import io.github.megabert.backend.vector.memory.HostParameter;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks shapes and hands each adjoint to its kernel, at once. Operations without a kernel are
 * those of {@link ScalarGradients}.
 */
final class VectorGradients implements Gradients {
  private static final ScalarGradients SCALAR =
      new ScalarGradients(
          new ScalarGradients.Parameters() {
            @Override
            public HostMatrix weight(Backend.Linear linear) {
              return layer(linear).live();
            }

            @Override
            public HostMatrix values(Backend.Parameter parameter) {
              return ((HostParameter) parameter).live();
            }
          },
          Precision.F32);

  private final Supplier<Workspace> workspace;
  private final Precision precision;

  /**
   * The adjoints of a computation.
   *
   * @param workspace the computation's, or an exception if it is closed
   */
  VectorGradients(Supplier<Workspace> workspace, Precision precision) {
    this.workspace = workspace;
    this.precision = precision;
  }

  private static PackedLinear layer(Backend.Linear linear) {
    if (!(linear instanceof PackedLinear host)) {
      throw new IllegalArgumentException("the linear layer belongs to another backend: " + linear);
    }
    return host;
  }

  private Workspace open() {
    return workspace.get();
  }

  @Override
  public void clear(Matrix x) {
    open().training().elements.clear(HostMatrix.of(x));
  }

  @Override
  public void add(Matrix x, Matrix sum) {
    open()
        .training()
        .elements
        .add(HostMatrix.of(x), HostMatrix.of(sum, "sum", x.rows(), x.columns()));
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public void round(Matrix x) {
    open().training().halves.round(HostMatrix.of(x));
  }

  @Override
  public void pack(Matrix x, Matrix halves) {
    open().training().halves.pack(HostMatrix.of(x), packed(x, halves));
  }

  @Override
  public void unpack(Matrix halves, Matrix x) {
    open().training().halves.unpack(packed(x, halves), HostMatrix.of(x));
  }

  private static HostMatrix packed(Matrix x, Matrix halves) {
    return HostMatrix.of(halves, "halves", Math.ceilDiv(x.rows(), 2), x.columns());
  }

  @Override
  public void linearInput(Matrix dOut, Backend.Linear linear, boolean add, Matrix dX) {
    PackedLinear layer = layer(linear);
    open()
        .training()
        .linearGradients
        .input(
            HostMatrix.of(dOut, "dOut", dOut.rows(), layer.outputs()),
            layer,
            add,
            HostMatrix.of(dX, "dX", dOut.rows(), layer.inputs()));
  }

  @Override
  public void linearParameters(
      Matrix dOut, Matrix x, @Nullable Matrix dWeight, @Nullable Matrix dBias) {
    open()
        .training()
        .linearGradients
        .parameters(
            HostMatrix.of(dOut),
            HostMatrix.of(x, "x", dOut.rows(), x.columns()),
            dWeight == null ? null : HostMatrix.of(dWeight, "dWeight", dOut.columns(), x.columns()),
            dBias == null ? null : HostMatrix.ofElements(dBias, "dBias", dOut.columns()));
  }

  @Override
  public void activation(Activation activation, Matrix x, Matrix dOut, Matrix dX) {
    open()
        .training()
        .activation
        .adjoint(
            activation,
            HostMatrix.of(x),
            HostMatrix.of(dOut, "dOut", x.rows(), x.columns()),
            HostMatrix.of(dX, "dX", x.rows(), x.columns()));
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
    open()
        .training()
        .layerNormAdjoint
        .run(
            HostMatrix.of(x),
            HostParameter.vector(weight, "the weight", columns),
            eps,
            HostMatrix.of(dOut, "dOut", x.rows(), columns),
            add,
            dX == null ? null : HostMatrix.of(dX, "dX", x.rows(), columns),
            dWeight == null ? null : HostMatrix.ofElements(dWeight, "dWeight", columns),
            dBias == null ? null : HostMatrix.ofElements(dBias, "dBias", columns));
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
    int width = layout.heads() * layout.headDim();
    VectorComputation.requireColumns(queries, "queries", queryColumn, width);
    VectorComputation.requireColumns(keys, "keys", keyColumn, width);
    VectorComputation.requireColumns(values, "values", valueColumn, width);
    open()
        .training()
        .attentionAdjoint
        .addGradients(
            layout,
            HostMatrix.of(queries),
            queryColumn,
            HostMatrix.of(keys),
            keyColumn,
            HostMatrix.of(values),
            valueColumn,
            dropout,
            HostMatrix.of(dOut, "dOut", queries.rows(), width),
            HostMatrix.of(dQueries, "dQueries", queries.rows(), queries.columns()),
            HostMatrix.of(dKeys, "dKeys", keys.rows(), keys.columns()),
            HostMatrix.of(dValues, "dValues", values.rows(), values.columns()));
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
    HostMatrix source = HostMatrix.of(dOut);
    if (tokenIds != null) {
      addRows(source, tokenIds, paddingId, dWords, "dWords");
    }
    addRows(source, typeIds, -1, dTypes, "dTypes");
    addRows(source, positionIds, -1, dPositions, "dPositions");
  }

  private void addRows(
      HostMatrix source, int[] rows, int without, @Nullable Matrix table, String name) {
    if (table != null) {
      HostMatrix target = HostMatrix.of(table, name, table.rows(), source.columns());
      open().training().scatterAdd.add(source, rows, without, target);
    }
  }

  @Override
  public void gatherRows(Matrix dOut, int[] rows, Matrix dX) {
    addRows(HostMatrix.of(dOut, "dOut", rows.length, dOut.columns()), rows, -1, dX, "dX");
  }

  @Override
  public void dropout(Dropout dropout, Matrix dOut, Matrix dX) {
    open()
        .training()
        .dropout
        .apply(
            dropout,
            HostMatrix.of(dOut),
            null,
            HostMatrix.of(dX, "dX", dOut.rows(), dOut.columns()));
  }

  @Override
  public void crossEntropy(
      Matrix logits, int[] labels, float smoothing, Matrix dOut, Matrix dLogits) {
    open()
        .training()
        .crossEntropyAdjoint
        .run(
            HostMatrix.of(logits),
            labels,
            smoothing,
            HostMatrix.of(dOut, "dOut", logits.rows(), 1),
            HostMatrix.of(dLogits, "dLogits", logits.rows(), logits.columns()));
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
    open()
        .training()
        .crossEntropyAdjoint
        .run(
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
    open();
    SCALAR.columnCrossEntropy(logits, column, offsets, labels, dOut, dLogits);
  }

  @Override
  public void squaredError(Matrix x, Matrix targets, Matrix dOut, Matrix dX) {
    open();
    SCALAR.squaredError(x, targets, dOut, dX);
  }

  @Override
  public void binaryCrossEntropy(Matrix logits, Matrix targets, Matrix dOut, Matrix dLogits) {
    open();
    SCALAR.binaryCrossEntropy(logits, targets, dOut, dLogits);
  }

  @Override
  public double squaredNorm(Matrix x, int firstRow, int rows) {
    return open().training().squaredNorm.of(HostMatrix.of(x), firstRow, rows);
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
    int columns = value.columns();
    open()
        .training()
        .adamW
        .update(
            step,
            HostMatrix.of(value),
            HostMatrix.of(gradient, "gradient", value.rows(), columns),
            HostMatrix.of(firstMoment, "firstMoment", value.rows(), columns),
            HostMatrix.of(secondMoment, "secondMoment", value.rows(), columns),
            firstRow,
            rows);
  }
}
