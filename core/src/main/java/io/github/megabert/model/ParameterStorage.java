// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a model's parameters go when they have been read: packed for good, or to be trained. */
interface ParameterStorage {
  /** A table or a vector. */
  Backend.Parameter parameter(ParameterSpec spec, Tensor value);

  /**
   * A stacked linear layer.
   *
   * @param weights of the layers that read the same input
   * @param biases as many
   * @param weightValues as many
   * @param biasValues as many; null stands for zeros
   */
  Backend.Linear linear(
      List<ParameterSpec> weights,
      List<ParameterSpec> biases,
      List<Tensor> weightValues,
      List<@Nullable Tensor> biasValues);

  /** Notes a parameter that is used in a stage of a pipeline which is not here. */
  default void elsewhere(ParameterSpec spec) {}

  /** Whether computations may go on to read the tensors' own memory, that of files included. */
  boolean keepsTensors();

  /** Parameters that are only read, in the form that the backend's kernels like best. */
  record ReadOnly(Backend backend) implements ParameterStorage {
    @Override
    public Backend.Parameter parameter(ParameterSpec spec, Tensor value) {
      return backend.parameter(value);
    }

    @Override
    public Backend.Linear linear(
        List<ParameterSpec> weights,
        List<ParameterSpec> biases,
        List<Tensor> weightValues,
        List<@Nullable Tensor> biasValues) {
      return backend.linear(weightValues, biasValues);
    }

    @Override
    public boolean keepsTensors() {
      return true;
    }
  }

  /** A rank's part of every parameter, whatever becomes of it. */
  record Divided(ParameterStorage storage, TensorRank ranks) implements ParameterStorage {
    @Override
    public Backend.Parameter parameter(ParameterSpec spec, Tensor value) {
      return storage.parameter(ranks.part(spec), own(spec, value));
    }

    @Override
    public Backend.Linear linear(
        List<ParameterSpec> weights,
        List<ParameterSpec> biases,
        List<Tensor> weightValues,
        List<@Nullable Tensor> biasValues) {
      List<@Nullable Tensor> biasParts = new ArrayList<>();
      List<Tensor> weightParts = new ArrayList<>();
      for (int i = 0; i < weights.size(); i++) {
        Tensor bias = biasValues.get(i);
        biasParts.add(bias == null ? null : own(biases.get(i), bias));
        weightParts.add(own(weights.get(i), weightValues.get(i)));
      }
      return storage.linear(parts(weights), parts(biases), weightParts, biasParts);
    }

    /** This rank's part; a copy, unless it lies in a file: the whole is given up. */
    private Tensor own(ParameterSpec spec, Tensor whole) {
      Tensor part = ranks.part(spec, whole);
      if (part.segment().isMapped()
          || whole.segment().asOverlappingSlice(part.segment()).isEmpty()) {
        return part;
      }
      Tensor copy = Tensor.allocate(Arena.ofAuto(), part.dtype(), part.shape());
      MemorySegment.copy(part.segment(), 0, copy.segment(), 0, part.byteSize());
      return copy;
    }

    private List<ParameterSpec> parts(List<ParameterSpec> specs) {
      return specs.stream().map(ranks::part).toList();
    }

    @Override
    public boolean keepsTensors() {
      return storage.keepsTensors();
    }
  }
}
