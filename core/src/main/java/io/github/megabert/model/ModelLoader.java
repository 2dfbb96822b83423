package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.checkpoint.Checkpoint;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Takes models of one or several classes out of one checkpoint into one backend. Models share what
 * they have in common, so a second head costs only its own weights.
 *
 * <p>The caller keeps the checkpoint and the backend open while the models are used, and closes
 * them. Thread-safe.
 */
public final class ModelLoader {
  private final Checkpoint checkpoint;
  private final Backend backend;
  private final Map<String, Object> shared = new ConcurrentHashMap<>();

  /** A loader that has loaded nothing yet. */
  public ModelLoader(Checkpoint checkpoint, Backend backend) {
    this.checkpoint = checkpoint;
    this.backend = backend;
  }

  /**
   * Takes a model out of the checkpoint.
   *
   * @throws IllegalArgumentException if the class is unknown or not named, or a tensor is missing
   *     or has another shape than the configuration asks for; the message names it and says what to
   *     do
   */
  public MegatronBert load(LoadOptions options) {
    MegatronBertConfig config = MegatronBertConfig.of(checkpoint.config(), checkpoint.source());
    String className = options.className() == null ? defaultClass(config) : options.className();
    if (className.equals(MegatronBertForCausalLM.CLASS_NAME) && !config.isDecoder()) {
      config = config.with("is_decoder", JsonNodeFactory.instance.booleanNode(true));
    }
    ParameterSource source =
        new ParameterSource(checkpoint, backend, config, shared, options.missingHeadSeed());
    MegatronBert model =
        switch (className) {
          case MegatronBertModel.CLASS_NAME -> MegatronBertModel.load(source);
          case MegatronBertForMaskedLM.CLASS_NAME -> new MegatronBertForMaskedLM(source);
          case MegatronBertForCausalLM.CLASS_NAME -> new MegatronBertForCausalLM(source);
          case MegatronBertForPreTraining.CLASS_NAME -> new MegatronBertForPreTraining(source);
          case MegatronBertForNextSentencePrediction.CLASS_NAME ->
              new MegatronBertForNextSentencePrediction(source);
          case MegatronBertForSequenceClassification.CLASS_NAME ->
              new MegatronBertForSequenceClassification(source);
          case MegatronBertForMultipleChoice.CLASS_NAME ->
              new MegatronBertForMultipleChoice(source);
          case MegatronBertForTokenClassification.CLASS_NAME ->
              new MegatronBertForTokenClassification(source);
          case MegatronBertForQuestionAnswering.CLASS_NAME ->
              new MegatronBertForQuestionAnswering(source);
          default ->
              throw new IllegalArgumentException(
                  "there is no class \""
                      + className
                      + "\"; there are "
                      + String.join(", ", MegatronBert.CLASS_NAMES));
        };
    source.reportUnexpected(className);
    return model;
  }

  /** The class that {@code architectures} names; without it, what the tensors allow. */
  private String defaultClass(MegatronBertConfig config) {
    for (String name : config.architectures()) {
      if (MegatronBert.CLASS_NAMES.contains(name)) {
        return name;
      }
    }
    if (!config.architectures().isEmpty()) {
      throw new IllegalArgumentException(
          checkpoint.source()
              + " holds a "
              + String.join(", ", config.architectures())
              + ", which is none of the MegatronBERT classes "
              + String.join(", ", MegatronBert.CLASS_NAMES));
    }
    return checkpoint.names().contains("cls.predictions.bias")
        ? MegatronBertForMaskedLM.CLASS_NAME
        : MegatronBertModel.CLASS_NAME;
  }
}
