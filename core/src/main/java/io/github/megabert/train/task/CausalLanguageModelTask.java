// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The next word in texts without labels, for {@link MegatronBertForCausalLM}. A text begins with
 * {@code [CLS]} and ends with {@code [SEP]}, as text generation has it; long texts are divided.
 */
public record CausalLanguageModelTask() implements FineTuningTask<LabelledText> {
  /** The task; model and data decide nothing. */
  public static CausalLanguageModelTask of(StartingModel model, ExampleSource<LabelledText> train) {
    return new CausalLanguageModelTask();
  }

  @Override
  public String name() {
    return "clm";
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.CAUSAL_LM;
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
    return Map.of("is_decoder", true);
  }

  @Override
  public Dataset dataset(ExampleSource<LabelledText> examples, Preparation preparation)
      throws IOException {
    return ContinuedTexts.read(examples, preparation);
  }

  @Override
  public TaskEvaluator evaluator(ExampleSource<LabelledText> examples, Preparation preparation)
      throws IOException {
    ContinuedTexts texts = ContinuedTexts.read(examples, preparation);
    return new LanguageModelEvaluator(texts, texts.sequences());
  }
}
