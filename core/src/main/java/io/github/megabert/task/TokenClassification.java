// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForTokenClassification;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.Overflow;
import io.github.megabert.tokenizer.Truncation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Finds names and other entities in texts ({@code transformers}' {@code token-classification}
 * pipeline). Thread-safe.
 */
public final class TokenClassification
    implements TextTask<String, TokenClassification.Options, TokenClassification.Entities> {
  private final MegatronBertForTokenClassification model;
  private final TextEncoder encoder;
  private final Batching batching;

  /** How the labels of tokens become entities; names and rules are transformers'. */
  public enum Aggregation {
    /** They do not: every token is an entity. */
    NONE,
    /** Adjacent tokens of a tag are an entity, even within a word. */
    SIMPLE,
    /** A word has the label of its first token. */
    FIRST,
    /** A word has the best label of the average of its tokens' probabilities. */
    AVERAGE,
    /** A word has the label of its most certain token. */
    MAX
  }

  /**
   * An entity.
   *
   * @param label without aggregation the token's label ({@code B-PER}), otherwise the group's
   *     ({@code PER})
   * @param score the label's probability, averaged over the entity
   * @param index without aggregation the token's place in its window ({@code [CLS]} is 0),
   *     otherwise −1
   * @param word the entity as the tokenizer writes it
   * @param span the entity's place in the text
   */
  public record Entity(String label, float score, int index, String word, TextSpan span) {}

  /**
   * The entities of a text.
   *
   * @param entities in the order of the text
   * @param truncatedTokens tokens at the end of the text that the model did not read; none with
   *     complete windows
   */
  public record Entities(List<Entity> entities, int truncatedTokens) {}

  /**
   * The options of a call.
   *
   * @param aggregation how entities are made of tokens
   * @param ignoredLabels entities of these labels are left out
   * @param longText what happens to a text that is too long; windows need an aggregation
   * @param stride tokens that a window repeats of the one before
   * @param overflow which windows there are: {@code COMPLETE}, or {@code AS_REFERENCE}, those that
   *     transformers 5.17 makes, which leave the end of a long text unread
   */
  public record Options(
      Aggregation aggregation,
      Set<String> ignoredLabels,
      LongText longText,
      int stride,
      Overflow overflow) {
    /** A label a token, {@code O} left out, texts that are too long refused, as transformers. */
    public static final Options DEFAULT =
        new Options(Aggregation.NONE, Set.of("O"), LongText.REFUSE, 0, Overflow.COMPLETE);

    /** Checks and copies the values. */
    public Options {
      ignoredLabels = Set.copyOf(Given.all("ignored label", new ArrayList<>(ignoredLabels)));
      if (stride < 0) {
        throw new IllegalArgumentException("stride must not be negative: " + stride);
      }
      if (longText == LongText.WINDOWS && aggregation == Aggregation.NONE) {
        throw new IllegalArgumentException(
            "windows overlap, and only entities can be put together again: choose an aggregation"
                + " other than NONE");
      }
    }

    /** The same with another aggregation. */
    public Options withAggregation(Aggregation value) {
      return new Options(value, ignoredLabels, longText, stride, overflow);
    }

    /** The same with other labels left out. */
    public Options withIgnoredLabels(Set<String> labels) {
      return new Options(aggregation, labels, longText, stride, overflow);
    }

    /** The same with texts that are too long refused or cut. */
    public Options withLongText(LongText value) {
      return new Options(aggregation, ignoredLabels, value, stride, overflow);
    }

    /** The same with windows that repeat so many tokens of the one before. */
    public Options withWindows(int tokens) {
      return new Options(aggregation, ignoredLabels, LongText.WINDOWS, tokens, Overflow.COMPLETE);
    }

    /**
     * The same with the windows that transformers 5.17 makes; the end of a long text is not read.
     */
    public Options withReferenceWindows(int tokens) {
      return new Options(
          aggregation, ignoredLabels, LongText.WINDOWS, tokens, Overflow.AS_REFERENCE);
    }
  }

  /** A text and its windows, one or more. */
  private record Request(String text, List<Encoding> windows) {
    int tokens() {
      return windows.stream().mapToInt(Encoding::size).sum();
    }
  }

  /** A pipeline over a model that the caller keeps open. */
  public TokenClassification(
      MegatronBertForTokenClassification model,
      BertTokenizer tokenizer,
      int maxLength,
      Batching batching) {
    this.model = model;
    this.batching = batching;
    encoder = new TextEncoder(tokenizer, maxLength, model.config().vocabSize());
  }

  @Override
  public Options defaultOptions() {
    return Options.DEFAULT;
  }

  @Override
  public int tokens(String text, Options options) {
    return request(text, options).tokens();
  }

  @Override
  public List<Entities> applyAll(List<String> texts, Options options) {
    return classify(texts.stream().map(text -> request(text, options)).toList(), options);
  }

  @Override
  public Stream<Entities> stream(Stream<String> texts, Options options) {
    return batching.stream(
        texts.map(text -> request(text, options)),
        Request::tokens,
        requests -> classify(requests, options));
  }

  private Request request(String text, Options options) {
    if (options.longText() == LongText.WINDOWS) {
      return new Request(
          text,
          encoder.windows(
              text,
              null,
              Truncation.ONLY_FIRST,
              encoder.maxLength(),
              options.overflow(),
              options.stride()));
    }
    return new Request(
        text, List.of(encoder.encode(text, null, options.longText(), Truncation.ONLY_FIRST)));
  }

  /** Tokens after the last window. */
  private static int unreadTokens(List<Encoding> windows, int stride) {
    int unread = windows.getFirst().truncatedTokens();
    for (Encoding window : windows.subList(1, windows.size())) {
      int special = IntStream.of(window.specialTokensMask()).sum();
      unread -= window.size() - special - stride;
    }
    return unread;
  }

  private List<Entities> classify(List<Request> requests, Options options) {
    AnswersTimer timer = AnswersTimer.begun();
    List<List<float[][]>> probabilities =
        batching.applyWindows(
            requests.stream().map(Request::windows).toList(), this::probabilities);
    List<Entities> results = new ArrayList<>(requests.size());
    for (int i = 0; i < requests.size(); i++) {
      Request request = requests.get(i);
      EntityGrouping grouping =
          new EntityGrouping(
              request.text(),
              encoder.tokenizer(),
              model.config().id2label(),
              options.aggregation());
      List<Entity> entities = new ArrayList<>();
      for (int w = 0; w < request.windows().size(); w++) {
        for (Entity entity :
            grouping.entities(request.windows().get(w), probabilities.get(i).get(w))) {
          if (!options.ignoredLabels().contains(entity.label())) {
            entities.add(entity);
          }
        }
      }
      boolean single = request.windows().size() == 1;
      results.add(
          new Entities(
              single ? List.copyOf(entities) : OverlappingEntities.resolve(entities),
              unreadTokens(request.windows(), options.stride())));
    }
    timer.answered("token-classification", results.size());
    return results;
  }

  /** Probabilities {@code [tokens][labels]} of every window. */
  private List<float[][]> probabilities(List<Encoding> windows) {
    Batch batch = Batch.of(windows);
    Tensor logits = model.forward(batch, null, OutputOptions.NONE).logits();
    List<float[][]> results = new ArrayList<>(windows.size());
    for (int b = 0; b < windows.size(); b++) {
      float[][] rows = new float[windows.get(b).size()][];
      for (int t = 0; t < rows.length; t++) {
        int row = batch.offsets()[b] + t;
        rows[t] = Softmax.of(logits.rows(row, row + 1).toFloatArray());
      }
      results.add(rows);
    }
    return results;
  }
}
