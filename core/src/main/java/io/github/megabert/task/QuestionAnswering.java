// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForQuestionAnswering;
import io.github.megabert.model.ModelOutput;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.EncodingOptions;
import io.github.megabert.tokenizer.Overflow;
import io.github.megabert.tokenizer.Truncation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the answer to a question in a text ({@code question-answering} pipeline of transformers
 * 4.57). Long texts are read in overlapping windows. Thread-safe.
 */
public final class QuestionAnswering
    implements TextTask<
        QuestionAnswering.Question, QuestionAnswering.Options, QuestionAnswering.Answers> {
  private static final int TRANSFORMERS_WINDOW = 384;
  private static final int TRANSFORMERS_STRIDE = 128;

  private final MegatronBertForQuestionAnswering model;
  private final TextEncoder encoder;
  private final Batching batching;

  /**
   * A question about a text.
   *
   * @param question the question
   * @param context the text in which the answer is sought
   */
  public record Question(String question, String context) {
    /** Checks the values. */
    public Question {
      Given.given("the question", question);
      Given.given("the context in which the answer is sought", context);
      if (question.isBlank()) {
        throw new IllegalArgumentException("the question is empty");
      }
      if (context.isBlank()) {
        throw new IllegalArgumentException("the context in which the answer is sought is empty");
      }
    }
  }

  /**
   * An answer.
   *
   * @param score probability of its first token times probability of its last one, within its
   *     window, summed over the stretches of tokens that are the same words, in capital or small
   *     letters; of the impossible answer: the smallest such product of {@code [CLS]}
   * @param span its place in the context, the first of several, whole words unless these are not
   *     wanted; empty at 0 if there is no answer
   * @param text the words; empty if there is no answer
   */
  public record Answer(float score, TextSpan span, String text) {
    /** Whether this says that the context has no answer. */
    public boolean isImpossible() {
      return text.isEmpty();
    }
  }

  /**
   * The answers to a question.
   *
   * @param answers the best first; at least one. There are fewer than asked for where a short text
   *     has no more
   */
  public record Answers(List<Answer> answers) {
    /** Copies the values. */
    public Answers {
      answers = List.copyOf(answers);
    }

    /** The best answer. */
    public Answer best() {
      return answers.getFirst();
    }
  }

  /**
   * The options of a call.
   *
   * @param topK different answers
   * @param maxAnswerLength most tokens of an answer
   * @param allowImpossible whether "no answer" is among the answers
   * @param windowLength most tokens of a window, question and special tokens included; 0 for the
   *     model's limit, at most 384
   * @param stride tokens that a window repeats of the one before; −1 for half a window, at most 128
   * @param alignToWords whether answers are whole words; otherwise they end where their tokens do
   */
  public record Options(
      int topK,
      int maxAnswerLength,
      boolean allowImpossible,
      int windowLength,
      int stride,
      boolean alignToWords) {
    /** The best answer of at most 15 tokens, as transformers. */
    public static final Options DEFAULT = new Options(1, 15, false, 0, -1, true);

    /** Checks the values. */
    public Options {
      if (topK < 1 || maxAnswerLength < 1) {
        throw new IllegalArgumentException(
            "topK and maxAnswerLength must be at least 1, not " + topK + " and " + maxAnswerLength);
      }
      if (windowLength < 0 || stride < -1) {
        throw new IllegalArgumentException(
            "windowLength and stride must not be negative: " + windowLength + " and " + stride);
      }
    }

    /** The same with so many answers. */
    public Options withTopK(int count) {
      return new Options(
          count, maxAnswerLength, allowImpossible, windowLength, stride, alignToWords);
    }

    /** The same with another limit of an answer's tokens. */
    public Options withMaxAnswerLength(int tokens) {
      return new Options(topK, tokens, allowImpossible, windowLength, stride, alignToWords);
    }

    /** The same with or without "no answer". */
    public Options withAllowImpossible(boolean value) {
      return new Options(topK, maxAnswerLength, value, windowLength, stride, alignToWords);
    }

    /** The same with answers of whole words or of tokens. */
    public Options withAlignToWords(boolean value) {
      return new Options(topK, maxAnswerLength, allowImpossible, windowLength, stride, value);
    }

    /** The same with other windows. */
    public Options withWindows(int length, int repeated) {
      return new Options(topK, maxAnswerLength, allowImpossible, length, repeated, alignToWords);
    }
  }

  /**
   * The logits of a window's tokens.
   *
   * @param start of each token to be an answer's first
   * @param end of each token to be an answer's last
   */
  public record WindowLogits(float[] start, float[] end) {
    /** Logits are equal when their bits are. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof WindowLogits that
          && Arrays.equals(start, that.start)
          && Arrays.equals(end, that.end);
    }

    @Override
    public int hashCode() {
      return 31 * Arrays.hashCode(start) + Arrays.hashCode(end);
    }

    @Override
    public String toString() {
      return "WindowLogits[start=" + Arrays.toString(start) + ", end=" + Arrays.toString(end) + "]";
    }
  }

  /** A pipeline over a model that the caller keeps open. */
  public QuestionAnswering(
      MegatronBertForQuestionAnswering model,
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

  /** The best answer to a question in a text. */
  public Answer best(String question, String context) {
    return apply(new Question(question, context)).best();
  }

  @Override
  public int tokens(Question question, Options options) {
    return request(question, options).tokens();
  }

  @Override
  public List<Answers> applyAll(List<Question> questions, Options options) {
    return answer(questions.stream().map(question -> request(question, options)).toList(), options);
  }

  @Override
  public Stream<Answers> stream(Stream<Question> questions, Options options) {
    return batching.stream(
        questions.map(question -> request(question, options)),
        Request::tokens,
        requests -> answer(requests, options));
  }

  /** A context and the windows that it is read in, one or more. */
  private record Request(String context, List<Encoding> windows) {
    int tokens() {
      return windows.stream().mapToInt(Encoding::size).sum();
    }
  }

  private Request request(Question question, Options options) {
    Given.given("the question", question);
    return new Request(question.context(), windows(encoder, question, options));
  }

  private List<Answers> answer(List<Request> requests, Options options) {
    AnswersTimer timer = AnswersTimer.begun();
    List<List<WindowLogits>> logits =
        batching.applyWindows(requests.stream().map(Request::windows).toList(), this::logits);
    List<Answers> results = new ArrayList<>(requests.size());
    for (int i = 0; i < requests.size(); i++) {
      Request request = requests.get(i);
      results.add(new Answers(best(request.context(), request.windows(), logits.get(i), options)));
    }
    timer.answered("question-answering", results.size());
    return results;
  }

  /**
   * The question with each part of its context, one or more.
   *
   * @param maxLength most tokens that the model takes
   * @throws IllegalArgumentException if the question leaves no room for the context
   */
  public static List<Encoding> windows(
      BertTokenizer tokenizer, int maxLength, Question question, Options options) {
    // The model is not known here, and refuses ids that it has no rows for.
    return windows(new TextEncoder(tokenizer, maxLength, Integer.MAX_VALUE), question, options);
  }

  private static List<Encoding> windows(TextEncoder encoder, Question question, Options options) {
    int length =
        options.windowLength() == 0
            ? Math.min(encoder.maxLength(), TRANSFORMERS_WINDOW)
            : Math.min(encoder.maxLength(), options.windowLength());
    int questionTokens =
        encoder
            .tokenizer()
            .encode(question.question(), EncodingOptions.DEFAULT.withSpecialTokens(false))
            .size();
    int room = length - questionTokens - 3;
    if (room < 1) {
      throw new IllegalArgumentException(
          "the question \""
              + TextEncoder.excerpt(question.question())
              + "\" has "
              + questionTokens
              + " tokens and leaves no room for the context in a window of "
              + length
              + " tokens");
    }
    int stride = options.stride();
    if (stride < 0) {
      stride = Math.min(length / 2, TRANSFORMERS_STRIDE);
      // A long question would leave nothing new in a window; transformers fails there.
      stride = stride < room ? stride : room / 2;
    }
    return encoder.windows(
        question.question(),
        question.context(),
        Truncation.ONLY_SECOND,
        length,
        Overflow.COMPLETE,
        stride);
  }

  /** The logits of windows, which are computed as one batch. */
  public List<WindowLogits> logits(List<Encoding> windows) {
    Batch batch = Batch.of(windows);
    ModelOutput.QuestionAnswering output = model.forward(batch, null, null, OutputOptions.NONE);
    List<WindowLogits> results = new ArrayList<>(windows.size());
    for (int b = 0; b < windows.size(); b++) {
      int from = batch.offsets()[b];
      int to = batch.offsets()[b + 1];
      results.add(
          new WindowLogits(
              output.startLogits().rows(from, to).toFloatArray(),
              output.endLogits().rows(from, to).toFloatArray()));
    }
    return results;
  }

  /**
   * The best answers in all windows over a context.
   *
   * @param logits of each window
   */
  public static List<Answer> best(
      String context, List<Encoding> windows, List<WindowLogits> logits, Options options) {
    List<Answer> answers = new ArrayList<>();
    // Several stretches may be the same words: transformers keeps so many more.
    int candidates =
        options.alignToWords()
            ? (int) Math.min(2L * options.topK() + 10, Integer.MAX_VALUE)
            : options.topK();
    float impossible = Float.POSITIVE_INFINITY;
    for (int w = 0; w < windows.size(); w++) {
      AnswerSearch search =
          AnswerSearch.of(windows.get(w), logits.get(w).start(), logits.get(w).end());
      search
          .best(context, candidates, options.maxAnswerLength(), options.alignToWords())
          .forEach(answer -> merge(answer, answers));
      impossible = Math.min(impossible, search.impossibleScore());
    }
    if (options.allowImpossible()) {
      answers.add(new Answer(impossible, new TextSpan(0, 0, 0, 0), ""));
    }
    answers.sort(Comparator.comparingDouble(Answer::score).reversed());
    return List.copyOf(answers.subList(0, Math.min(options.topK(), answers.size())));
  }

  /** Adds an answer; of the same words, in whatever case, the scores are summed at the first's. */
  private static void merge(Answer answer, List<Answer> answers) {
    String words = answer.text().toLowerCase(Locale.ROOT);
    for (int i = 0; i < answers.size(); i++) {
      Answer known = answers.get(i);
      if (known.text().toLowerCase(Locale.ROOT).equals(words)) {
        answers.set(i, new Answer(known.score() + answer.score(), known.span(), known.text()));
        return;
      }
    }
    answers.add(answer);
  }
}
