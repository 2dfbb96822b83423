// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Passes everything on to a backend, and has its computations measured. */
final class ProfiledBackend implements Backend {
  private final Backend backend;
  private final OperationProfile profile;

  ProfiledBackend(Backend backend, OperationProfile profile) {
    this.backend = backend;
    this.profile = profile;
  }

  @Override
  public String name() {
    return backend.name();
  }

  @Override
  public String device() {
    return backend.device();
  }

  @Override
  public Precision precision() {
    return backend.precision();
  }

  @Override
  public Parameter parameter(Tensor values) {
    return backend.parameter(values);
  }

  @Override
  public Linear linear(List<Tensor> weights, List<@Nullable Tensor> biases) {
    return backend.linear(weights, biases);
  }

  @Override
  public Parameter parameter(ResidentMatrix values) {
    return backend.parameter(values);
  }

  @Override
  public Linear linear(ResidentMatrix weight, ResidentMatrix bias) {
    return backend.linear(weight, bias);
  }

  @Override
  public ResidentMatrix resident(int rows, int columns) {
    return backend.resident(rows, columns);
  }

  @Override
  public void write(ResidentMatrix matrix, int firstRow, Tensor values) {
    backend.write(matrix, firstRow, values);
  }

  @Override
  public void read(ResidentMatrix matrix, int firstRow, int rows, MemorySegment destination) {
    backend.read(matrix, firstRow, rows, destination);
  }

  @Override
  public double measurePeak() {
    return backend.measurePeak();
  }

  @Override
  public void requireRanks(Communicator group) {
    backend.requireRanks(group);
  }

  @Override
  public OptionalLong parameterBytes() {
    return backend.parameterBytes();
  }

  @Override
  public CompletableFuture<Void> warmUp() {
    return backend.warmUp();
  }

  @Override
  public Computation begin() {
    return new ProfiledComputation(backend.begin(), backend.precision(), profile);
  }

  @Override
  public void close() {
    backend.close();
  }
}
