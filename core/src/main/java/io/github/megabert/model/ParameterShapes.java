package io.github.megabert.model;

import io.github.megabert.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** Names and shapes of the parameters that each class has, in the order of transformers. */
public final class ParameterShapes {
  private ParameterShapes() {}

  /**
   * The parameters of a class under a configuration; tied ones are named once.
   *
   * @throws IllegalArgumentException if there is no such class
   */
  public static Map<String, Shape> of(MegatronBertConfig config, String className) {
    if (!MegatronBert.CLASS_NAMES.contains(className)) {
      throw new IllegalArgumentException("there is no class \"" + className + "\"");
    }
    Map<String, Shape> shapes = new LinkedHashMap<>();
    int hidden = config.hiddenSize();
    shapes.put("bert.embeddings.word_embeddings.weight", Shape.of(config.vocabSize(), hidden));
    shapes.put(
        "bert.embeddings.position_embeddings.weight",
        Shape.of(config.maxPositionEmbeddings(), hidden));
    shapes.put(
        "bert.embeddings.token_type_embeddings.weight", Shape.of(config.typeVocabSize(), hidden));
    for (int i = 0; i < config.numHiddenLayers(); i++) {
      String layer = "bert.encoder.layer." + i + ".";
      attention(shapes, layer + "attention.", hidden);
      if (config.addCrossAttention()) {
        attention(shapes, layer + "crossattention.", hidden);
      }
      norm(shapes, layer + "ln", hidden);
      linear(shapes, layer + "intermediate.dense", hidden, config.intermediateSize());
      linear(shapes, layer + "output.dense", config.intermediateSize(), hidden);
    }
    norm(shapes, "bert.encoder.ln", hidden);
    switch (className) {
      case MegatronBertModel.CLASS_NAME -> linear(shapes, "bert.pooler.dense", hidden, hidden);
      case MegatronBertForMaskedLM.CLASS_NAME, MegatronBertForCausalLM.CLASS_NAME ->
          languageModel(shapes, config);
      case MegatronBertForPreTraining.CLASS_NAME -> {
        linear(shapes, "bert.pooler.dense", hidden, hidden);
        languageModel(shapes, config);
        linear(shapes, "cls.seq_relationship", hidden, 2);
      }
      case MegatronBertForNextSentencePrediction.CLASS_NAME -> {
        linear(shapes, "bert.pooler.dense", hidden, hidden);
        linear(shapes, "cls.seq_relationship", hidden, 2);
      }
      case MegatronBertForSequenceClassification.CLASS_NAME -> {
        linear(shapes, "bert.pooler.dense", hidden, hidden);
        linear(shapes, "classifier", hidden, config.numLabels());
      }
      case MegatronBertForMultipleChoice.CLASS_NAME -> {
        linear(shapes, "bert.pooler.dense", hidden, hidden);
        linear(shapes, "classifier", hidden, 1);
      }
      case MegatronBertForTokenClassification.CLASS_NAME ->
          linear(shapes, "classifier", hidden, config.numLabels());
      default -> linear(shapes, "qa_outputs", hidden, 2);
    }
    return shapes;
  }

  private static void attention(Map<String, Shape> shapes, String prefix, int hidden) {
    norm(shapes, prefix + "ln", hidden);
    linear(shapes, prefix + "self.query", hidden, hidden);
    linear(shapes, prefix + "self.key", hidden, hidden);
    linear(shapes, prefix + "self.value", hidden, hidden);
    linear(shapes, prefix + "output.dense", hidden, hidden);
  }

  private static void languageModel(Map<String, Shape> shapes, MegatronBertConfig config) {
    int hidden = config.hiddenSize();
    shapes.put("cls.predictions.bias", Shape.of(config.vocabSize()));
    linear(shapes, "cls.predictions.transform.dense", hidden, hidden);
    norm(shapes, "cls.predictions.transform.LayerNorm", hidden);
    if (!config.tieWordEmbeddings()) {
      shapes.put("cls.predictions.decoder.weight", Shape.of(config.vocabSize(), hidden));
    }
  }

  private static void norm(Map<String, Shape> shapes, String prefix, int size) {
    shapes.put(prefix + ".weight", Shape.of(size));
    shapes.put(prefix + ".bias", Shape.of(size));
  }

  private static void linear(Map<String, Shape> shapes, String prefix, int inputs, int outputs) {
    shapes.put(prefix + ".weight", Shape.of(outputs, inputs));
    shapes.put(prefix + ".bias", Shape.of(outputs));
  }
}
