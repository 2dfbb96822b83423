package io.github.megabert.model;

import org.jspecify.annotations.Nullable;

/**
 * How a model is taken out of a checkpoint.
 *
 * @param className the transformers class, such as {@code MegatronBertForMaskedLM}; null takes the
 *     one that the configuration's {@code architectures} names
 * @param missingHeadSeed where the checkpoint lacks the head of that class: the seed of random
 *     weights for it, which must then be trained; null refuses the checkpoint
 */
public record LoadOptions(@Nullable String className, @Nullable Long missingHeadSeed) {
  /** The class that the configuration names; nothing may be missing. */
  public static final LoadOptions DEFAULT = new LoadOptions(null, null);

  /** A given class; nothing may be missing. */
  public static LoadOptions ofClass(String className) {
    return new LoadOptions(className, null);
  }

  /** These options with random weights for a missing head. */
  public LoadOptions withMissingHead(long seed) {
    return new LoadOptions(className, seed);
  }
}
