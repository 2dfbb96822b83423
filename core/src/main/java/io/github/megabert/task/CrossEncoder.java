// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.input.Quote;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.MegatronBertForSequenceClassification;
import io.github.megabert.tokenizer.BertTokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Says how well a text answers a query, by a model that reads both together ({@code
 * sentence_transformers.CrossEncoder}): it ranks what a search by vectors has found. Thread-safe.
 */
public final class CrossEncoder
    implements TextTask<TextPair, CrossEncoder.Options, CrossEncoder.Relevance> {
  private final TextTask<TextPair, TextClassification.Options, TextClassification.Classification>
      classifier;
  private final MegatronBertConfig config;

  /**
   * How well a text answers a query.
   *
   * @param score the higher the better; from 0 to 1 unless the model or the options say otherwise
   * @param truncatedTokens tokens that were cut off before the model read the pair
   */
  public record Relevance(float score, int truncatedTokens) {}

  /**
   * A text in its place.
   *
   * @param index of the text among those that were given
   * @param text the text
   * @param relevance how well it answers the query
   */
  public record Ranked(int index, String text, Relevance relevance) {}

  /**
   * What is wanted.
   *
   * @param label the label that says that a text fits; null where the model has one label only
   * @param function makes scores of logits; null for what the model's configuration names, or else
   *     the sigmoid of a single label and the softmax of several
   * @param longText whether a pair that is too long is refused or cut
   */
  public record Options(
      @Nullable String label, @Nullable ScoreFunction function, LongText longText) {
    /** The model's only label; pairs that are too long are cut, as sentence-transformers does. */
    public static final Options DEFAULT = new Options(null, null, LongText.TRUNCATE);

    /** Checks. */
    public Options {
      longText.requireWhole();
    }

    /** The same with the label that says that a text fits. */
    public Options withLabel(String value) {
      return new Options(value, function, longText);
    }

    /** The same with another function of the logits. */
    public Options withFunction(ScoreFunction value) {
      return new Options(label, value, longText);
    }

    /** The same with pairs that are too long refused or cut. */
    public Options withLongText(LongText value) {
      return new Options(label, function, value);
    }
  }

  /**
   * A pipeline over a model that the caller keeps open.
   *
   * @param maxLength most tokens of a pair, special tokens included
   */
  public CrossEncoder(
      MegatronBertForSequenceClassification model,
      BertTokenizer tokenizer,
      int maxLength,
      Batching batching) {
    classifier = new TextClassification(model, tokenizer, maxLength, batching).pairs("ranking");
    config = model.config();
  }

  /** All texts, the one that answers the query best first; of equals the first that was given. */
  public List<Ranked> rank(String query, List<String> texts, Options options) {
    List<Relevance> scores =
        applyAll(texts.stream().map(text -> TextPair.of(query, text)).toList(), options);
    List<Ranked> ranked = new ArrayList<>(texts.size());
    for (int i = 0; i < texts.size(); i++) {
      ranked.add(new Ranked(i, texts.get(i), scores.get(i)));
    }
    ranked.sort(Comparator.comparingDouble((Ranked one) -> one.relevance().score()).reversed());
    return ranked;
  }

  /** As {@link #rank(String, List, Options)}, with the default options. */
  public List<Ranked> rank(String query, List<String> texts) {
    return rank(query, texts, Options.DEFAULT);
  }

  @Override
  public Options defaultOptions() {
    return Options.DEFAULT;
  }

  @Override
  public int tokens(TextPair pair, Options options) {
    return classifier.tokens(pair, all(options));
  }

  /**
   * How well the second texts answer the first ones.
   *
   * @throws IllegalArgumentException if the options name no label and the model has several, or one
   *     that it does not have
   */
  @Override
  public List<Relevance> applyAll(List<TextPair> pairs, Options options) {
    String label = label(options);
    return classifier.applyAll(pairs, all(options)).stream()
        .map(result -> relevance(result, label))
        .toList();
  }

  @Override
  public Stream<Relevance> stream(Stream<TextPair> pairs, Options options) {
    String label = label(options);
    return classifier.stream(pairs, all(options)).map(result -> relevance(result, label));
  }

  private TextClassification.Options all(Options options) {
    return new TextClassification.Options(
        TextClassification.Options.ALL, function(options), options.longText());
  }

  private static Relevance relevance(TextClassification.Classification result, String label) {
    float score =
        result.labels().stream()
            .filter(one -> one.label().equals(label))
            .findFirst()
            .orElseThrow()
            .score();
    return new Relevance(score, result.truncatedTokens());
  }

  private String label(Options options) {
    List<String> labels = List.copyOf(config.id2label().values());
    if (options.label() == null) {
      if (labels.size() > 1) {
        throw new IllegalArgumentException(
            "the model has the labels "
                + Quote.list(labels)
                + "; name the one that says that a text fits (Options.withLabel, --label)");
      }
      return labels.getFirst();
    }
    if (!labels.contains(options.label())) {
      throw new IllegalArgumentException(
          "the model has no label "
              + Quote.quote(options.label())
              + "; it has "
              + Quote.list(labels));
    }
    return options.label();
  }

  private ScoreFunction function(Options options) {
    if (options.function() != null) {
      return options.function();
    }
    String named = functionOfFiles(config);
    if (named == null) {
      return config.numLabels() == 1 ? ScoreFunction.SIGMOID : ScoreFunction.of(config);
    }
    return switch (named.substring(named.lastIndexOf('.') + 1)) {
      case "Identity" -> ScoreFunction.NONE;
      case "Sigmoid" -> ScoreFunction.SIGMOID;
      case "Softmax" -> ScoreFunction.SOFTMAX;
      default ->
          throw new IllegalArgumentException(
              "the configuration asks for the scores of "
                  + Quote.quote(named)
                  + ", which is not known; choose softmax, sigmoid or none");
    };
  }

  /** The class of PyTorch's that sentence-transformers 4 and later, or earlier ones, named. */
  private static @Nullable String functionOfFiles(MegatronBertConfig config) {
    Map<String, @Nullable Object> fields = config.toMap();
    Object named =
        fields.get("sentence_transformers") instanceof Map<?, ?> saved
            ? saved.get("activation_fn")
            : null;
    if (named == null) {
      named = fields.get("sbert_ce_default_activation_function");
    }
    return named instanceof String name ? name : null;
  }
}
