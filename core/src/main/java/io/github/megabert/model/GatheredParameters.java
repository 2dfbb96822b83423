// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.TrainableParameters.Parameter;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.Set;

/**
 * The stage of a model that ranks share, one whole parameter at a time on each: all of them read
 * the same ones in the same order, and none ever has more than one of them and its own part. Names
 * and shapes are those of the whole model.
 */
record GatheredParameters(TrainableParameters parameters) implements Checkpoint {
  @Override
  public String source() {
    return parameters.source();
  }

  @Override
  public Map<String, Object> config() {
    return parameters.config();
  }

  @Override
  public Set<String> names() {
    return parameters.specs().keySet();
  }

  @Override
  public DType dtype(String name) {
    return parameters.values().dtype(name);
  }

  @Override
  public Shape shape(String name) {
    return parameters.values().shape(name);
  }

  @Override
  public Tensor tensor(String name) {
    return tensor(name, Arena.ofAuto());
  }

  /**
   * {@inheritDoc}
   *
   * @param arena one that is open to all threads
   */
  @Override
  public Tensor tensor(String name, Arena arena) {
    Parameter parameter = parameters.parameter(name);
    Tensor part = parameters.read(parameter, parameter.block().value(), arena);
    return parameters.share().wholeOnAll(parameter.spec(), part, arena);
  }

  /** The parameters stay. */
  @Override
  public void close() {}
}
