package io.github.megabert.parameters;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The nine classes of {@code transformers.models.megatron_bert}, and what each has on the stack.
 */
public enum ModelClass {
  /** Embeddings, layers and, where the checkpoint has one, a pooler. */
  MODEL("MegatronBertModel", Head.POOLER),
  /** Fills masked tokens. */
  MASKED_LM("MegatronBertForMaskedLM", Head.LANGUAGE_MODEL),
  /** Continues a text. */
  CAUSAL_LM("MegatronBertForCausalLM", Head.LANGUAGE_MODEL),
  /** Masked tokens and sentence pairs. */
  PRE_TRAINING("MegatronBertForPreTraining", Head.POOLER, Head.LANGUAGE_MODEL, Head.SENTENCE_PAIR),
  /** Does a text continue another? */
  NEXT_SENTENCE("MegatronBertForNextSentencePrediction", Head.POOLER, Head.SENTENCE_PAIR),
  /** Classes of a text. */
  SEQUENCE_CLASSIFICATION(
      "MegatronBertForSequenceClassification", Head.POOLER, Head.LABEL_CLASSIFIER),
  /** Which choice fits? */
  MULTIPLE_CHOICE("MegatronBertForMultipleChoice", Head.POOLER, Head.CHOICE_CLASSIFIER),
  /** Classes of tokens. */
  TOKEN_CLASSIFICATION("MegatronBertForTokenClassification", Head.LABEL_CLASSIFIER),
  /** Where does an answer begin and end? */
  QUESTION_ANSWERING("MegatronBertForQuestionAnswering", Head.ANSWER_SPAN);

  /** What may stand on the stack of layers. */
  enum Head {
    POOLER,
    LANGUAGE_MODEL,
    SENTENCE_PAIR,
    LABEL_CLASSIFIER,
    CHOICE_CLASSIFIER,
    ANSWER_SPAN
  }

  private final String className;

  @SuppressWarnings("ImmutableEnumChecker") // List.of gives an immutable list.
  private final List<Head> heads;

  ModelClass(String className, Head... heads) {
    this.className = className;
    this.heads = List.of(heads);
  }

  /** The name in transformers, as {@code architectures} of a configuration has it. */
  public String className() {
    return className;
  }

  List<Head> heads() {
    return heads;
  }

  /** The class of that name in transformers, if it is one of these. */
  public static Optional<ModelClass> find(String className) {
    return Arrays.stream(values()).filter(c -> c.className.equals(className)).findFirst();
  }

  /**
   * The class of that name in transformers.
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

  /** All names, separated by commas. */
  public static String names() {
    return Arrays.stream(values()).map(c -> c.className).collect(Collectors.joining(", "));
  }

  @Override
  public String toString() {
    return className;
  }
}
