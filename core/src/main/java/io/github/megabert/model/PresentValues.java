// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.TrainableParameters.Parameter;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The values of a model under training as they are when they are read. Where ranks share the model,
 * all read the same tensor together, which the first alone gets.
 */
record PresentValues(TrainableParameters parameters) implements Checkpoint {
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
    spec(name);
    return DType.F32;
  }

  @Override
  public Shape shape(String name) {
    return spec(name).shape();
  }

  private ParameterSpec spec(String name) {
    ParameterSpec spec = parameters.specs().get(name);
    if (spec == null) {
      throw unknown(name);
    }
    return spec;
  }

  private static IllegalArgumentException unknown(String name) {
    return new IllegalArgumentException("the model has no parameter " + name);
  }

  @Override
  public Tensor tensor(String name) {
    Tensor whole = atFirst(spec(name));
    if (whole == null) {
      throw new IllegalStateException(
          name
              + " is of the whole model, which the first rank alone has once all have asked for it");
    }
    return whole;
  }

  /** A parameter as the first rank gets it; null where nothing is known of it. */
  private @Nullable Tensor atFirst(ParameterSpec spec) {
    Arena arena = Arena.ofAuto();
    RankShare share = parameters.share();
    Parameter parameter = parameters.find(spec);
    Tensor whole =
        parameter == null || !share.pipeline().has(spec.place())
            ? null
            : parameters.gather(parameter, parameter.block().value(), arena);
    return share.toFirstStage(spec, whole, arena);
  }

  /** Copies of what the first rank gets of every parameter; all call it. */
  Checkpoint copy() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (ParameterSpec spec : parameters.specs().values()) {
      Tensor tensor = atFirst(spec);
      if (tensor != null) {
        tensors.put(spec.name(), tensor);
      }
    }
    return new Copy(source(), config(), tensors);
  }

  /** The parameters stay. */
  @Override
  public void close() {}

  /** Numbers that do not change any more. */
  private record Copy(String source, Map<String, Object> config, Map<String, Tensor> tensors)
      implements Checkpoint {
    @Override
    public Set<String> names() {
      return tensors.keySet();
    }

    @Override
    public DType dtype(String name) {
      return DType.F32;
    }

    @Override
    public Shape shape(String name) {
      return tensor(name).shape();
    }

    @Override
    public Tensor tensor(String name) {
      Tensor tensor = tensors.get(name);
      if (tensor == null) {
        throw unknown(name);
      }
      return tensor;
    }

    @Override
    public void close() {}
  }
}
