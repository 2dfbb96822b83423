// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import io.github.megabert.model.KeyValueCache;
import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Continues token sequences with a causal language model: greedy search, sampling, or beam search.
 *
 * <p>Prompts of different lengths run in one batch without padding, so each gets what it would get
 * alone. Keys and values of earlier tokens are cached: a step computes one token a sequence.
 * Thread-safe.
 */
public final class Generator {
  private final MegatronBertForCausalLM model;
  private final int[] padding;

  /** A generator over a model that the caller keeps open; any row of it may be chosen. */
  public Generator(MegatronBertForCausalLM model) {
    this(model, id -> true);
  }

  /**
   * A generator over a model whose matrix may be padded.
   *
   * @param tokens which ids are tokens; others are never chosen
   */
  public Generator(MegatronBertForCausalLM model, IntPredicate tokens) {
    this.model = model;
    padding = IntStream.range(0, model.config().vocabSize()).filter(tokens.negate()).toArray();
  }

  /**
   * Continues prompts.
   *
   * @param prompts token ids, at least one each
   * @return {@code returnSequences} results a prompt, in the order of the prompts; with beams the
   *     best first
   * @throws IllegalArgumentException if a prompt is empty or fills all positions of the model
   */
  public List<GeneratedSequence> generate(List<int[]> prompts, GenerationOptions options) {
    int positions = model.config().maxPositionEmbeddings();
    for (int i = 0; i < prompts.size(); i++) {
      int length = prompts.get(i).length;
      if (length == 0 || length >= positions) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "prompt %d has %d tokens, 1 … %d are possible (max_position_embeddings %d); "
                    + "shorten it",
                i,
                length,
                positions - 1,
                positions));
      }
    }
    for (int end : options.endTokens()) {
      if (end < 0 || end >= model.config().vocabSize()) {
        throw new IllegalArgumentException(
            "end token " + end + " is outside 0 … " + (model.config().vocabSize() - 1));
      }
    }
    if (options.beams() > 1) {
      List<GeneratedSequence> results = new ArrayList<>();
      BeamSearch search = new BeamSearch(model, new LogitsRules(options, padding));
      for (int[] prompt : prompts) {
        results.addAll(
            search.search(prompt, maxLength(prompt, options), limitReason(prompt, options)));
      }
      return results;
    }
    return prompts.isEmpty() ? List.of() : stepwise(prompts, options);
  }

  private int maxLength(int[] prompt, GenerationOptions options) {
    return (int)
        Math.min(
            (long) prompt.length + options.maxNewTokens(), model.config().maxPositionEmbeddings());
  }

  private GeneratedSequence.Reason limitReason(int[] prompt, GenerationOptions options) {
    return (long) prompt.length + options.maxNewTokens() > model.config().maxPositionEmbeddings()
        ? GeneratedSequence.Reason.MODEL_LIMIT
        : GeneratedSequence.Reason.MAX_NEW_TOKENS;
  }

  /**
   * Greedy search or sampling of all prompts together; sequences that have ended leave the batch.
   */
  private List<GeneratedSequence> stepwise(List<int[]> prompts, GenerationOptions options) {
    int results = options.returnSequences();
    List<TokenSequence> all = new ArrayList<>();
    int capacity = 0;
    for (int[] prompt : prompts) {
      capacity = Math.max(capacity, maxLength(prompt, options));
      for (int i = 0; i < results; i++) {
        all.add(new TokenSequence(prompt));
      }
    }
    @Nullable GeneratedSequence[] ended = new GeneratedSequence[all.size()];
    Decoding decoding = new Decoding(model);
    LogitsRules rules = new LogitsRules(options, padding);
    List<Sampler> samplers = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      samplers.add(new Sampler(options, i % results));
    }
    List<Integer> running = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      running.add(i);
    }
    try (KeyValueCache cache = decoding.newCache(all.size(), capacity)) {
      Tensor logits = decoding.prefill(all, cache);
      while (true) {
        List<Integer> next = new ArrayList<>();
        List<Integer> slots = new ArrayList<>();
        for (int slot = 0; slot < running.size(); slot++) {
          int index = running.get(slot);
          TokenSequence sequence = all.get(index);
          float[] scores = logits.rows(slot, slot + 1).toFloatArray();
          rules.apply(sequence, scores);
          int token = samplers.get(index).next(scores);
          sequence.add(token);
          options.listener().token(index, token);
          GeneratedSequence.Reason reason = endOf(sequence, prompts.get(index / results), options);
          if (reason == null) {
            next.add(index);
            slots.add(slot);
          } else {
            ended[index] =
                new GeneratedSequence(sequence.toArray(), sequence.promptLength(), 0, reason);
          }
        }
        if (next.isEmpty()) {
          break;
        }
        if (next.size() < running.size()) {
          decoding.select(cache, slots.stream().mapToInt(Integer::intValue).toArray());
        }
        running = next;
        logits = decoding.step(running.stream().map(all::get).toList(), cache);
      }
    }
    List<GeneratedSequence> list = new ArrayList<>();
    for (GeneratedSequence sequence : ended) {
      if (sequence != null) {
        list.add(sequence);
      }
    }
    return list;
  }

  private GeneratedSequence.@Nullable Reason endOf(
      TokenSequence sequence, int[] prompt, GenerationOptions options) {
    if (options.endTokens().contains(sequence.last())) {
      return GeneratedSequence.Reason.END_TOKEN;
    }
    if (options.stopCondition().ends(sequence.toArray(), sequence.promptLength())) {
      return GeneratedSequence.Reason.STOP_CONDITION;
    }
    return sequence.length() >= maxLength(prompt, options) ? limitReason(prompt, options) : null;
  }
}
