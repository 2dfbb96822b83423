// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.model.Fixtures;
import io.github.megabert.task.FillMask.Candidate;
import io.github.megabert.task.QuestionAnswering.Answer;
import io.github.megabert.task.QuestionAnswering.Question;
import io.github.megabert.task.TokenClassification.Aggregation;
import io.github.megabert.task.TokenClassification.Entity;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Cases that users of transformers reported, and what transformers 5.17 answers to them. */
class ReportedCasesTest {
  @TempDir Path folder;

  private static List<JsonNode> cases(String task) throws IOException {
    Path file = Fixtures.folder("reported").resolve("cases.json");
    List<JsonNode> cases = new ArrayList<>();
    for (JsonNode node : JsonMapper.shared().readTree(Files.readString(file))) {
      if (node.get("task").stringValue().equals(task)) {
        cases.add(node);
      }
    }
    assertFalse(cases.isEmpty(), task + " has no cases");
    return cases;
  }

  @Test
  void labelsAreSplitAtTheirFirstHyphenAndIgnoredAsAsked() throws IOException {
    Path source = Fixtures.folder("pipelines/token_classification");
    Files.copy(source.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    ObjectNode config =
        (ObjectNode) JsonMapper.shared().readTree(Files.readString(source.resolve("config.json")));
    config.set("id2label", cases("ner").getFirst().get("id2label"));
    Files.writeString(folder.resolve("config.json"), config.toString());
    try (MegaBert bert =
        MegaBert.builder().tokenizer(PipelineFixtures.tokenizerFolder()).load(folder)) {
      for (JsonNode c : cases("ner")) {
        TokenClassification.Options options = TokenClassification.Options.DEFAULT;
        if (c.has("strategy")) {
          String name = c.get("strategy").stringValue().toUpperCase(Locale.ROOT);
          options = options.withAggregation(Aggregation.valueOf(name));
        }
        if (c.has("ignore_labels")) {
          options =
              options.withIgnoredLabels(
                  Set.of(
                      c.get("ignore_labels")
                          .valueStream()
                          .map(JsonNode::stringValue)
                          .toArray(String[]::new)));
        }
        assertEntities(
            c.get("result"),
            bert.tokenClassification().apply(c.get("text").stringValue(), options).entities());
      }
    }
  }

  private static void assertEntities(JsonNode expected, List<Entity> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < actual.size(); i++) {
      JsonNode wanted = expected.get(i);
      String key = wanted.has("entity") ? "entity" : "entity_group";
      assertEquals(wanted.get(key).stringValue(), actual.get(i).label());
      assertEquals(wanted.get("word").stringValue(), actual.get(i).word());
      assertEquals(wanted.get("start").intValue(), actual.get(i).span().codePointStart());
      assertEquals(wanted.get("end").intValue(), actual.get(i).span().codePointEnd());
      // These were computed in half precision.
      assertEquals(wanted.get("score").doubleValue(), actual.get(i).score(), 1e-3);
    }
  }

  @Test
  void fillMaskLeavesPaddingOutAndTargetsGetTheirFirstPiece() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("fill_mask", "vector")) {
      for (JsonNode c : cases("fill-mask")) {
        JsonNode given = c.get("kwargs");
        List<String> targets =
            given.path("targets").valueStream().map(JsonNode::stringValue).toList();
        List<List<Candidate>> masks =
            candidates(
                bert,
                c.get("args").get(0).stringValue(),
                new FillMask.Options(given.path("top_k").asInt(5), targets));
        JsonNode result = c.get("result");
        boolean several = result.get(0).isArray();
        assertEquals(several ? result.size() : 1, masks.size());
        for (int m = 0; m < masks.size(); m++) {
          assertCandidates(several ? result.get(m) : result, masks.get(m));
        }
      }
    }
  }

  private static List<List<Candidate>> candidates(
      MegaBert bert, String text, FillMask.Options options) {
    return bert.fillMask().apply(text, options).masks().stream()
        .map(FillMask.Mask::candidates)
        .toList();
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

  /** As FillMaskPipeline.get_target_ids of transformers 5.17 does. */
  @Test
  void blankTargetsArePassedOverAndOneMustBeLeft() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("fill_mask", "vector")) {
      FillMask.Options some = new FillMask.Options(5, List.of(" ", "dog", ""));
      List<Candidate> candidates = candidates(bert, "a [MASK] dog", some).getFirst();
      assertEquals(1, candidates.size());
      assertEquals(3523, candidates.getFirst().tokenId());
      FillMask.Options none = new FillMask.Options(5, List.of(" "));
      Exception refused =
          assertThrows(
              IllegalArgumentException.class, () -> bert.fillMask().apply("a [MASK]", none));
      assertTrue(refused.getMessage().contains("no target has a token"), refused.getMessage());
    }
  }

  @Test
  void additionalAndExtraSpecialTokensAreOneTokenEach() throws IOException {
    List<String> vocabulary =
        new ArrayList<>(
            Files.readAllLines(PipelineFixtures.tokenizerFolder().resolve("vocab.txt")));
    vocabulary.set(vocabulary.size() - 1, "[E1]");
    Files.write(folder.resolve("vocab.txt"), vocabulary);
    for (JsonNode c : cases("tokenize")) {
      Files.writeString(
          folder.resolve("tokenizer_config.json"), c.get("tokenizer_config").toString());
      int[] wanted = c.get("ids").valueStream().mapToInt(JsonNode::intValue).toArray();
      assertArrayEquals(
          wanted, BertTokenizer.load(folder).encode(c.get("text").stringValue()).ids());
    }
  }

  @Test
  void answersThatWidenToTheSameWordsAreOneWithTheSumOfTheirScores() throws IOException {
    try (MegaBert bert = openQuestionAnswering()) {
      Question question = new Question("who visited paris?", "Angela Merkel visited Paris.");
      QuestionAnswering.Options options = QuestionAnswering.Options.DEFAULT.withTopK(20);
      List<Answer> answers = bert.questionAnswering().apply(question, options).answers();
      Answer best = bert.questionAnswering().apply(question).answers().getFirst();
      assertEquals("Angela Merkel visited Paris", best.text());
      assertEquals(0.0368, best.score(), 5e-5);
      assertEquals(
          answers.size(),
          answers.stream().map(Answer::text).distinct().count(),
          answers.toString());
      // Without words, every stretch of tokens is an answer of its own.
      List<Answer> tokens =
          bert.questionAnswering().apply(question, options.withAlignToWords(false)).answers();
      assertTrue(tokens.stream().anyMatch(answer -> answer.text().equals("Ang")));
    }
  }

  private MegaBert openQuestionAnswering() throws IOException {
    List<String> words =
        List.of(
            "[PAD] [UNK] [CLS] [SEP] [MASK] who visited paris ? ang ##ela mer ##kel .".split(" "));
    List<String> vocabulary = new ArrayList<>(words);
    for (int i = 0; vocabulary.size() < 99; i++) {
      vocabulary.add("u" + i);
    }
    Files.write(folder.resolve("vocab.txt"), vocabulary);
    Path model = Fixtures.folder("transformers/MegatronBertForQuestionAnswering");
    try (Stream<Path> files = Files.list(model)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(String.valueOf(file.getFileName())));
      }
    }
    return MegaBert.load(folder);
  }
}
