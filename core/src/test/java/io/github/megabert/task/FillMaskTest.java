package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.task.FillMask.Candidate;
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
        FillMask.Options options =
            new FillMask.Options(c.options().path("top_k").asInt(5), targets);
        List<List<Candidate>> masks = fillMask.apply(c.text(), options);
        if (masks.size() == 1) {
          assertCandidates(c.result(), masks.getFirst());
        } else {
          assertEquals(c.result().size(), masks.size());
          for (int i = 0; i < masks.size(); i++) {
            assertCandidates(c.result().get(i), masks.get(i));
          }
        }
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
      List<List<List<Candidate>>> together = fillMask.applyAll(texts, FillMask.Options.DEFAULT);
      List<List<List<Candidate>>> streamed =
          fillMask.stream(texts.stream(), FillMask.Options.DEFAULT).toList();
      for (int i = 0; i < texts.size(); i++) {
        List<List<Candidate>> alone = fillMask.apply(texts.get(i), FillMask.Options.DEFAULT);
        assertSame(alone, together.get(i));
        assertSame(alone, streamed.get(i));
      }
    }
  }

  private static void assertSame(List<List<Candidate>> expected, List<List<Candidate>> actual) {
    assertEquals(expected.size(), actual.size());
    for (int m = 0; m < expected.size(); m++) {
      for (int i = 0; i < expected.get(m).size(); i++) {
        assertEquals(expected.get(m).get(i).tokenId(), actual.get(m).get(i).tokenId());
        assertEquals(expected.get(m).get(i).score(), actual.get(m).get(i).score(), 1e-6);
      }
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
