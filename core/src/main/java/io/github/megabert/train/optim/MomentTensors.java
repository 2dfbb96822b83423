// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.optim;

import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.file.OwnedArena;
import io.github.megabert.model.TrainableParameters;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** {@link AdamW}'s moments by name, whole, until it updates again. */
public final class MomentTensors implements NamedTensors {
  private final Map<String, ParameterSpec> specs = new LinkedHashMap<>();
  private final Reader reader;
  private final OwnedArena kept;

  /** Puts a moment together. */
  interface Reader {
    Tensor read(String name, ParameterSpec spec, Arena arena);
  }

  /**
   * @param kept what the reader has, closed with this
   */
  MomentTensors(TrainableParameters parameters, Reader reader, OwnedArena kept) {
    this.reader = reader;
    this.kept = kept;
    for (ParameterSpec spec : parameters.trained()) {
      specs.put(AdamW.FIRST + spec.name(), spec);
      specs.put(AdamW.SECOND + spec.name(), spec);
    }
  }

  @Override
  public String source() {
    return "the optimizer";
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(specs.keySet());
  }

  @Override
  public DType dtype(String name) {
    spec(name);
    return DType.F32;
  }

  @Override
  public Shape shape(String name) {
    return spec(name).shape();
  }

  private ParameterSpec spec(String name) {
    ParameterSpec spec = specs.get(name);
    if (spec == null) {
      throw new IllegalArgumentException("there is no moment " + name);
    }
    return spec;
  }

  @Override
  public Tensor tensor(String name) {
    return tensor(name, Arena.ofAuto());
  }

  /**
   * {@inheritDoc}
   *
   * @param to one that is open to all threads
   */
  @Override
  public Tensor tensor(String name, Arena to) {
    return reader.read(name, spec(name), to);
  }

  @Override
  public void close() {
    kept.close();
  }
}
