// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.MegatronBertForTokenClassification;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.task.Batching;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.TaggedWords;
import io.github.megabert.train.metrics.EntityCounts;
import io.github.megabert.train.metrics.MeanLoss;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Measures how well entities are found, by whole sentences. */
record TaggingEvaluator(TaggedSentences sentences, ExampleSource<TaggedWords> source)
    implements TaskEvaluator {
  /** What is said of a word that has no token, such as one of control characters. */
  private static final String OUTSIDE = "O";

  /**
   * What a sequence's words were taken for.
   *
   * @param tags a class a token; meaningless where no word begins
   * @param losses a loss a token; 0 where no word begins
   */
  private record Tagged(int[] tags, double[] losses) {}

  @Override
  public int size() {
    return sentences.sentences();
  }

  @Override
  public Evaluation evaluate(MegatronBert model, int worst) throws IOException {
    List<Tagged> tagged = tag((MegatronBertForTokenClassification) model);
    EntityCounts counts = new EntityCounts();
    MeanLoss losses = new MeanLoss();
    WorstExamples kept = new WorstExamples(worst);
    for (int sentence = 0; sentence < sentences.sentences(); sentence++) {
      List<String> right =
          Arrays.stream(sentences.tags(sentence)).mapToObj(sentences.labels()::name).toList();
      String[] predicted = new String[right.size()];
      Arrays.fill(predicted, OUTSIDE);
      double loss = 0;
      int counted = 0;
      for (int sequence = sentences.firstSequence(sentence);
          sequence < sentences.firstSequence(sentence + 1);
          sequence++) {
        int[] words = sentences.words(sequence);
        for (int t = 0; t < words.length; t++) {
          if (words[t] >= 0) {
            predicted[words[t]] = sentences.labels().name(tagged.get(sequence).tags()[t]);
            loss += tagged.get(sequence).losses()[t];
            counted++;
          }
        }
      }
      counts.add(right, List.of(predicted));
      if (counted > 0) {
        losses.add(loss / counted, counted);
        kept.add(sentence, loss / counted, String.join(" ", predicted));
      }
    }
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put(Metric.LOSS.name(), losses.loss());
    metrics.putAll(counts.byName());
    return new Evaluation(
        metrics,
        null,
        counts.types(),
        kept.read(
            source,
            example -> String.join(" ", example.words()),
            example -> String.join(" ", example.tags())));
  }

  private List<Tagged> tag(MegatronBertForTokenClassification model) {
    return Batching.DEFAULT.apply(
        IntStream.range(0, sentences.size()).boxed().toList(),
        i -> sentences.sequences().length(i),
        sequences -> {
          int[] indices = sequences.stream().mapToInt(i -> i).toArray();
          Batch batch = sentences.sequences().batch(indices);
          Tensor logits = model.forward(batch, null, OutputOptions.NONE).logits();
          List<Tagged> results = new ArrayList<>(indices.length);
          for (int b = 0; b < indices.length; b++) {
            results.add(tagged(indices[b], batch.offsets()[b], logits));
          }
          return results;
        });
  }

  private Tagged tagged(int sequence, int firstRow, Tensor logits) {
    int[] words = sentences.words(sequence);
    int[] right = sentences.classes(sequence);
    int[] tags = new int[words.length];
    double[] losses = new double[words.length];
    for (int t = 0; t < words.length; t++) {
      if (words[t] >= 0) {
        float[] row = logits.rows(firstRow + t, firstRow + t + 1).toFloatArray();
        tags[t] = LogitLosses.argMax(row);
        losses[t] = LogitLosses.crossEntropy(row, right[t]);
      }
    }
    return new Tagged(tags, losses);
  }
}
