package io.github.megabert.backend.scalar;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.host.HostResidentMatrix;
import io.github.megabert.backend.spi.LinearShapes;
import io.github.megabert.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keeps parameters as float32 arrays and computes with plain loops on one thread. */
public final class ScalarBackend implements Backend {
  /** A table in row-major order. */
  record Table(float[] values, int rows, int columns) implements Parameter {}

  /** A stacked weight {@code [outputs, inputs]}, row-major, and its bias. */
  record Dense(float[] weight, float[] bias, int inputs, int outputs) implements Linear {}

  private volatile boolean closed;

  /** A new backend; it holds nothing that needs freeing. */
  public ScalarBackend() {}

  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public String device() {
    return "plain loops in double precision, 1 thread";
  }

  @Override
  public Precision precision() {
    return Precision.F32;
  }

  @Override
  public Parameter parameter(Tensor values) {
    requireOpen();
    int rank = values.shape().rank();
    if (rank != 1 && rank != 2) {
      throw new IllegalArgumentException(
          "a parameter is a vector or a table, not of shape " + values.shape());
    }
    return new Table(
        values.toFloatArray(),
        rank == 1 ? 1 : values.shape().intExtent(0),
        values.shape().intExtent(-1));
  }

  @Override
  public Linear linear(List<Tensor> weights, List<@Nullable Tensor> biases) {
    requireOpen();
    LinearShapes shapes = LinearShapes.check(weights, biases);
    float[] weight = new float[Math.multiplyExact(shapes.inputs(), shapes.outputs())];
    float[] bias = new float[shapes.outputs()];
    int row = 0;
    for (int i = 0; i < weights.size(); i++) {
      float[] part = weights.get(i).toFloatArray();
      System.arraycopy(part, 0, weight, row * shapes.inputs(), part.length);
      Tensor partBias = biases.get(i);
      int rows = weights.get(i).shape().intExtent(0);
      if (partBias != null) {
        System.arraycopy(partBias.toFloatArray(), 0, bias, row, rows);
      }
      row += rows;
    }
    return new Dense(weight, bias, shapes.inputs(), shapes.outputs());
  }

  @Override
  public ResidentMatrix resident(int rows, int columns) {
    requireOpen();
    return new HostResidentMatrix(rows, columns);
  }

  @Override
  public Computation begin() {
    requireOpen();
    return new ScalarComputation();
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the scalar backend is closed");
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
