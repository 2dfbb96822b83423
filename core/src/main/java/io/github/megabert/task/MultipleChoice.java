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

/** Chooses the continuation of a prompt that fits best. Thread-safe. */
public final class MultipleChoice {
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
    /** Checks and copies. */
    public Question {
      choices = List.copyOf(choices);
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
  public record Choice(int choice, List<Float> scores, int truncatedTokens) {}

  /** A pipeline over a model that the caller keeps open. */
  public MultipleChoice(
      MegatronBertForMultipleChoice model,
      BertTokenizer tokenizer,
      int maxLength,
      Batching batching) {
    this.model = model;
    this.batching = batching;
    encoder = new TextEncoder(tokenizer, maxLength);
  }

  /** Chooses; a prompt and choice that are too long together are refused. */
  public Choice apply(String prompt, List<String> choices) {
    return apply(new Question(prompt, choices), LongText.REFUSE);
  }

  /**
   * Chooses.
   *
   * @param longText whether a pair that is too long is refused or cut, the longer text first
   * @throws IllegalArgumentException if a pair is too long and may not be cut
   */
  public Choice apply(Question question, LongText longText) {
    return applyAll(List.of(question), longText).getFirst();
  }

  /** Chooses for many prompts, in their order. */
  public List<Choice> applyAll(List<Question> questions, LongText longText) {
    List<List<Encoding>> pairs =
        questions.stream()
            .map(
                question ->
                    question.choices().stream()
                        .map(choice -> encode(question.prompt(), choice, longText))
                        .toList())
            .toList();
    List<List<Float>> logits = batching.applyWindows(pairs, this::logits);
    List<Choice> results = new ArrayList<>(questions.size());
    for (int i = 0; i < questions.size(); i++) {
      results.add(choose(logits.get(i), pairs.get(i)));
    }
    return results;
  }

  private Encoding encode(String prompt, String choice, LongText longText) {
    return encoder.encode(prompt, choice, longText, Truncation.LONGEST_FIRST);
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
