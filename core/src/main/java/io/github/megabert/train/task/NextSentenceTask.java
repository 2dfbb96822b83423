// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBertForNextSentencePrediction;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether a text continues another, for {@link MegatronBertForNextSentencePrediction}. The label of
 * a pair is, in any case of letters, {@code is_next}, {@code isnext}, {@code next} or {@code true}
 * for a continuation, {@code not_next}, {@code notnext}, {@code random} or {@code false} for none;
 * or transformers' {@code next_sentence_label}: {@code 0} for a continuation, {@code 1} for none.
 */
public record NextSentenceTask() implements FineTuningTask<LabelledText> {
  /** The task; model and data decide nothing. */
  public static NextSentenceTask of(StartingModel model, ExampleSource<LabelledText> train) {
    return new NextSentenceTask();
  }

  @Override
  public String name() {
    return "next-sentence";
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.NEXT_SENTENCE;
  }

  @Override
  public List<Metric> metrics() {
    return List.of(Metric.LOSS, Metric.ACCURACY);
  }

  @Override
  public Metric bestMetric() {
    return Metric.ACCURACY;
  }

  @Override
  public Map<String, @Nullable Object> configuration() {
    return Map.of();
  }

  @Override
  public Dataset dataset(ExampleSource<LabelledText> examples, Preparation preparation)
      throws IOException {
    return SentencePairs.read(examples, preparation);
  }

  @Override
  public TaskEvaluator evaluator(ExampleSource<LabelledText> examples, Preparation preparation)
      throws IOException {
    return new SentencePairEvaluator(SentencePairs.read(examples, preparation), examples);
  }
}
