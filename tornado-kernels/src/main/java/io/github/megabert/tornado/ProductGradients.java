// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Precision;
import io.github.megabert.tornado.kernels.BFloat16Kernels;
import io.github.megabert.tornado.kernels.FloatMatrixKernels;
import io.github.megabert.tornado.kernels.MatrixLibrary;
import io.github.megabert.tornado.kernels.TrainingTasks;
import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Kernel;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Recording;
import io.github.megabert.tornado.recording.Temporary;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The two products of a linear layer's backward pass: by cuBLAS, or by a kernel where that does not
 * serve.
 */
final class ProductGradients {
  private final TornadoBackend backend;
  private final Recording recording;
  private final TrainingScalars scalars;

  /** What lies rounded in the place for it, and after how many steps nothing was recorded since. */
  private @Nullable Operand rounded;

  private int roundedAt;

  ProductGradients(TornadoBackend backend, Recording recording, TrainingScalars scalars) {
    this.backend = backend;
    this.recording = recording;
    this.scalars = scalars;
  }

  /** Forgets what lies rounded. */
  void forget() {
    rounded = null;
  }

  /** Notes that what a gradient was when its product with the input was recorded, it still is. */
  void keepRounded(TornadoMatrix dOut) {
    if (dOut.operand().equals(rounded)) {
      roundedAt = recording.size();
    }
  }

  /** A gradient in bfloat16. */
  private Operand round(TornadoMatrix dOut) {
    int count = dOut.capacity() * dOut.columns();
    Operand factor = Temporary.GRADIENT_FACTOR.of(count, Element.BFLOAT16);
    if (!dOut.operand().equals(rounded) || roundedAt != recording.size()) {
      narrow(dOut.operand(), factor, count);
    }
    rounded = dOut.operand();
    return factor;
  }

  private void narrow(Operand from, Operand to, int count) {
    Call call = BFloat16Kernels.narrow(from, to, count);
    recording.add(call, () -> List.of(call));
  }

  /** {@code dX = dOut·W}, or added to dX. */
  void input(TornadoMatrix dOut, TornadoLinear linear, boolean add, TornadoMatrix dX) {
    int rows = dOut.capacity();
    int outputs = linear.outputs();
    int inputs = linear.inputs();
    if (!backend.products().byLibrary(inputs, outputs)) {
      multiply(
          scalars.rowsAt(outputs),
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
    if (backend.multipliesBFloat16()) {
      recording.addLibrary(
          MatrixLibrary.MIXED,
          MatrixLibrary.product(
                  linear.weight(),
                  round(dOut),
                  dX.operand(),
                  false,
                  false,
                  inputs,
                  rows,
                  outputs,
                  add ? 1f : 0f)
              .toArray());
      return;
    }
    library(
        backend.precision() == Precision.TF32 ? MatrixLibrary.INPUT_TF32 : MatrixLibrary.INPUT,
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
      rounded = null;
      int rowsAt = scalars.rowsAt(x.rows());
      Operand sum = dWeight.operand();
      multiply(rowsAt, dOut.operand(), x.operand(), sum, outputs, inputs, rows, 1, outputs, true);
      return;
    }
    clearPadding(dOut);
    clearPadding(x);
    if (backend.multipliesBFloat16()) {
      int count = rows * inputs;
      Operand factor = Temporary.FACTOR.of(count, Element.BFLOAT16);
      narrow(x.operand(), factor, count);
      recording.addLibrary(
          MatrixLibrary.MIXED,
          MatrixLibrary.product(
                  factor, round(dOut), dWeight.operand(), false, true, inputs, outputs, rows, 1f)
              .toArray());
      return;
    }
    library(
        backend.precision() == Precision.TF32 ? MatrixLibrary.WEIGHT_TF32 : MatrixLibrary.WEIGHT,
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
