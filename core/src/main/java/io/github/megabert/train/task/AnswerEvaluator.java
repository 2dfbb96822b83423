// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.MegatronBertForQuestionAnswering;
import io.github.megabert.task.Batching;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.task.QuestionAnswering.WindowLogits;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.QuestionExample;
import io.github.megabert.train.metrics.AnswerScores;
import io.github.megabert.train.metrics.MeanLoss;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures answers, which are searched for as the pipeline does. Questions are read again at each
 * evaluation: windows with all their offsets would fill the memory.
 *
 * @param size number of questions
 * @param hasImpossible whether "no answer" may be an answer: whether one of the questions is
 *     impossible
 */
record AnswerEvaluator(
    ExampleSource<QuestionExample> source, Preparation preparation, int size, boolean hasImpossible)
    implements TaskEvaluator {
  /** Tokens of the longest answer, as in transformers' {@code run_qa}. */
  private static final int LONGEST_ANSWER = 30;

  private static final int QUESTIONS_AT_ONCE = 256;

  /** A question and its windows. */
  private record Read(QuestionExample example, List<Encoding> windows) {}

  /** Reads all questions once, so that those that do not fit are refused before training. */
  static AnswerEvaluator read(ExampleSource<QuestionExample> source, Preparation preparation)
      throws IOException {
    int size = 0;
    boolean hasImpossible = false;
    try (ExampleReader<QuestionExample> reader = source.open()) {
      for (QuestionExample example = reader.read(); example != null; example = reader.read()) {
        QuestionWindows.windows(example, reader, preparation);
        hasImpossible |= example.isImpossible();
        size++;
      }
    }
    return new AnswerEvaluator(source, preparation, size, hasImpossible);
  }

  @Override
  public Evaluation evaluate(MegatronBert model, int worst) throws IOException {
    QuestionAnswering pipeline =
        new QuestionAnswering(
            (MegatronBertForQuestionAnswering) model,
            preparation.tokenizer(),
            preparation.maxLength(),
            Batching.DEFAULT);
    Sums sums = new Sums(new AnswerScores(), new MeanLoss(), new WorstExamples(worst));
    int done = 0;
    try (ExampleReader<QuestionExample> reader = source.open()) {
      List<Read> some = new ArrayList<>();
      for (QuestionExample example = reader.read(); example != null; example = reader.read()) {
        some.add(new Read(example, QuestionWindows.windows(example, reader, preparation)));
        if (some.size() == QUESTIONS_AT_ONCE) {
          answer(pipeline, some, done, sums);
          done += some.size();
          some.clear();
        }
      }
      answer(pipeline, some, done, sums);
    }
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put(Metric.LOSS.name(), sums.losses.loss());
    metrics.putAll(sums.scores.byName());
    return new Evaluation(
        metrics,
        null,
        Map.of(),
        sums.worst.read(
            source,
            example -> example.question() + "\n" + example.context(),
            example ->
                example.isImpossible() ? "(no answer)" : example.answers().getFirst().text()));
  }

  /** What adds up. */
  private record Sums(AnswerScores scores, MeanLoss losses, WorstExamples worst) {}

  private void answer(QuestionAnswering pipeline, List<Read> questions, int first, Sums sums) {
    List<Encoding> all = questions.stream().flatMap(read -> read.windows().stream()).toList();
    List<WindowLogits> logits = Batching.DEFAULT.apply(all, Encoding::size, pipeline::logits);
    QuestionAnswering.Options options =
        QuestionWindows.options(preparation)
            .withMaxAnswerLength(LONGEST_ANSWER)
            .withAllowImpossible(hasImpossible);
    int from = 0;
    for (int i = 0; i < questions.size(); i++) {
      QuestionExample example = questions.get(i).example();
      List<Encoding> windows = questions.get(i).windows();
      List<WindowLogits> own = logits.subList(from, from + windows.size());
      from += windows.size();
      double loss = 0;
      for (int w = 0; w < windows.size(); w++) {
        TokenSpan span = TokenSpan.of(windows.get(w), example);
        double one =
            (LogitLosses.crossEntropy(own.get(w).start(), span.first())
                    + LogitLosses.crossEntropy(own.get(w).end(), span.last()))
                / 2;
        sums.losses.add(one, 1);
        loss += one / windows.size();
      }
      String predicted =
          QuestionAnswering.best(example.context(), windows, own, options).getFirst().text();
      sums.scores.add(
          example.answers().stream().map(QuestionExample.Answer::text).toList(), predicted);
      sums.worst.add(first + i, loss, predicted.isEmpty() ? "(no answer)" : predicted);
    }
  }
}
