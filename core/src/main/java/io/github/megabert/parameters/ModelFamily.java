// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parameters;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The families of models in transformers that are computed here. */
public enum ModelFamily {
  /** {@code transformers.models.megatron_bert}. */
  MEGATRON_BERT("megatron-bert", LayerOrder.PRE_LAYER_NORM),
  /** {@code transformers.models.bert}. */
  BERT("bert", LayerOrder.POST_LAYER_NORM);

  private final String modelType;
  private final LayerOrder order;

  ModelFamily(String modelType, LayerOrder order) {
    this.modelType = modelType;
    this.order = order;
  }

  /** The name in transformers, as {@code model_type} of a configuration has it. */
  public String modelType() {
    return modelType;
  }

  /** Where its layers have LayerNorm. */
  public LayerOrder order() {
    return order;
  }

  /** The family of that {@code model_type}, if it is one of these; dash or underscore. */
  public static Optional<ModelFamily> find(String modelType) {
    String name = modelType.replace('_', '-');
    return Arrays.stream(values()).filter(family -> family.modelType.equals(name)).findFirst();
  }

  /** The family that has a class of that name, if one has. */
  public static Optional<ModelFamily> ofClassName(String className) {
    return Arrays.stream(values())
        .filter(
            family ->
                Arrays.stream(ModelClass.values())
                    .anyMatch(c -> c.className(family).equals(className)))
        .findFirst();
  }

  /** All {@code model_type}s, quoted, for messages. */
  public static String modelTypes() {
    return Arrays.stream(values())
        .map(family -> "'" + family.modelType + "'")
        .collect(Collectors.joining(" or "));
  }
}
