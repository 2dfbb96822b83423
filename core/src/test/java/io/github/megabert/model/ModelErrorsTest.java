// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.scalar.ScalarBackend;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** What does not fit is refused with one sentence that names it and the limit. */
class ModelErrorsTest {
  private static final MegatronBertConfig CONFIG = MegatronBertConfig.ofSizes(1, 8, 2, 16, 10, 6);

  private final Backend backend = new ScalarBackend();
  private final Arena arena = Arena.ofAuto();

  private MegatronBert model(String className) {
    return MegatronBert.load(
        RandomCheckpoint.of(CONFIG, ModelClass.of(className), 1), backend, LoadOptions.DEFAULT);
  }

  private Tensor longs(Shape shape, long... values) {
    return Tensor.ofLongs(arena, shape, values);
  }

  private static void assertRefused(Executable call, String... words) {
    IllegalArgumentException refusal = assertThrows(IllegalArgumentException.class, call);
    for (String word : words) {
      assertTrue(refusal.getMessage().contains(word), word + " in: " + refusal.getMessage());
    }
    assertEquals(-1, refusal.getMessage().indexOf('\n'), refusal.getMessage());
  }

  private void assertForwardRefused(String className, Map<String, Tensor> inputs, String... words) {
    MegatronBert model = model(className);
    assertRefused(() -> TransformersForward.run(model, inputs, OutputOptions.NONE), words);
  }

  @Test
  void aTokenOutsideTheVocabulary() {
    assertForwardRefused(
        "MegatronBertModel",
        Map.of("input_ids", longs(Shape.of(1, 3), 1, 10, 2)),
        "token id 10 of token 1 in sequence 0",
        "vocab_size 10");
  }

  @Test
  void aSequenceLongerThanThePositions() {
    assertForwardRefused(
        "MegatronBertModel",
        Map.of("input_ids", longs(Shape.of(1, 7), 1, 1, 1, 1, 1, 1, 1)),
        "sequence 0 has 7 tokens",
        "max_position_embeddings 6");
  }

  @Test
  void aTokenTypeOutsideItsRange() {
    assertForwardRefused(
        "MegatronBertModel",
        Map.of(
            "input_ids", longs(Shape.of(1, 2), 1, 1),
            "token_type_ids", longs(Shape.of(1, 2), 0, 2)),
        "token type id 2",
        "type_vocab_size 2");
  }

  @Test
  void aMaskOfAnotherShape() {
    assertForwardRefused(
        "MegatronBertModel",
        Map.of(
            "input_ids", longs(Shape.of(1, 2), 1, 1),
            "attention_mask", longs(Shape.of(1, 3), 1, 1, 1)),
        "attention_mask has shape [1, 3]",
        "1 sequences of 2 tokens");
  }

  @Test
  void aLabelOutsideItsRange() {
    assertForwardRefused(
        "MegatronBertForMaskedLM",
        Map.of("input_ids", longs(Shape.of(1, 2), 1, 1), "labels", longs(Shape.of(1, 2), -100, 10)),
        "label 10 at index 1",
        "0 … 9");
  }

  @Test
  void labelsOfAnotherShape() {
    assertForwardRefused(
        "MegatronBertForTokenClassification",
        Map.of("input_ids", longs(Shape.of(1, 2), 1, 1), "labels", longs(Shape.of(1), 1)),
        "labels has shape [1]",
        "2 labels");
  }

  @Test
  void bothKindsOfInputOrNone() {
    assertForwardRefused("MegatronBertModel", Map.of(), "none is given");
    assertForwardRefused(
        "MegatronBertModel",
        Map.of(
            "input_ids", longs(Shape.of(1, 1), 1),
            "inputs_embeds", Tensor.ofFloats(arena, Shape.of(1, 1, 8), new float[8])),
        "not both");
  }

  @Test
  void anUnknownInput() {
    assertForwardRefused(
        "MegatronBertModel",
        Map.of("input_idz", longs(Shape.of(1, 1), 1)),
        "input_idz",
        "input_ids");
  }

  @Test
  void inputsWithoutTheAxisOfChoices() {
    assertForwardRefused(
        "MegatronBertForMultipleChoice",
        Map.of("input_ids", longs(Shape.of(1, 2), 1, 1)),
        "[1, 2]",
        "[questions, choices, length]");
  }

  @Test
  void encoderStatesWithoutCrossAttention() {
    assertForwardRefused(
        "MegatronBertModel",
        Map.of(
            "input_ids", longs(Shape.of(1, 1), 1),
            "encoder_hidden_states", Tensor.ofFloats(arena, Shape.of(1, 1, 8), new float[8])),
        "add_cross_attention");
  }

  @Test
  void aHeadThatTheCheckpointLacksUnlessItMayBeMissing() {
    RandomCheckpoint masked = RandomCheckpoint.of(CONFIG, ModelClass.MASKED_LM, 1);
    LoadOptions wanted = LoadOptions.ofClass(ModelClass.TOKEN_CLASSIFICATION);
    assertRefused(
        () -> MegatronBert.load(masked, backend, wanted),
        "classifier.weight",
        "MegatronBertForTokenClassification",
        "MegatronBertForMaskedLM");
    assertEquals(
        "MegatronBertForTokenClassification",
        MegatronBert.load(masked, backend, wanted.withMissingHead(3)).className());
  }

  @Test
  void aTensorOfAnotherShapeThanTheConfigurationAsksFor() {
    RandomCheckpoint small = RandomCheckpoint.of(CONFIG, ModelClass.MODEL, 1);
    OtherConfig mismatched = new OtherConfig(small, CONFIG.with("intermediate_size", 17).toMap());
    assertRefused(
        () -> MegatronBertModel.load(mismatched, backend),
        "bert.encoder.layer.0.intermediate.dense.weight",
        "[16, 8]",
        "[17, 8]");
  }

  @Test
  void anUnknownClass() {
    RandomCheckpoint checkpoint = RandomCheckpoint.of(CONFIG, ModelClass.MODEL, 1);
    assertRefused(
        () ->
            MegatronBert.load(
                checkpoint, backend, LoadOptions.ofClass(ModelClass.of("RobertaModel"))),
        "\"RobertaModel\"",
        "MegatronBertModel",
        "BertLMHeadModel");
  }

  @Test
  void configurationsThatContradictThemselves() {
    assertConfigRefused("{\"hidden_size\": 10, \"num_attention_heads\": 3}", "10", "3");
    assertConfigRefused("{\"hidden_act\": \"gelo\"}", "gelo", "gelu_new");
    assertConfigRefused("{\"vocab_size\": -1}", "vocab_size", "-1");
    assertConfigRefused("{\"vocab_size\": \"many\"}", "vocab_size", "many");
    assertConfigRefused(
        "{\"model_type\": \"roberta\"}", "'roberta'", "'megatron-bert' or 'bert' is expected");
    assertConfigRefused("{\"position_embedding_type\": \"relative_key\"}", "relative_key");
    assertConfigRefused("{\"id2label\": {\"0\": \"a\", \"2\": \"b\"}}", "index 1");
  }

  private static void assertConfigRefused(String json, String... words) {
    Map<String, Object> parsed = parse(json);
    assertRefused(() -> MegatronBertConfig.of(parsed, "config.json"), words);
  }

  private static Map<String, Object> parse(String json) {
    return JsonMapper.shared().readValue(json, new TypeReference<Map<String, Object>>() {});
  }

  @Test
  void aValueThatJsonDoesNotHaveIsRefused() {
    assertRefused(() -> CONFIG.with("custom", new Object()), "custom is a java.lang.Object");
  }

  @Test
  void unknownFieldsOfAConfigurationAreWrittenBack() {
    Map<String, Object> fields =
        parse(
            "{\"model_type\":\"megatron-bert\",\"hidden_size\":8,\"num_attention_heads\":2,"
                + "\"custom\":{\"a\":[1,2]},\"id2label\":{\"0\":\"x\",\"1\":\"y\",\"2\":\"z\"}}");
    MegatronBertConfig config = MegatronBertConfig.of(fields, "config.json");
    assertEquals(fields, config.toMap());
    assertEquals(fields, parse(config.toJson()));
    assertEquals(3, config.numLabels());
    assertEquals(Map.of(0, "x", 1, "y", 2, "z"), config.id2label());
    assertEquals(24, config.numHiddenLayers());
  }
}
