// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.model.generation.GeneratedSequence;
import io.github.megabert.model.generation.GenerationOptions;
import io.github.megabert.model.generation.Generator;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Continues a text with a causal language model. Thread-safe. */
public final class TextGeneration
    implements TextTask<String, TextGeneration.Options, TextGeneration.Continuations> {
  private final Set<Integer> endTokens;
  private final Generator generator;
  private final TextEncoder encoder;
  private final Batching batching;

  /**
   * The options of a call.
   *
   * @param generation how tokens are chosen. Where it names no end tokens, the model's {@code
   *     eos_token_id} is one, or {@code [SEP]} if the model has none; its listener and stop
   *     condition are heard as well
   * @param stops the text ends where the new part contains one of these, which stay in it
   */
  public record Options(GenerationOptions generation, List<String> stops) {
    /** Greedy search for at most 20 tokens. */
    public static final Options DEFAULT = new Options(GenerationOptions.DEFAULT, List.of());

    /** Checks and copies the values. */
    public Options {
      stops = Given.all("stop text", stops);
      if (stops.contains("")) {
        throw new IllegalArgumentException("an empty stop text would end every text at once");
      }
    }

    /** The same with another search. */
    public Options withGeneration(GenerationOptions value) {
      return new Options(value, stops);
    }

    /** The same with other texts that end the new part. */
    public Options withStops(String... texts) {
      return new Options(generation, Arrays.asList(texts));
    }
  }

  /**
   * A continued text.
   *
   * @param text the prompt as it was given, and the new part
   * @param newText the new part
   * @param tokenIds the prompt's and the new tokens, special tokens included; not to be changed
   * @param score with beams the sequence's score, otherwise 0
   * @param reason why it ended
   */
  public record Generated(
      String text, String newText, int[] tokenIds, double score, GeneratedSequence.Reason reason) {
    /** Whether the other is the same text of the same tokens. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Generated that
          && text.equals(that.text)
          && newText.equals(that.newText)
          && Arrays.equals(tokenIds, that.tokenIds)
          && Double.compare(score, that.score) == 0
          && reason == that.reason;
    }

    @Override
    public int hashCode() {
      return Objects.hash(text, newText, Arrays.hashCode(tokenIds), score, reason);
    }

    @Override
    public String toString() {
      return "Generated[text="
          + text
          + ", newText="
          + newText
          + ", tokenIds="
          + Arrays.toString(tokenIds)
          + ", score="
          + score
          + ", reason="
          + reason
          + "]";
    }
  }

  /**
   * The continuations of a prompt.
   *
   * @param sequences as many as the options ask for, with beams the best first
   */
  public record Continuations(List<Generated> sequences) {
    /** Copies the values. */
    public Continuations {
      sequences = List.copyOf(sequences);
    }

    /** The first or only one. */
    public Generated best() {
      return sequences.getFirst();
    }
  }

  /** A pipeline over a model that the caller keeps open. */
  public TextGeneration(
      MegatronBertForCausalLM model, BertTokenizer tokenizer, int maxLength, Batching batching) {
    this(model, tokenizer, maxLength, batching, new LinkedHashSet<>(model.config().eosTokenIds()));
  }

  /**
   * The same with end tokens for options that name none.
   *
   * @param endTokens tokens that end a text; if empty, {@code [SEP]}
   */
  public TextGeneration(
      MegatronBertForCausalLM model,
      BertTokenizer tokenizer,
      int maxLength,
      Batching batching,
      Set<Integer> endTokens) {
    this.endTokens = endTokens.isEmpty() ? Set.of(tokenizer.sepId()) : Set.copyOf(endTokens);
    this.batching = batching;
    generator = new Generator(model, tokenizer::hasToken);
    encoder = new TextEncoder(tokenizer, maxLength, model.config().vocabSize());
  }

  @Override
  public Options defaultOptions() {
    return Options.DEFAULT;
  }

  /** The number of the model's positions: memory is taken for all of them. */
  @Override
  public int tokens(String prompt, Options options) {
    return encoder.maxLength();
  }

  @Override
  public List<Continuations> applyAll(List<String> prompts, Options options) {
    GenerationOptions generation = complete(options).build();
    return batching.apply(
        prompts, prompt -> encoder.maxLength(), batch -> generate(batch, generation));
  }

  @Override
  public Stream<Continuations> stream(Stream<String> prompts, Options options) {
    GenerationOptions generation = complete(options).build();
    int together = Math.max(1, batching.tokenBudget() / encoder.maxLength());
    return batching.withReadAhead(Math.min(together, batching.readAhead())).stream(
        prompts, prompt -> encoder.maxLength(), batch -> generate(batch, generation));
  }

  private List<Continuations> generate(List<String> prompts, GenerationOptions generation) {
    List<int[]> encoded = prompts.stream().map(this::tokens).toList();
    AnswersTimer timer = AnswersTimer.begun();
    List<GeneratedSequence> sequences = generator.generate(encoded, generation);
    int count = generation.returnSequences();
    List<Continuations> results = new ArrayList<>(prompts.size());
    for (int i = 0; i < prompts.size(); i++) {
      String prompt = prompts.get(i);
      results.add(
          new Continuations(
              sequences.subList(i * count, (i + 1) * count).stream()
                  .map(sequence -> generated(prompt, sequence))
                  .toList()));
    }
    timer.answered("text-generation", results.size());
    return results;
  }

  /**
   * Continues a text and hands out the new part in pieces; together the pieces are {@link
   * Generated#newText}.
   *
   * @throws IllegalArgumentException with beams, or if several results are wanted: there is no text
   *     to hand out before all is done
   */
  public Generated stream(String prompt, Options options, Consumer<String> pieces) {
    if (options.generation().beams() > 1 || options.generation().returnSequences() > 1) {
      throw new IllegalArgumentException(
          "only one text without beams can be streamed; ask for one result and one beam");
    }
    int[] tokens = tokens(prompt);
    AnswersTimer timer = AnswersTimer.begun();
    TextPieces text = new TextPieces(encoder.tokenizer(), tokens, pieces);
    GenerationOptions.TokenListener listener = options.generation().listener();
    GenerationOptions generation =
        complete(options)
            .listener(
                (index, token) -> {
                  text.add(token);
                  listener.token(index, token);
                })
            .build();
    Generated result =
        generated(prompt, generator.generate(List.of(tokens), generation).getFirst());
    text.finish(result.newText());
    timer.answered("text-generation", 1);
    return result;
  }

  /** {@code [CLS]} and the text, without the closing {@code [SEP]}, which would end it. */
  private int[] tokens(String prompt) {
    Encoding encoding = encoder.encodeWhole(prompt, "shorten it, best at its beginning");
    if (!encoder.tokenizer().config().addsSpecialTokens()) {
      return encoding.ids();
    }
    return Arrays.copyOf(encoding.ids(), encoding.size() - 1);
  }

  private GenerationOptions.Builder complete(Options options) {
    GenerationOptions given = options.generation();
    GenerationOptions.Builder builder = given.toBuilder();
    if (given.endTokens().isEmpty()) {
      builder.endTokens(endTokens);
    }
    if (!options.stops().isEmpty()) {
      builder.stopCondition(
          (tokenIds, promptLength) ->
              given.stopCondition().ends(tokenIds, promptLength)
                  || options.stops().stream().anyMatch(newText(tokenIds, promptLength)::contains));
    }
    return builder;
  }

  private Generated generated(String prompt, GeneratedSequence sequence) {
    String newText = newText(sequence.tokenIds(), sequence.promptLength());
    return new Generated(
        prompt + newText, newText, sequence.tokenIds(), sequence.score(), sequence.reason());
  }

  /** The new part with the space that separates it from the prompt, where there is one. */
  private String newText(int[] tokenIds, int promptLength) {
    return TextPieces.newText(encoder.tokenizer(), tokenIds, promptLength);
  }
}
