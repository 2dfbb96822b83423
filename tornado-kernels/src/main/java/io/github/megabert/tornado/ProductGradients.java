package io.github.megabert.tornado;

import io.github.megabert.tornado.kernels.FloatMatrixKernels;
import io.github.megabert.tornado.kernels.MatrixLibrary;
import io.github.megabert.tornado.kernels.TrainingTasks;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Kernel;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Recording;

/**
 * The two products of a linear layer's backward pass: by cuBLAS, or by a kernel where that does not
 * serve.
 */
final class ProductGradients {
  private final TornadoBackend backend;
  private final Recording recording;
  private final TrainingScalars scalars;

  ProductGradients(TornadoBackend backend, Recording recording, TrainingScalars scalars) {
    this.backend = backend;
    this.recording = recording;
    this.scalars = scalars;
  }

  /** {@code dX = dOut·W}, or added to dX. */
  void input(TornadoMatrix dOut, TornadoLinear linear, boolean add, TornadoMatrix dX) {
    int rows = dOut.capacity();
    int outputs = linear.outputs();
    int inputs = linear.inputs();
    if (!backend.products().byLibrary(inputs, outputs)) {
      multiply(
          -1,
          dOut.operand(),
          linear.weight(),
          dX.operand(),
          rows,
          inputs,
          outputs,
          outputs,
          1,
          add);
      return;
    }
    library(
        MatrixLibrary.INPUT,
        linear.weight(),
        dOut.operand(),
        dX.operand(),
        rows,
        outputs,
        inputs,
        add);
  }

  /** {@code dWeight += dOutᵀ·x}. */
  void weight(TornadoMatrix dOut, TornadoMatrix x, TornadoMatrix dWeight) {
    int rows = x.capacity();
    int outputs = dOut.columns();
    int inputs = x.columns();
    if (!backend.products().byLibrary(inputs, outputs)) {
      int rowsAt = scalars.rowsAt(x.rows());
      Operand sum = dWeight.operand();
      multiply(rowsAt, dOut.operand(), x.operand(), sum, outputs, inputs, rows, 1, outputs, true);
      return;
    }
    clearPadding(dOut);
    clearPadding(x);
    library(
        MatrixLibrary.WEIGHT,
        x.operand(),
        dOut.operand(),
        dWeight.operand(),
        rows,
        outputs,
        inputs,
        true);
  }

  /** A library multiplies all rows that there is room for: those beyond must be zeros. */
  private void clearPadding(TornadoMatrix matrix) {
    if (matrix.rows() < matrix.capacity()) {
      recording.add(
          TrainingTasks.CLEAR_PADDING,
          Grid.elements(Buckets.largestPadding(matrix.capacity()) * matrix.columns()),
          Operand.INTEGERS,
          scalars.rowsAt(matrix.rows()),
          matrix.operand(),
          matrix.columns(),
          matrix.capacity() * matrix.columns());
    }
  }

  private void library(
      Kernel kernel,
      Operand left,
      Operand dOut,
      Operand out,
      int rows,
      int outputs,
      int inputs,
      boolean add) {
    recording.addLibrary(kernel, left, dOut, out, rows, outputs, inputs, add ? 1f : 0f);
  }

  private void multiply(
      int termsAt,
      Operand a,
      Operand b,
      Operand out,
      int rows,
      int columns,
      int terms,
      int aRow,
      int aTerm,
      boolean add) {
    recording.add(
        TrainingTasks.PRODUCT,
        new Grid(
            Math.ceilDiv(columns, FloatMatrixKernels.TILE),
            Math.ceilDiv(rows, FloatMatrixKernels.TILE),
            FloatMatrixKernels.THREADS),
        Operand.INTEGERS,
        termsAt,
        a,
        b,
        out,
        rows,
        columns,
        terms,
        aRow,
        aTerm,
        add ? 1 : 0);
  }
}
