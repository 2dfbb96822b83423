// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.MegatronBertForMultipleChoice;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.task.Batching;
import io.github.megabert.train.data.ChoiceExample;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.metrics.MeanLoss;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Measures how often the right choice is found. */
record ChoiceEvaluator(ChoiceQuestions questions, ExampleSource<ChoiceExample> source)
    implements TaskEvaluator {
  @Override
  public int size() {
    return questions.size();
  }

  @Override
  public Evaluation evaluate(MegatronBert model, int worst) throws IOException {
    List<float[]> logits = logits((MegatronBertForMultipleChoice) model);
    MeanLoss losses = new MeanLoss();
    int right = 0;
    WorstExamples kept = new WorstExamples(worst);
    for (int question = 0; question < logits.size(); question++) {
      int label = questions.labels()[question];
      int chosen = LogitLosses.argMax(logits.get(question));
      double loss = LogitLosses.crossEntropy(logits.get(question), label);
      losses.add(loss, 1);
      right += chosen == label ? 1 : 0;
      kept.add(question, loss, String.valueOf(chosen));
    }
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put(Metric.LOSS.name(), losses.loss());
    metrics.put(Metric.ACCURACY.name(), (double) right / logits.size());
    return new Evaluation(
        metrics,
        null,
        Map.of(),
        kept.read(
            source,
            example -> example.prompt() + "\n" + String.join("\n", example.choices()),
            example -> String.valueOf(example.label())));
  }

  private List<float[]> logits(MegatronBertForMultipleChoice model) {
    return Batching.DEFAULT.apply(
        IntStream.range(0, questions.size()).boxed().toList(),
        question ->
            Arrays.stream(questions.sequencesOf(new int[] {question}))
                .map(questions.sequences()::length)
                .sum(),
        batch -> {
          int[] indices = batch.stream().mapToInt(i -> i).toArray();
          return SequenceLogits.rows(
              model
                  .forward(
                      questions.sequences().batch(questions.sequencesOf(indices)),
                      questions.choices(),
                      null,
                      OutputOptions.NONE)
                  .logits());
        });
  }
}
