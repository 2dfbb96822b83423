// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForQuestionAnswering;
import io.github.megabert.model.ModelOutput;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.task.QuestionAnswering.Answer;
import io.github.megabert.task.QuestionAnswering.Answers;
import io.github.megabert.task.QuestionAnswering.Options;
import io.github.megabert.task.QuestionAnswering.Question;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.EncodingOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Answers equal those of a brute force that shares no code with the pipeline. */
class QuestionAnsweringTest {
  private static final String BACKENDS = "io.github.megabert.task.PipelineFixtures#backends";
  private static final String QUESTION = "Who visited Paris with Barack Obama?";
  private static final String SHORT =
      "Angela Merkel visited Paris in 2015 with Barack Obama; the unbelievableness didn't matter.";
  private static final String LONG =
      "In Z\u00fcrich, Sundar Pichai founded supercalifragilistic O'Neill near New York City. "
          + "The hotel was wonderful \uD83D\uDE00, but the food wasn't good at all! ".repeat(5)
          + SHORT;

  @ParameterizedTest
  @MethodSource(BACKENDS)
  void answersInOneWindowEqualBruteForce(String backend) throws IOException {
    assertEqualsBruteForce(backend, SHORT, Options.DEFAULT.withTopK(20));
    assertEqualsBruteForce(backend, SHORT, Options.DEFAULT.withTopK(3).withMaxAnswerLength(1));
    assertEqualsBruteForce(backend, SHORT, Options.DEFAULT.withTopK(9).withAllowImpossible(true));
    assertEqualsBruteForce(backend, SHORT, Options.DEFAULT.withTopK(9).withAlignToWords(false));
  }

  @ParameterizedTest
  @MethodSource(BACKENDS)
  void answersInManyWindowsEqualBruteForce(String backend) throws IOException {
    assertEqualsBruteForce(backend, LONG, Options.DEFAULT.withTopK(30));
    assertEqualsBruteForce(backend, LONG, Options.DEFAULT.withTopK(12).withWindows(40, 7));
    assertEqualsBruteForce(
        backend, LONG, Options.DEFAULT.withTopK(200).withWindows(48, 0).withAllowImpossible(true));
  }

  private static void assertEqualsBruteForce(String backend, String context, Options options)
      throws IOException {
    try (RandomModels models = new RandomModels(backend)) {
      MegatronBertForQuestionAnswering model = models.load(MegatronBertForQuestionAnswering.class);
      List<Answer> actual =
          new QuestionAnswering(model, models.tokenizer, 64, Batching.DEFAULT)
              .apply(new Question(QUESTION, context), options)
              .answers();
      List<Answer> expected = bruteForce(model, models.tokenizer, context, options);
      assertEquals(expected.size(), actual.size());
      for (int i = 0; i < actual.size(); i++) {
        assertEquals(expected.get(i).score(), actual.get(i).score(), 1e-5);
        assertEquals(expected.get(i).span(), actual.get(i).span());
        assertEquals(expected.get(i).text(), actual.get(i).text());
      }
    }
  }

  /** Every stretch of every window, scored one by one. */
  private static List<Answer> bruteForce(
      MegatronBertForQuestionAnswering model,
      BertTokenizer tokenizer,
      String context,
      Options options) {
    EncodingOptions bare = EncodingOptions.DEFAULT.withSpecialTokens(false);
    int[] question = tokenizer.encode(QUESTION, bare).ids();
    Encoding text = tokenizer.encode(context, bare);
    int length = options.windowLength() == 0 ? 64 : options.windowLength();
    int room = length - question.length - 3;
    int stride = options.stride() < 0 ? 32 : options.stride();
    List<Answer> answers = new ArrayList<>();
    int kept = options.alignToWords() ? 2 * options.topK() + 10 : options.topK();
    double impossible = Double.POSITIVE_INFINITY;
    for (int from = 0; ; from += room - stride) {
      int to = Math.min(from + room, text.size());
      double[][] probabilities = probabilities(model, tokenizer, question, text.ids(), from, to);
      impossible = Math.min(impossible, probabilities[0][0] * probabilities[1][0]);
      List<Answer> stretches = new ArrayList<>();
      for (int first = from; first < to; first++) {
        for (int last = first; last < to && last - first < options.maxAnswerLength(); last++) {
          double score = probabilities[0][1 + first - from] * probabilities[1][1 + last - from];
          stretches.add(answer(context, text, options, from, to, first, last, score));
        }
      }
      stretches.sort(Comparator.comparingDouble(Answer::score).reversed());
      stretches.stream().limit(kept).forEach(answer -> addScore(answers, answer));
      if (to == text.size()) {
        break;
      }
    }
    if (options.allowImpossible()) {
      answers.add(new Answer((float) impossible, new TextSpan(0, 0, 0, 0), ""));
    }
    answers.sort(Comparator.comparingDouble(Answer::score).reversed());
    return answers.subList(0, Math.min(options.topK(), answers.size()));
  }

  /** Start and end probabilities of [CLS] and of the context's tokens {@code from … to - 1}. */
  private static double[][] probabilities(
      MegatronBertForQuestionAnswering model,
      BertTokenizer tokenizer,
      int[] question,
      int[] context,
      int from,
      int to) {
    int before = question.length + 2;
    int[] ids = new int[before + to - from + 1];
    int[] types = new int[ids.length];
    ids[0] = tokenizer.clsId();
    System.arraycopy(question, 0, ids, 1, question.length);
    ids[before - 1] = tokenizer.sepId();
    System.arraycopy(context, from, ids, before, to - from);
    ids[ids.length - 1] = tokenizer.sepId();
    Arrays.fill(types, before, types.length, 1);
    Batch batch = Batch.rectangle(1, ids.length, ids, types, null, null, null);
    ModelOutput.QuestionAnswering output = model.forward(batch, null, null, OutputOptions.NONE);
    double[][] probabilities = new double[2][1 + to - from];
    for (int side = 0; side < 2; side++) {
      float[] logits = (side == 0 ? output.startLogits() : output.endLogits()).toFloatArray();
      double sum = 0;
      for (int i = 0; i <= to - from; i++) {
        probabilities[side][i] = Math.exp(logits[i == 0 ? 0 : before + i - 1]);
        sum += probabilities[side][i];
      }
      for (int i = 0; i <= to - from; i++) {
        probabilities[side][i] /= sum;
      }
    }
    return probabilities;
  }

  private static Answer answer(
      String context,
      Encoding text,
      Options options,
      int from,
      int to,
      int first,
      int last,
      double score) {
    int begin = first;
    while (options.alignToWords()
        && begin > from
        && inOneWord(context, text.charStart()[begin - 1], text.charStart()[first])) {
      begin--;
    }
    int end = last;
    while (options.alignToWords()
        && end + 1 < to
        && inOneWord(context, text.charStart()[last], text.charStart()[end + 1])) {
      end++;
    }
    TextSpan span =
        new TextSpan(
            text.charStart()[begin],
            text.charEnd()[end],
            text.codePointStart()[begin],
            text.codePointEnd()[end]);
    return new Answer(
        (float) score, span, context.substring(text.charStart()[begin], text.charEnd()[end]));
  }

  /** Adds an answer's score to the same words, in whatever case, or the answer itself. */
  private static void addScore(List<Answer> answers, Answer answer) {
    for (int i = 0; i < answers.size(); i++) {
      Answer other = answers.get(i);
      if (other.text().equalsIgnoreCase(answer.text())) {
        float sum = other.score() + answer.score();
        answers.set(i, new Answer(sum, other.span(), other.text()));
        return;
      }
    }
    answers.add(answer);
  }

  /** Whether nothing but letters, digits and symbols stands in {@code [from, to]}. */
  private static boolean inOneWord(String context, int from, int to) {
    for (int i = from; i <= to; i++) {
      char c = context.charAt(i);
      if (Character.isWhitespace(c) || "!';,.?".indexOf(c) >= 0) {
        return false;
      }
    }
    return true;
  }

  @Test
  void manyQuestionsGiveWhatEachGivesAlone() throws IOException {
    try (RandomModels models = new RandomModels("vector")) {
      QuestionAnswering pipeline =
          new QuestionAnswering(
              models.load(MegatronBertForQuestionAnswering.class),
              models.tokenizer,
              64,
              new Batching(100, 10));
      List<Question> questions =
          List.of(
              new Question("Where?", LONG), new Question("Who?", "Me."), new Question("x", SHORT));
      List<Answers> together = pipeline.applyAll(questions);
      List<Answers> streamed = pipeline.stream(questions.stream()).toList();
      for (int i = 0; i < questions.size(); i++) {
        Answer alone = pipeline.apply(questions.get(i)).best();
        assertEquals(alone.span(), together.get(i).best().span());
        assertEquals(alone.span(), streamed.get(i).best().span());
        assertFalse(alone.isImpossible());
      }
    }
  }

  @Test
  void emptyTextsAndQuestionsWithoutRoomAreRefused() throws IOException {
    assertThrows(IllegalArgumentException.class, () -> new Question(" ", "text"));
    assertThrows(IllegalArgumentException.class, () -> new Question("Who?", ""));
    try (RandomModels models = new RandomModels("vector")) {
      QuestionAnswering pipeline =
          new QuestionAnswering(
              models.load(MegatronBertForQuestionAnswering.class),
              models.tokenizer,
              64,
              Batching.DEFAULT);
      Exception refused =
          assertThrows(
              IllegalArgumentException.class, () -> pipeline.best("why ".repeat(70), SHORT));
      assertTrue(refused.getMessage().contains("leaves no room"), refused.getMessage());
    }
  }
}
