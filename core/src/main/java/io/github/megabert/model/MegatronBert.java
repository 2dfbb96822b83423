package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.checkpoint.Checkpoint;
import java.util.List;
import tools.jackson.databind.node.JsonNodeFactory;

/** One of the nine MegatronBERT classes. All are immutable and thread-safe. */
public sealed interface MegatronBert
    permits MegatronBertModel,
        MegatronBertForMaskedLM,
        MegatronBertForCausalLM,
        MegatronBertForPreTraining,
        MegatronBertForNextSentencePrediction,
        MegatronBertForSequenceClassification,
        MegatronBertForMultipleChoice,
        MegatronBertForTokenClassification,
        MegatronBertForQuestionAnswering {

  /** Names of the nine classes. */
  List<String> CLASS_NAMES =
      List.of(
          MegatronBertModel.CLASS_NAME,
          MegatronBertForMaskedLM.CLASS_NAME,
          MegatronBertForCausalLM.CLASS_NAME,
          MegatronBertForPreTraining.CLASS_NAME,
          MegatronBertForNextSentencePrediction.CLASS_NAME,
          MegatronBertForSequenceClassification.CLASS_NAME,
          MegatronBertForMultipleChoice.CLASS_NAME,
          MegatronBertForTokenClassification.CLASS_NAME,
          MegatronBertForQuestionAnswering.CLASS_NAME);

  /** The configuration. */
  MegatronBertConfig config();

  /** Name of the transformers class. */
  String className();

  /** The backend that holds the parameters. */
  Backend backend();

  /**
   * Takes a model out of a checkpoint. The caller keeps both open while the model is used, and
   * closes them.
   *
   * @throws IllegalArgumentException if the class is unknown or not named, or a tensor is missing
   *     or has another shape than the configuration asks for; the message names it and says what to
   *     do
   */
  static MegatronBert load(Checkpoint checkpoint, Backend backend, LoadOptions options) {
    MegatronBertConfig config = MegatronBertConfig.of(checkpoint.config(), checkpoint.source());
    String className = options.className();
    if (className == null) {
      className = classOf(config, checkpoint);
    }
    if (className.equals(MegatronBertForCausalLM.CLASS_NAME) && !config.isDecoder()) {
      config = config.with("is_decoder", JsonNodeFactory.instance.booleanNode(true));
    }
    ParameterSource source =
        new ParameterSource(checkpoint, backend, config, options.missingHeadSeed());
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
                      + String.join(", ", CLASS_NAMES));
        };
    source.reportUnused(className);
    return model;
  }

  private static String classOf(MegatronBertConfig config, Checkpoint checkpoint) {
    for (String name : config.architectures()) {
      if (CLASS_NAMES.contains(name)) {
        return name;
      }
    }
    if (config.architectures().isEmpty()) {
      return checkpoint.names().contains("cls.predictions.bias")
          ? MegatronBertForMaskedLM.CLASS_NAME
          : MegatronBertModel.CLASS_NAME;
    }
    throw new IllegalArgumentException(
        checkpoint.source()
            + " holds a "
            + String.join(", ", config.architectures())
            + ", which is none of the MegatronBERT classes "
            + String.join(", ", CLASS_NAMES));
  }
}
