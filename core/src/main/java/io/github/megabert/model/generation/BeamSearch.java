// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import io.github.megabert.model.KeyValueCache;
import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tensor.TopK;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Beam search as transformers does it ({@code GenerationMixin._beam_search}): per step {@code
 * max(2, 1 + end tokens) × beams} candidates, of which the unfinished best run on and the finished
 * among the first {@code beams} compete for a place in the result.
 *
 * <p>With sampling the candidates are drawn without replacement from all beams' continuations that
 * temperature, top-k, top-p and min-p leave, by the sum of their log-probabilities.
 */
final class BeamSearch {
  private record Beam(TokenSequence tokens, double logProbability) {}

  private record Candidate(
      int parent,
      int token,
      double logProbability,
      double rank,
      TokenSequence tokens,
      boolean stops) {}

  private record Finished(TokenSequence tokens, double score) {}

  private final Decoding decoding;
  private final GenerationOptions options;
  private final LogitsRules rules;

  BeamSearch(MegatronBertForCausalLM model, LogitsRules rules) {
    this.rules = rules;
    options = rules.options();
    decoding = new Decoding(model);
  }

  /** The best sequences that continue a prompt, best first. */
  List<GeneratedSequence> search(int[] prompt, int maxLength, GeneratedSequence.Reason limit) {
    int beams = options.beams();
    List<Beam> running = List.of(new Beam(new TokenSequence(prompt), 0));
    List<Finished> finished = new ArrayList<>();
    Sampler sampler = new Sampler(options, 0);
    try (KeyValueCache cache = decoding.newCache(beams, maxLength)) {
      Tensor logits = decoding.prefill(List.of(running.getFirst().tokens()), cache);
      boolean open = true;
      while (open) {
        List<Candidate> candidates = candidates(running, logits, maxLength, sampler);
        if (!(finished.size() == beams
            && options.earlyStopping() == GenerationOptions.EarlyStopping.FIRST_FINISHED)) {
          takeFinished(candidates, finished);
        }
        List<Candidate> survivors =
            candidates.stream().filter(c -> !c.stops()).limit(beams).toList();
        open = !survivors.isEmpty() && !isDecided(survivors, finished, maxLength);
        if (open) {
          running = survivors.stream().map(c -> new Beam(c.tokens(), c.logProbability())).toList();
          decoding.select(cache, survivors.stream().mapToInt(Candidate::parent).toArray());
          logits = decoding.step(running.stream().map(Beam::tokens).toList(), cache);
        }
      }
    }
    return finished.stream().limit(options.returnSequences()).map(f -> result(f, limit)).toList();
  }

  private GeneratedSequence result(Finished finished, GeneratedSequence.Reason limit) {
    TokenSequence tokens = finished.tokens();
    GeneratedSequence.Reason reason =
        options.endTokens().contains(tokens.last())
            ? GeneratedSequence.Reason.END_TOKEN
            : options.stopCondition().ends(tokens.toArray(), tokens.promptLength())
                ? GeneratedSequence.Reason.STOP_CONDITION
                : limit;
    return new GeneratedSequence(tokens.toArray(), tokens.promptLength(), finished.score(), reason);
  }

  private List<Candidate> candidates(
      List<Beam> running, Tensor logits, int maxLength, Sampler sampler) {
    int wanted = Math.max(2, 1 + options.endTokens().size()) * options.beams();
    List<Candidate> candidates = new ArrayList<>();
    for (int b = 0; b < running.size(); b++) {
      Beam beam = running.get(b);
      float[] scores = LogSoftmax.row(logits, b);
      rules.apply(beam.tokens(), scores);
      int[] tokens =
          options.sample()
              ? sampler.kept(scores, 1 + options.endTokens().size())
              : TopK.descending(scores, wanted);
      for (int token : tokens) {
        if (scores[token] == Float.NEGATIVE_INFINITY && rules.isPadding(token)) {
          continue;
        }
        TokenSequence longer = beam.tokens().with(token);
        boolean stops =
            options.endTokens().contains(token)
                || longer.length() >= maxLength
                || options.stopCondition().ends(longer.toArray(), longer.promptLength());
        double score = options.sample() ? scores[token] / options.temperature() : scores[token];
        double sum = beam.logProbability() + score;
        double rank = options.sample() ? sum + sampler.gumbel() : sum;
        candidates.add(new Candidate(b, token, sum, rank, longer, stops));
      }
    }
    candidates.sort(Comparator.comparingDouble(Candidate::rank).reversed());
    List<Candidate> chosen =
        new ArrayList<>(candidates.subList(0, Math.min(wanted, candidates.size())));
    chosen.sort(Comparator.comparingDouble(Candidate::logProbability).reversed());
    return chosen;
  }

  private void takeFinished(List<Candidate> candidates, List<Finished> finished) {
    for (Candidate candidate :
        candidates.subList(0, Math.min(options.beams(), candidates.size()))) {
      if (candidate.stops()) {
        double length = candidate.tokens().newTokens();
        finished.add(
            new Finished(
                candidate.tokens(),
                candidate.logProbability() / Math.pow(length, options.lengthPenalty())));
      }
    }
    finished.sort(Comparator.comparingDouble(Finished::score).reversed());
    if (finished.size() > options.beams()) {
      finished.subList(options.beams(), finished.size()).clear();
    }
  }

  /** Whether what runs on can no longer improve the result. */
  private boolean isDecided(List<Candidate> survivors, List<Finished> finished, int maxLength) {
    if (finished.size() < options.beams()) {
      return false;
    }
    if (options.earlyStopping() == GenerationOptions.EarlyStopping.FIRST_FINISHED) {
      return true;
    }
    Candidate best = survivors.getFirst();
    boolean longest =
        options.earlyStopping() == GenerationOptions.EarlyStopping.NEVER
            && options.lengthPenalty() > 0;
    int length = longest ? maxLength - best.tokens().promptLength() : best.tokens().newTokens();
    double reachable = best.logProbability() / Math.pow(length, options.lengthPenalty());
    return reachable <= finished.getLast().score();
  }
}
