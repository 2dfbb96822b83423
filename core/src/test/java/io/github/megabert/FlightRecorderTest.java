// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backends;
import io.github.megabert.model.Fixtures;
import io.github.megabert.task.CrossEncoder;
import io.github.megabert.task.PipelineFixtures;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.task.RequestBatcher;
import io.github.megabert.task.TextClassification;
import io.github.megabert.task.TextPair;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlightRecorderTest {
  private static final String EVENTS = "io.github.megabert.";

  @TempDir private Path folder;

  private List<RecordedEvent> events(Recording recording, String name) throws IOException {
    Path file = folder.resolve(name + ".jfr");
    recording.dump(file);
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().equals(EVENTS + name))
        .toList();
  }

  @Test
  void loadingAndForwardPassesAreRecorded() throws IOException {
    try (Recording recording = new Recording()) {
      recording.start();
      try (MegaBert bert = PipelineFixtures.open("text_classification", "scalar")) {
        TextClassification classifier = bert.textClassification();
        var one = TextClassification.Options.DEFAULT;
        List<String> texts = List.of("no", "The hotel was wonderful.");
        int tokens = texts.stream().mapToInt(text -> classifier.tokens(text, one)).sum();
        classifier.applyAll(texts);
        recording.stop();

        List<RecordedEvent> passes = events(recording, "ForwardPass");
        assertEquals(1, passes.size());
        assertEquals(tokens, passes.getFirst().getInt("rows"));
        assertEquals(2, passes.getFirst().getInt("sequences"));
        assertTrue(passes.getFirst().getDuration().isPositive());

        List<RecordedEvent> loads = events(recording, "ModelLoad");
        assertEquals(1, loads.size());
        assertEquals(
            "MegatronBertForSequenceClassification", loads.getFirst().getString("className"));
        assertEquals("scalar", loads.getFirst().getString("backend"));
        assertEquals(bert.checkpoint().source(), loads.getFirst().getString("source"));

        List<RecordedEvent> answers = events(recording, "Answers");
        assertEquals(1, answers.size());
        assertEquals(Task.TEXT_CLASSIFICATION.label(), answers.getFirst().getString("task"));
        assertEquals(2, answers.getFirst().getInt("answers"));
        assertTrue(
            answers.getFirst().getDuration().compareTo(passes.getFirst().getDuration()) >= 0);
      }
    }
  }

  @Test
  void everyTaskTellsItsAnswersByItsName() throws IOException {
    try (Recording recording = new Recording()) {
      recording.start();
      Set<Task> asked = EnumSet.noneOf(Task.class);
      for (Task task : Task.values()) {
        asked.add(task);
        ask(task);
      }
      recording.stop();
      List<String> names =
          events(recording, "Answers").stream().map(event -> event.getString("task")).toList();
      assertEquals(asked.stream().map(Task::label).toList(), names);
    }
  }

  private static void ask(Task task) throws IOException {
    String folder = task == Task.ZERO_SHOT_CLASSIFICATION ? "zero_shot" : "feature_extraction";
    // A head that the checkpoint lacks gets random weights, of which any answer will do.
    try (MegaBert bert =
        MegaBert.builder()
            .backend(Backends.SCALAR)
            .allowMissingHead(1)
            .tokenizer(PipelineFixtures.tokenizerFolder())
            .load(Fixtures.folder("pipelines/" + folder))) {
      var _ =
          switch (task) {
            case FILL_MASK -> bert.fillMask().apply("a [MASK]");
            case TEXT_CLASSIFICATION -> bert.textClassification().apply("no");
            case TOKEN_CLASSIFICATION -> bert.tokenClassification().apply("no");
            case QUESTION_ANSWERING ->
                bert.questionAnswering().apply(new QuestionAnswering.Question("who?", "no"));
            case ZERO_SHOT_CLASSIFICATION ->
                bert.zeroShotClassification().apply("no", List.of("a"));
            case MULTIPLE_CHOICE -> bert.multipleChoice().apply("no", List.of("a", "b"));
            case NEXT_SENTENCE -> bert.nextSentence().apply("no", "yes");
            case FEATURE_EXTRACTION -> bert.featureExtraction().apply("no");
            case TEXT_EMBEDDING -> bert.textEmbedding().apply("no");
            case TEXT_GENERATION -> bert.textGeneration().apply("no");
            case RANKING ->
                bert.crossEncoder()
                    .apply(
                        TextPair.of("who?", "no"),
                        CrossEncoder.Options.DEFAULT.withLabel("LABEL_1"));
          };
    }
  }

  @Test
  void batchesOfRequestsAreRecorded() throws Exception {
    try (Recording recording = new Recording()) {
      recording.start();
      RequestBatcher.Options options =
          RequestBatcher.Options.DEFAULT.withLatency(Duration.ofHours(1)).withBudget(12);
      try (RequestBatcher<Integer, Integer> batcher =
          new RequestBatcher<>(batch -> batch, request -> request, options)) {
        var first = batcher.submit(5);
        var second = batcher.submit(7);
        assertEquals(5, first.get());
        assertEquals(7, second.get());
      }
      recording.stop();
      List<RecordedEvent> batches = events(recording, "RequestBatch");
      assertEquals(1, batches.size());
      RecordedEvent batch = batches.getFirst();
      assertEquals(2, batch.getInt("requests"));
      assertEquals(12, batch.getLong("length"));
      assertEquals(0, batch.getInt("waiting"));
      assertTrue(batch.getDuration("longestWait").isPositive());
    }
  }
}
