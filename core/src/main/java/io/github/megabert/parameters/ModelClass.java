// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parameters;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The nine classes of a family in transformers, and what each has on the stack. Both families have
 * the same heads; only the name of the one that continues texts differs by more than its beginning.
 */
public enum ModelClass {
  /** Embeddings, layers and, where the checkpoint has one, a pooler. */
  MODEL("Model", Head.POOLER),
  /** Fills masked tokens. */
  MASKED_LM("ForMaskedLM", Head.LANGUAGE_MODEL),
  /** Continues a text. */
  CAUSAL_LM("ForCausalLM", Head.LANGUAGE_MODEL),
  /** Masked tokens and sentence pairs. */
  PRE_TRAINING("ForPreTraining", Head.POOLER, Head.LANGUAGE_MODEL, Head.SENTENCE_PAIR),
  /** Does a text continue another? */
  NEXT_SENTENCE("ForNextSentencePrediction", Head.POOLER, Head.SENTENCE_PAIR),
  /** Classes of a text. */
  SEQUENCE_CLASSIFICATION("ForSequenceClassification", Head.POOLER, Head.LABEL_CLASSIFIER),
  /** Which choice fits? */
  MULTIPLE_CHOICE("ForMultipleChoice", Head.POOLER, Head.CHOICE_CLASSIFIER),
  /** Classes of tokens. */
  TOKEN_CLASSIFICATION("ForTokenClassification", Head.LABEL_CLASSIFIER),
  /** Where does an answer begin and end? */
  QUESTION_ANSWERING("ForQuestionAnswering", Head.ANSWER_SPAN);

  /** What may stand on the stack of layers. */
  enum Head {
    POOLER,
    LANGUAGE_MODEL,
    SENTENCE_PAIR,
    LABEL_CLASSIFIER,
    CHOICE_CLASSIFIER,
    ANSWER_SPAN
  }

  private final String suffix;

  @SuppressWarnings("ImmutableEnumChecker") // List.of gives an immutable list.
  private final List<Head> heads;

  ModelClass(String suffix, Head... heads) {
    this.suffix = suffix;
    this.heads = List.of(heads);
  }

  /** The name in transformers' MegatronBERT, which is the name of the class in Java too. */
  public String className() {
    return className(ModelFamily.MEGATRON_BERT);
  }

  /** The name in transformers, as {@code architectures} of a configuration has it. */
  public String className(ModelFamily family) {
    return switch (family) {
      case MEGATRON_BERT -> "MegatronBert" + suffix;
      case BERT -> this == CAUSAL_LM ? "BertLMHeadModel" : "Bert" + suffix;
    };
  }

  List<Head> heads() {
    return heads;
  }

  /** The class of that name in transformers, in either family, if it is one of these. */
  public static Optional<ModelClass> find(String className) {
    return ModelFamily.ofClassName(className)
        .flatMap(
            family ->
                Arrays.stream(values())
                    .filter(c -> c.className(family).equals(className))
                    .findFirst());
  }

  /**
   * The class of that name in transformers, in either family.
   *
   * @throws IllegalArgumentException if there is none; the message lists those there are
   */
  public static ModelClass of(String className) {
    return find(className)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "there is no class \"" + className + "\"; there are " + names()));
  }

  /** All names in both families, separated by commas. */
  public static String names() {
    return Arrays.stream(ModelFamily.values())
        .flatMap(family -> Arrays.stream(values()).map(c -> c.className(family)))
        .collect(Collectors.joining(", "));
  }

  @Override
  public String toString() {
    return className();
  }
}
