// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.parameters.ModelFamily;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Optional;
import java.util.stream.Collectors;

/** Configurations that MegatronBERTs and BERTs are known in. */
public enum ModelSize {
  /** The demo model's. */
  MINI("mini", ModelFamily.MEGATRON_BERT, 6, 256, 4, 8192),
  /** NVIDIA's MegatronBERT-345M. */
  M345("345m", ModelFamily.MEGATRON_BERT, 24, 1024, 16, 29056),
  /** Megatron's BERT of 1.3 billion parameters. */
  B1_3("1.3b", ModelFamily.MEGATRON_BERT, 24, 2048, 32, 29056),
  /** Megatron's BERT of 3.9 billion parameters, GatorTron-medium's shape. */
  B3_9("3.9b", ModelFamily.MEGATRON_BERT, 48, 2560, 40, 29056),
  /** The BERT that makes vectors of sentences, all-MiniLM-L6-v2. */
  MINILM("minilm", ModelFamily.BERT, 6, 384, 12, 30522),
  /** BERT's smaller size. */
  BERT_BASE("bert-base", ModelFamily.BERT, 12, 768, 12, 30522),
  /** BERT's larger size. */
  BERT_LARGE("bert-large", ModelFamily.BERT, 24, 1024, 16, 30522);

  /** For completion. */
  public static final class Names implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Arrays.stream(values()).map(ModelSize::optionName).iterator();
    }
  }

  private final String optionName;
  private final ModelFamily family;
  private final int layers;
  private final int hidden;
  private final int heads;
  private final int vocabulary;

  ModelSize(
      String optionName, ModelFamily family, int layers, int hidden, int heads, int vocabulary) {
    this.optionName = optionName;
    this.family = family;
    this.layers = layers;
    this.hidden = hidden;
    this.heads = heads;
    this.vocabulary = vocabulary;
  }

  /** The name on the command line. */
  public String optionName() {
    return optionName;
  }

  /** The size of that name, if there is one. */
  public static Optional<ModelSize> find(String name) {
    return Arrays.stream(values()).filter(size -> size.optionName.equals(name)).findFirst();
  }

  /**
   * The size of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static ModelSize ofOptionName(String name) {
    return find(name)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "there is no size \""
                        + name
                        + "\"; there are "
                        + Arrays.stream(values())
                            .map(ModelSize::optionName)
                            .collect(Collectors.joining(", "))));
  }

  /** The configuration, with at least so many positions. */
  public MegatronBertConfig config(int positions) {
    return MegatronBertConfig.ofSizes(
        family, layers, hidden, heads, 4 * hidden, vocabulary, Math.max(512, positions));
  }
}
