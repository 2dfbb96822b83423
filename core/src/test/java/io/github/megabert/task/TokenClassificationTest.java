// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TokenClassification.Aggregation;
import io.github.megabert.task.TokenClassification.Entities;
import io.github.megabert.task.TokenClassification.Entity;
import io.github.megabert.task.TokenClassification.Options;
import io.github.megabert.tokenizer.Overflow;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class TokenClassificationTest {
  private static final String BACKENDS = "io.github.megabert.task.PipelineFixtures#backends";
  private static final String TASK = "token_classification";

  /**
   * transformers 5.17 stops reading a long text early (tokenizers 0.23); so its stride case is
   * compared with the windows that it made.
   */
  @ParameterizedTest
  @MethodSource(BACKENDS)
  void entitiesMatchTransformers(String backend) throws IOException {
    assertMatches(backend, "expected.json", Overflow.AS_REFERENCE);
  }

  /** Windows over the whole text, each through transformers' own model and postprocessing. */
  @ParameterizedTest
  @MethodSource(BACKENDS)
  void windowsOverAWholeTextMatchTransformers(String backend) throws IOException {
    assertMatches(backend, "complete_windows.json", Overflow.COMPLETE);
  }

  private static void assertMatches(String backend, String file, Overflow overflow)
      throws IOException {
    try (MegaBert bert = PipelineFixtures.open(TASK, backend)) {
      TokenClassification classifier = bert.tokenClassification();
      for (PipelineFixtures.Case c : PipelineFixtures.cases(TASK, file)) {
        Entities actual = classifier.apply(c.text(), options(c.options(), overflow));
        assertEntities(c.result(), actual.entities());
        boolean unread = c.options().has("stride") && overflow == Overflow.AS_REFERENCE;
        assertEquals(unread, actual.truncatedTokens() > 0);
      }
    }
  }

  private static Options options(JsonNode given, Overflow overflow) {
    Options options = Options.DEFAULT;
    if (given.has("aggregation_strategy")) {
      String name = given.get("aggregation_strategy").stringValue();
      options = options.withAggregation(Aggregation.valueOf(name.toUpperCase(Locale.ROOT)));
    }
    if (given.has("ignore_labels")) {
      options = options.withIgnoredLabels(Set.of());
    }
    if (!given.has("stride")) {
      return options;
    }
    int stride = given.get("stride").intValue();
    return overflow == Overflow.COMPLETE
        ? options.withWindows(stride)
        : options.withReferenceWindows(stride);
  }

  private static void assertEntities(JsonNode expected, List<Entity> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < actual.size(); i++) {
      JsonNode wanted = expected.get(i);
      Entity entity = actual.get(i);
      String key = wanted.has("entity") ? "entity" : "entity_group";
      assertEquals(wanted.get(key).stringValue(), entity.label());
      assertEquals(wanted.get("word").stringValue(), entity.word());
      assertEquals(wanted.get("start").intValue(), entity.span().codePointStart());
      assertEquals(wanted.get("end").intValue(), entity.span().codePointEnd());
      assertEquals(wanted.path("index").asInt(-1), entity.index());
      PipelineFixtures.assertScore(wanted.get("score"), entity.score());
    }
  }

  @Test
  void charactersOutsideTheBasicPlaneCountTwiceInUtf16() throws IOException {
    try (MegaBert bert = PipelineFixtures.open(TASK, "vector")) {
      String text = "\uD83D\uDE00 Paris";
      Options everything = Options.DEFAULT.withIgnoredLabels(Set.of());
      List<Entity> entities = bert.tokenClassification().apply(text, everything).entities();
      assertEquals("\uD83D\uDE00", entities.getFirst().word());
      assertEquals(new TextSpan(0, 2, 0, 1), entities.getFirst().span());
      assertEquals(new TextSpan(3, 8, 2, 7), entities.getLast().span());
      assertEquals("Paris", entities.getLast().span().of(text));
    }
  }

  @Test
  void manyTextsGiveWhatEachGivesAlone() throws IOException {
    try (MegaBert bert = PipelineFixtures.open(TASK, "vector")) {
      TokenClassification classifier = bert.tokenClassification();
      Options options = Options.DEFAULT.withAggregation(Aggregation.SIMPLE).withWindows(8);
      List<String> texts =
          List.of("Angela Merkel visited Paris.", "New York City. ".repeat(40), "", "Obama");
      List<Entities> together = classifier.applyAll(texts, options);
      List<Entities> streamed = classifier.stream(texts.stream(), options).toList();
      assertEquals(List.of(), together.get(2).entities());
      for (int i = 0; i < texts.size(); i++) {
        List<Entity> alone = classifier.apply(texts.get(i), options).entities();
        assertSameEntities(alone, together.get(i).entities());
        assertSameEntities(alone, streamed.get(i).entities());
      }
    }
  }

  private static void assertSameEntities(List<Entity> expected, List<Entity> actual) {
    assertEquals(
        expected.stream().map(Entity::span).toList(), actual.stream().map(Entity::span).toList());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).score(), actual.get(i).score(), 1e-6);
    }
  }

  @Test
  void longTextsAreNeverCutSilently() throws IOException {
    try (MegaBert bert = PipelineFixtures.open(TASK, "vector")) {
      TokenClassification classifier = bert.tokenClassification();
      String text = "word ".repeat(100);
      assertThrows(IllegalArgumentException.class, () -> classifier.apply(text));
      Entities cut = classifier.apply(text, Options.DEFAULT.withLongText(LongText.TRUNCATE));
      assertEquals(38, cut.truncatedTokens());
      Exception overlap =
          assertThrows(IllegalArgumentException.class, () -> Options.DEFAULT.withWindows(8));
      assertTrue(overlap.getMessage().contains("aggregation"), overlap.getMessage());
    }
  }
}
