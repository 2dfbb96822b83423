// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForMultipleChoice;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.Truncation;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Chooses the continuation of a prompt that fits best. Thread-safe. */
public final class MultipleChoice
    implements TextTask<MultipleChoice.Question, MultipleChoice.Options, MultipleChoice.Choice> {
  private final MegatronBertForMultipleChoice model;
  private final TextEncoder encoder;
  private final Batching batching;

  /**
   * A prompt and its possible continuations.
   *
   * @param prompt the first text of every pair
   * @param choices the second texts; at least one
   */
  public record Question(String prompt, List<String> choices) {
    /** Checks and copies the values. */
    public Question {
      Given.given("the prompt", prompt);
      choices = Given.all("choice", choices);
      if (choices.isEmpty()) {
        throw new IllegalArgumentException("a multiple-choice question needs at least one choice");
      }
    }
  }

  /**
   * The answer.
   *
   * @param choice index of the best choice
   * @param scores a probability a choice; they sum to 1
   * @param truncatedTokens the most tokens that were cut off for any choice
   */
  public record Choice(int choice, List<Float> scores, int truncatedTokens) {
    /** Copies the values. */
    public Choice {
      scores = List.copyOf(scores);
    }
  }

  /**
   * The options of a call.
   *
   * @param longText whether a pair that is too long is refused or cut, the longer text first;
   *     windows are not possible
   */
  public record Options(LongText longText) {
    /** A pair that is too long is refused. */
    public static final Options DEFAULT = new Options(LongText.REFUSE);

    /** Checks the values. */
    public Options {
      longText.requireWhole();
    }

    /** The same with another treatment of pairs that are too long. */
    public Options withLongText(LongText value) {
      return new Options(value);
    }
  }

  /** A pipeline over a model that the caller keeps open. */
  public MultipleChoice(
      MegatronBertForMultipleChoice model,
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

  /** Chooses; a prompt and choice that are too long together are refused. */
  public Choice apply(String prompt, List<String> choices) {
    return apply(new Question(prompt, choices));
  }

  @Override
  public int tokens(Question question, Options options) {
    return tokens(encode(question, options));
  }

  @Override
  public List<Choice> applyAll(List<Question> questions, Options options) {
    return choose(questions.stream().map(question -> encode(question, options)).toList());
  }

  @Override
  public Stream<Choice> stream(Stream<Question> questions, Options options) {
    return batching.stream(
        questions.map(question -> encode(question, options)), MultipleChoice::tokens, this::choose);
  }

  private List<Encoding> encode(Question question, Options options) {
    return Given.given("the question", question).choices().stream()
        .map(
            choice ->
                encoder.encode(
                    question.prompt(), choice, options.longText(), Truncation.LONGEST_FIRST))
        .toList();
  }

  private static int tokens(List<Encoding> pairs) {
    return pairs.stream().mapToInt(Encoding::size).sum();
  }

  private List<Choice> choose(List<List<Encoding>> questions) {
    AnswersTimer timer = AnswersTimer.begun();
    List<List<Float>> logits = batching.applyWindows(questions, this::logits);
    List<Choice> results = new ArrayList<>(questions.size());
    for (int i = 0; i < questions.size(); i++) {
      results.add(choose(logits.get(i), questions.get(i)));
    }
    timer.answered("multiple-choice", results.size());
    return results;
  }

  private List<Float> logits(List<Encoding> pairs) {
    Tensor logits = model.forward(Batch.of(pairs), 1, null, OutputOptions.NONE).logits();
    List<Float> values = new ArrayList<>(pairs.size());
    for (float value : logits.toFloatArray()) {
      values.add(value);
    }
    return values;
  }

  private static Choice choose(List<Float> logits, List<Encoding> pairs) {
    float[] values = new float[logits.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = logits.get(i);
    }
    List<Float> scores = new ArrayList<>(values.length);
    int best = 0;
    for (float score : Softmax.of(values)) {
      scores.add(score);
      best = score > scores.get(best) ? scores.size() - 1 : best;
    }
    int truncated = pairs.stream().mapToInt(Encoding::truncatedTokens).max().orElse(0);
    return new Choice(best, List.copyOf(scores), truncated);
  }
}
