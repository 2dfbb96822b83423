// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.scalar;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.host.HostResidentMatrix;
import io.github.megabert.backend.spi.LinearShapes;
import io.github.megabert.tensor.BFloat16;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Keeps parameters as float32 arrays and computes with plain loops on one thread. */
public final class ScalarBackend implements Backend {
  /** A table. */
  record Table(HostMatrix values) implements Parameter {
    @Override
    public int rows() {
      return values.rows();
    }

    @Override
    public int columns() {
      return values.columns();
    }
  }

  /**
   * A stacked linear layer.
   *
   * @param weight {@code [outputs, inputs]}
   * @param bias as many numbers as outputs
   * @param precision of the weights in products, F32 or BF16
   */
  record Dense(HostMatrix weight, HostMatrix bias, Precision precision) implements Linear {
    /** The weight as products read it. */
    HostMatrix factor() {
      if (precision == Precision.F32) {
        return weight;
      }
      long bytes = weight.elements() * Float.BYTES;
      HostMatrix rounded =
          new HostMatrix(
              Arena.ofAuto().allocate(bytes, Tensor.ALIGNMENT), weight.rows(), weight.columns());
      for (long i = 0; i < weight.elements(); i++) {
        rounded.set(i, BFloat16.round(weight.get(i)));
      }
      return rounded;
    }

    @Override
    public int inputs() {
      return weight.columns();
    }

    @Override
    public int outputs() {
      return weight.rows();
    }
  }

  /** Freed when nothing reads it any more: calls under way when the backend is closed may end. */
  private final Arena arena = Arena.ofAuto();

  private final Precision precision;
  private final AtomicLong parameterBytes = new AtomicLong();
  private volatile boolean closed;

  /** A new backend in float32. */
  public ScalarBackend() {
    this(Precision.F32);
  }

  /**
   * A new backend.
   *
   * @param precision F32 or BF16
   */
  ScalarBackend(Precision precision) {
    this.precision = precision;
  }

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
    return precision;
  }

  @Override
  public Parameter parameter(Tensor values) {
    requireOpen();
    int rank = values.shape().rank();
    if (rank != 1 && rank != 2) {
      throw new IllegalArgumentException(
          "a parameter is a vector or a table, not of shape " + values.shape());
    }
    HostMatrix table =
        matrix(rank == 1 ? 1 : values.shape().intExtent(0), values.shape().intExtent(-1));
    copy(values, table, 0);
    return new Table(table);
  }

  private HostMatrix matrix(int rows, int columns) {
    long bytes = Math.max(1, (long) rows * columns) * Float.BYTES;
    parameterBytes.addAndGet(bytes);
    return new HostMatrix(arena.allocate(bytes, Tensor.ALIGNMENT), rows, columns);
  }

  private static void copy(Tensor values, HostMatrix target, long first) {
    for (long i = 0; i < values.elements(); i++) {
      target.set(first + i, values.getFloat(i));
    }
  }

  @Override
  public Linear linear(List<Tensor> weights, List<@Nullable Tensor> biases) {
    requireOpen();
    LinearShapes shapes = LinearShapes.check(weights, biases);
    HostMatrix weight = matrix(shapes.outputs(), shapes.inputs());
    HostMatrix bias = matrix(1, shapes.outputs());
    long row = 0;
    for (int i = 0; i < weights.size(); i++) {
      copy(weights.get(i), weight, row * shapes.inputs());
      Tensor partBias = biases.get(i);
      if (partBias != null) {
        copy(partBias, bias, row);
      }
      row += weights.get(i).shape().extent(0);
    }
    return new Dense(new Dense(weight, bias, precision).factor(), bias, Precision.F32);
  }

  @Override
  public Parameter parameter(ResidentMatrix values) {
    requireOpen();
    return new Table(HostMatrix.of(values));
  }

  @Override
  public Linear linear(ResidentMatrix weight, ResidentMatrix bias) {
    requireOpen();
    return new Dense(
        HostMatrix.of(weight), HostMatrix.ofElements(bias, "the bias", weight.rows()), precision);
  }

  @Override
  public ResidentMatrix resident(int rows, int columns) {
    requireOpen();
    return new HostResidentMatrix(rows, columns);
  }

  @Override
  public OptionalLong parameterBytes() {
    return OptionalLong.of(parameterBytes.get());
  }

  @Override
  public Computation begin() {
    requireOpen();
    return new ScalarComputation(precision);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the scalar backend is closed");
    }
  }

  @Override
  public void close() {
    closed = true;
    parameterBytes.set(0);
  }
}
