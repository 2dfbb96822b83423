// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBertForMaskedLM;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Masked words in texts without labels, for {@link MegatronBertForMaskedLM}. Long texts are
 * divided. Each epoch has other masks; a validation always has the same.
 */
public record MaskedLanguageModelTask() implements FineTuningTask<LabelledText> {
  /** The task; model and data decide nothing. */
  public static MaskedLanguageModelTask of(StartingModel model, ExampleSource<LabelledText> train) {
    return new MaskedLanguageModelTask();
  }

  @Override
  public String name() {
    return "mlm";
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.MASKED_LM;
  }

  @Override
  public List<Metric> metrics() {
    return List.of(Metric.LOSS, Metric.PERPLEXITY);
  }

  @Override
  public Metric bestMetric() {
    return Metric.LOSS;
  }

  @Override
  public Map<String, @Nullable Object> configuration() {
    return Map.of();
  }

  @Override
  public Dataset dataset(ExampleSource<LabelledText> examples, Preparation preparation)
      throws IOException {
    return MaskedTexts.read(examples, preparation);
  }

  @Override
  public TaskEvaluator evaluator(ExampleSource<LabelledText> examples, Preparation preparation)
      throws IOException {
    MaskedTexts texts = MaskedTexts.read(examples, preparation);
    return new LanguageModelEvaluator(texts, texts.sequences());
  }
}
