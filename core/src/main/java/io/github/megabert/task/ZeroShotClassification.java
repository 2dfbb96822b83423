// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.input.Quote;
import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.MegatronBertForSequenceClassification;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.Truncation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Classifies texts by labels that the model was not trained on ({@code transformers}' {@code
 * zero-shot-classification} pipeline): a model of natural language inference says how well each
 * text entails "This example is {label}." Thread-safe.
 *
 * <pre>{@code
 * var topics = bert.zeroShotClassification().among("politics", "travel");
 * topics.apply("Angela Merkel visited Paris.").best();
 * }</pre>
 */
public final class ZeroShotClassification {
  private final MegatronBertForSequenceClassification model;
  private final TextEncoder encoder;
  private final Batching batching;
  private final int entailment;

  /**
   * The options of a call.
   *
   * @param multiLabel whether labels are judged each by itself, by entailment against
   *     contradiction, rather than against each other
   * @param template the hypothesis; <code>{}</code> stands for the label
   * @param longText whether a text that is too long is refused or cut, never the hypothesis
   */
  public record Options(boolean multiLabel, String template, LongText longText) {
    /** One label of several, transformers' template; a text that is too long is refused. */
    public static final Options DEFAULT =
        new Options(false, "This example is {}.", LongText.REFUSE);

    /** Checks the values. */
    public Options {
      if (!template.contains("{}")) {
        throw new IllegalArgumentException(
            "the template \"" + template + "\" has no {} for the label to take the place of");
      }
      longText.requireWhole();
    }

    /** The same with labels judged by themselves or against each other. */
    public Options withMultiLabel(boolean value) {
      return new Options(value, template, longText);
    }

    /** The same with another hypothesis. */
    public Options withTemplate(String value) {
      return new Options(multiLabel, value, longText);
    }

    /** The same with another treatment of texts that are too long. */
    public Options withLongText(LongText value) {
      return new Options(multiLabel, template, value);
    }
  }

  /**
   * The labels of a text.
   *
   * @param sequence the text
   * @param labels all labels, the best first
   * @param truncatedTokens the most tokens that were cut off for any label
   */
  public record Classification(String sequence, List<LabelScore> labels, int truncatedTokens) {
    /** The best label. */
    public LabelScore best() {
      return labels.getFirst();
    }
  }

  /**
   * A pipeline over a model that the caller keeps open.
   *
   * @throws IllegalArgumentException if none of the model's labels begins with "entail"
   */
  public ZeroShotClassification(
      MegatronBertForSequenceClassification model,
      BertTokenizer tokenizer,
      int maxLength,
      Batching batching) {
    this.model = model;
    this.batching = batching;
    encoder = new TextEncoder(tokenizer, maxLength, model.config().vocabSize());
    entailment =
        entailment(model.config())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "zero-shot classification needs a model of natural language inference, "
                            + "with a"
                            + " label that begins with \"entail\"; this model's labels are "
                            + Quote.list(model.config().id2label().values())));
  }

  /** Index of the label that begins with "entail": by {@code label2id}, else by id2label. */
  public static OptionalInt entailment(MegatronBertConfig config) {
    if (config.toMap().get("label2id") instanceof Map<?, ?> ids) {
      for (Map.Entry<?, ?> entry : ids.entrySet()) {
        int id = entry.getValue() instanceof Number index ? index.intValue() : -1;
        if (isEntailment((String) entry.getKey()) && id >= 0 && id < config.numLabels()) {
          return OptionalInt.of(id);
        }
      }
    }
    return config.id2label().entrySet().stream()
        .filter(entry -> isEntailment(entry.getValue()))
        .mapToInt(Map.Entry::getKey)
        .min();
  }

  private static boolean isEntailment(String label) {
    return label.toLowerCase(Locale.ROOT).startsWith("entail");
  }

  /**
   * The task with labels to choose from.
   *
   * @param labels in no order; at least one
   * @throws IllegalArgumentException if there is no label
   */
  public TextTask<String, Options, Classification> among(List<String> labels) {
    List<String> given = Given.all("label", labels);
    requireLabels(given);
    return new Labelled(given);
  }

  /** The task with labels to choose from. */
  public TextTask<String, Options, Classification> among(String... labels) {
    return among(Arrays.asList(labels));
  }

  /** How well each label fits a text; a shorthand for {@link #among}. */
  public Classification apply(String text, List<String> labels) {
    return among(labels).apply(text);
  }

  private final class Labelled implements TextTask<String, Options, Classification> {
    private final List<String> labels;

    Labelled(List<String> labels) {
      this.labels = labels;
    }

    @Override
    public Options defaultOptions() {
      return Options.DEFAULT;
    }

    @Override
    public int tokens(String text, Options options) {
      return hypotheses(text, labels, options).tokens();
    }

    @Override
    public List<Classification> applyAll(List<String> texts, Options options) {
      return classify(
          texts.stream().map(text -> hypotheses(text, labels, options)).toList(), labels, options);
    }

    @Override
    public Stream<Classification> stream(Stream<String> texts, Options options) {
      return batching.stream(
          texts.map(text -> hypotheses(text, labels, options)),
          Hypotheses::tokens,
          requests -> classify(requests, labels, options));
    }
  }

  private static void requireLabels(List<String> labels) {
    if (labels.isEmpty()) {
      throw new IllegalArgumentException("zero-shot classification needs at least one label");
    }
  }

  /** A text with each of the labels. */
  private record Hypotheses(String text, List<Encoding> encodings) {
    int tokens() {
      return encodings.stream().mapToInt(Encoding::size).sum();
    }
  }

  private Hypotheses hypotheses(String text, List<String> labels, Options options) {
    return new Hypotheses(text, encode(text, labels, options));
  }

  private List<Classification> classify(
      List<Hypotheses> texts, List<String> labels, Options options) {
    AnswersTimer timer = AnswersTimer.begun();
    List<List<float[]>> logits =
        batching.applyWindows(texts.stream().map(Hypotheses::encodings).toList(), this::logits);
    List<Classification> results = new ArrayList<>(texts.size());
    for (int i = 0; i < texts.size(); i++) {
      float[] scores = scores(logits.get(i), options.multiLabel() || labels.size() == 1);
      results.add(
          new Classification(
              texts.get(i).text(),
              LabelScore.best(scores, labels::get, labels.size()),
              texts.get(i).encodings().stream()
                  .mapToInt(Encoding::truncatedTokens)
                  .max()
                  .orElse(0)));
    }
    timer.answered("zero-shot-classification", results.size());
    return results;
  }

  private List<Encoding> encode(String text, List<String> labels, Options options) {
    return labels.stream()
        .map(label -> options.template().replace("{}", label))
        .map(
            hypothesis ->
                encoder.encode(text, hypothesis, options.longText(), Truncation.ONLY_FIRST))
        .toList();
  }

  private List<float[]> logits(List<Encoding> encodings) {
    Tensor logits = model.forward(Batch.of(encodings), null, OutputOptions.NONE).logits();
    List<float[]> rows = new ArrayList<>(encodings.size());
    for (int i = 0; i < encodings.size(); i++) {
      rows.add(logits.rows(i, i + 1).toFloatArray());
    }
    return rows;
  }

  private float[] scores(List<float[]> logits, boolean independent) {
    float[] scores = new float[logits.size()];
    if (!independent) {
      for (int i = 0; i < scores.length; i++) {
        scores[i] = logits.get(i)[entailment];
      }
      return Softmax.of(scores);
    }
    for (int i = 0; i < scores.length; i++) {
      float[] row = logits.get(i);
      // transformers takes the first label for contradiction, or the last if the first entails.
      float contradiction = row[entailment == 0 ? row.length - 1 : 0];
      scores[i] = Softmax.of(new float[] {contradiction, row[entailment]})[1];
    }
    return scores;
  }
}
