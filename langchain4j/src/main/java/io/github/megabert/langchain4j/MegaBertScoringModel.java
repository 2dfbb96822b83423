// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.scoring.ScoringModel;
import io.github.megabert.MegaBert;
import io.github.megabert.task.CrossEncoder;
import io.github.megabert.task.LongText;
import io.github.megabert.task.NextSentence;
import io.github.megabert.task.TextPair;
import java.util.List;

/**
 * LangChain4j's scoring model on MegaBERT: how well a text answers a query, for the re-ranking of
 * search results. Thread-safe.
 *
 * <p>A text that is too long with its query is cut, since a search must not fail on one document.
 */
public final class MegaBertScoringModel implements ScoringModel {
  /** Scores of pairs, in their order. */
  @FunctionalInterface
  private interface Scorer {
    List<Double> score(List<TextPair> pairs);
  }

  private final Scorer scorer;

  private MegaBertScoringModel(Scorer scorer) {
    this.scorer = scorer;
  }

  /**
   * Scores by a cross-encoder of one label, as sentence-transformers' {@code CrossEncoder} gives
   * them. The caller keeps the model open, and closes it.
   *
   * @throws IllegalArgumentException if the model is no classification model, or has several labels
   */
  public static MegaBertScoringModel of(MegaBert bert) {
    return of(bert, CrossEncoder.Options.DEFAULT);
  }

  /**
   * Scores by a cross-encoder: a classification model that reads query and text together. With one
   * label its score counts, with several that of {@code relevant}.
   *
   * @param relevant the label that says that a text fits; of no matter with one label
   * @throws IllegalArgumentException if the model has no such label, or is no classification model
   */
  public static MegaBertScoringModel ofClassification(MegaBert bert, String relevant) {
    boolean one = bert.config().numLabels() == 1;
    return of(
        bert,
        one ? CrossEncoder.Options.DEFAULT : CrossEncoder.Options.DEFAULT.withLabel(relevant));
  }

  private static MegaBertScoringModel of(MegaBert bert, CrossEncoder.Options options) {
    CrossEncoder encoder = bert.crossEncoder();
    // Refuses a label that is not there before the first query.
    List<CrossEncoder.Relevance> _ = encoder.applyAll(List.of(), options);
    return new MegaBertScoringModel(
        pairs ->
            encoder.applyAll(pairs, options).stream()
                .map(relevance -> (double) relevance.score())
                .toList());
  }

  /**
   * Scores by the probability that the text continues the query; for models without a fine-tuned
   * head.
   *
   * @throws IllegalArgumentException if the model has no next-sentence head
   */
  public static MegaBertScoringModel ofNextSentence(MegaBert bert) {
    NextSentence nextSentence = bert.nextSentence();
    NextSentence.Options options = NextSentence.Options.DEFAULT.withLongText(LongText.TRUNCATE);
    return new MegaBertScoringModel(
        pairs ->
            nextSentence.applyAll(pairs, options).stream()
                .map(result -> (double) result.score())
                .toList());
  }

  @Override
  public Response<List<Double>> scoreAll(List<TextSegment> segments, String query) {
    return Response.from(
        scorer.score(
            segments.stream().map(segment -> TextPair.of(query, segment.text())).toList()));
  }
}
