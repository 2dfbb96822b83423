package io.github.megabert.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.scoring.ScoringModel;
import io.github.megabert.MegaBert;
import io.github.megabert.task.LabelScore;
import io.github.megabert.task.LongText;
import io.github.megabert.task.NextSentence;
import io.github.megabert.task.TextClassification;
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
   * Scores by a cross-encoder: a classification model that reads query and text together. With one
   * label its score counts, with several that of {@code relevant}.
   *
   * @param relevant the label that says that a text fits; of no matter with one label
   * @throws IllegalArgumentException if the model has no such label, or is no classification model
   */
  public static MegaBertScoringModel ofClassification(MegaBert bert, String relevant) {
    TextClassification classifier = bert.textClassification();
    List<String> labels = List.copyOf(bert.config().id2label().values());
    String label = labels.size() == 1 ? labels.getFirst() : relevant;
    if (!labels.contains(label)) {
      throw new IllegalArgumentException(
          "the model has no label \"" + relevant + "\"; it has " + String.join(", ", labels));
    }
    TextClassification.Options options =
        TextClassification.Options.DEFAULT
            .withTopK(TextClassification.Options.ALL)
            .withLongText(LongText.TRUNCATE);
    return new MegaBertScoringModel(
        pairs ->
            classifier.pairs().applyAll(pairs, options).stream()
                .map(result -> scoreOf(result.labels(), label))
                .toList());
  }

  private static double scoreOf(List<LabelScore> labels, String wanted) {
    return labels.stream()
        .filter(label -> label.label().equals(wanted))
        .mapToDouble(LabelScore::score)
        .findFirst()
        .orElseThrow();
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
