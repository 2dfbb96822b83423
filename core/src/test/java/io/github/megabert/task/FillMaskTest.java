// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.task.FillMask.Candidate;
import io.github.megabert.task.FillMask.Filled;
import io.github.megabert.task.FillMask.Mask;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class FillMaskTest {
  private static final String BACKENDS = "io.github.megabert.task.PipelineFixtures#backends";

  @ParameterizedTest
  @MethodSource(BACKENDS)
  void candidatesMatchTransformers(String backend) throws IOException {
    try (MegaBert bert = PipelineFixtures.open("fill_mask", backend)) {
      FillMask fillMask = bert.fillMask();
      for (PipelineFixtures.Case c : PipelineFixtures.cases("fill_mask", "expected.json")) {
        List<String> targets = new ArrayList<>();
        c.options().path("targets").forEach(target -> targets.add(target.stringValue()));
        int count = c.options().path("top_k").asInt(5);
        FillMask.Options options = FillMask.Options.DEFAULT.withTopK(count).withTargets(targets);
        List<Mask> masks = fillMask.apply(c.text(), options).masks();
        if (masks.size() == 1) {
          assertCandidates(c.result(), masks.getFirst().candidates());
          if (targets.isEmpty()) {
            assertCandidates(c.result(), fillMask.best(c.text(), count));
          }
        } else {
          assertEquals(c.result().size(), masks.size());
          for (int i = 0; i < masks.size(); i++) {
            assertCandidates(c.result().get(i), masks.get(i).candidates());
          }
        }
        masks.forEach(mask -> assertEquals("[MASK]", mask.span().of(c.text())));
      }
    }
  }

  private static void assertCandidates(JsonNode expected, List<Candidate> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < actual.size(); i++) {
      JsonNode wanted = expected.get(i);
      assertEquals(wanted.get("token").intValue(), actual.get(i).tokenId());
      assertEquals(wanted.get("token_str").stringValue(), actual.get(i).token());
      assertEquals(wanted.get("sequence").stringValue(), actual.get(i).sequence());
      PipelineFixtures.assertScore(wanted.get("score"), actual.get(i).score());
    }
  }

  @Test
  void manyTextsGiveWhatEachGivesAlone() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("fill_mask", "vector")) {
      FillMask fillMask = bert.fillMask();
      List<String> texts =
          List.of("A [MASK] b [MASK].", "The cat is [MASK] today and tomorrow.", "[MASK]");
      List<Filled> together = fillMask.applyAll(texts);
      List<Filled> streamed = fillMask.stream(texts.stream()).toList();
      for (int i = 0; i < texts.size(); i++) {
        Filled alone = fillMask.apply(texts.get(i));
        assertSame(alone, together.get(i));
        assertSame(alone, streamed.get(i));
      }
    }
  }

  private static void assertSame(Filled expected, Filled actual) {
    assertEquals(expected.masks().size(), actual.masks().size());
    assertEquals(expected.best().tokenId(), actual.best().tokenId());
    for (int m = 0; m < expected.masks().size(); m++) {
      List<Candidate> candidates = expected.masks().get(m).candidates();
      for (int i = 0; i < candidates.size(); i++) {
        Candidate other = actual.masks().get(m).candidates().get(i);
        assertEquals(candidates.get(i).tokenId(), other.tokenId());
        assertEquals(candidates.get(i).score(), other.score(), 1e-6);
      }
    }
  }

  @Test
  void theBestOfSeveralMasksIsAskedForByMask() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("fill_mask", "scalar")) {
      Exception refused =
          assertThrows(
              IllegalArgumentException.class, () -> bert.fillMask().best("A [MASK] b [MASK].", 1));
      assertEquals(
          "the text has 2 masks, and best(text, count) is for one: \"A [MASK] b [MASK].\";"
              + " apply(text) gives the words for each",
          refused.getMessage());
    }
  }

  @Test
  void textsWithoutMaskAndTextsTooLongAreRefused() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("fill_mask", "vector")) {
      FillMask fillMask = bert.fillMask();
      Exception none =
          assertThrows(IllegalArgumentException.class, () -> fillMask.apply("no mask here"));
      assertTrue(none.getMessage().contains("no [MASK]: \"no mask here\""), none.getMessage());
      Exception tooLong =
          assertThrows(
              IllegalArgumentException.class, () -> fillMask.apply("[MASK] " + "a ".repeat(70)));
      assertTrue(
          tooLong.getMessage().contains("has 73 tokens, the model takes at most 64"),
          tooLong.getMessage());
    }
  }
}
