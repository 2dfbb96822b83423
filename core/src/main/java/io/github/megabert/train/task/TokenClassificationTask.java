// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.MegatronBertForTokenClassification;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.TaggedWords;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Tags of words, such as names, for {@link MegatronBertForTokenClassification}. The first piece of
 * a word has its tag, the others have none. A sentence that is too long is divided between words,
 * so that every word is learnt from and measured.
 */
public final class TokenClassificationTask implements FineTuningTask<TaggedWords> {
  private final LabelNames labels;

  private TokenClassificationTask(LabelNames labels) {
    this.labels = labels;
  }

  /**
   * The task whose tags are the model's, where it has some, else the sorted set of those of the
   * training data.
   *
   * @throws TrainingDataException if there is no example
   */
  public static TokenClassificationTask of(StartingModel model, ExampleSource<TaggedWords> train)
      throws IOException {
    Optional<LabelNames> known = model.labels(ModelClass.TOKEN_CLASSIFICATION);
    if (known.isPresent()) {
      return new TokenClassificationTask(known.get());
    }
    Set<String> found = new TreeSet<>();
    try (ExampleReader<TaggedWords> reader = train.open()) {
      for (TaggedWords words = reader.read(); words != null; words = reader.read()) {
        found.addAll(words.tags());
      }
    }
    return new TokenClassificationTask(LabelNames.sorted(found));
  }

  @Override
  public String name() {
    return "ner";
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.TOKEN_CLASSIFICATION;
  }

  /** The tags by their class indices. */
  public List<String> labels() {
    return labels.names();
  }

  @Override
  public List<Metric> metrics() {
    return List.of(
        Metric.LOSS,
        new Metric("precision", true),
        new Metric("recall", true),
        Metric.F1,
        Metric.ACCURACY);
  }

  @Override
  public Metric bestMetric() {
    return Metric.F1;
  }

  @Override
  public Map<String, @Nullable Object> configuration() {
    return labels.configuration(null);
  }

  @Override
  public Dataset dataset(ExampleSource<TaggedWords> examples, Preparation preparation)
      throws IOException {
    return TaggedSentences.read(labels, examples, preparation);
  }

  @Override
  public TaskEvaluator evaluator(ExampleSource<TaggedWords> examples, Preparation preparation)
      throws IOException {
    return new TaggingEvaluator(TaggedSentences.read(labels, examples, preparation), examples);
  }
}
