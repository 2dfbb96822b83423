// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import io.github.megabert.tensor.TopK;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Chooses the next token: temperature, then top-k, top-p and min-p, in transformers' order. */
final class Sampler {
  /** Spreads small numbers over all bits. */
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  private final GenerationOptions options;
  private final RandomGenerator random;

  /**
   * A sampler of one sequence: what it draws does not depend on the others of its batch.
   *
   * @param result number of the sequence among those of its prompt
   */
  Sampler(GenerationOptions options, int result) {
    this.options = options;
    random =
        RandomGeneratorFactory.of("L64X128MixRandom")
            .create(options.seed() ^ (GOLDEN_RATIO * result));
  }

  /** A token drawn from the scores, or the likeliest one without sampling. */
  int next(float[] scores) {
    return options.sample() ? draw(scores) : likeliest(scores);
  }

  private static int likeliest(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }

  private int draw(float[] scores) {
    int[] order = TopK.descending(scores, options.topK() == 0 ? scores.length : options.topK());
    double[] probabilities = probabilities(scores, order);
    int kept = keep(probabilities);
    double total = 0;
    for (int i = 0; i < kept; i++) {
      total += probabilities[i];
    }
    double target = random.nextDouble() * total;
    for (int i = 0; i < kept; i++) {
      target -= probabilities[i];
      if (target < 0) {
        return order[i];
      }
    }
    return order[kept - 1];
  }

  /**
   * The tokens that temperature, top-k, top-p and min-p leave, likeliest first.
   *
   * @param least how many stay in any case
   */
  int[] kept(float[] scores, int least) {
    int most = options.topK() == 0 ? scores.length : Math.max(options.topK(), least);
    int[] order = TopK.descending(scores, most);
    int kept = Math.max(keep(probabilities(scores, order)), Math.min(least, order.length));
    return Arrays.copyOf(order, kept);
  }

  /** A number from Gumbel's distribution: the largest of sums with it is a draw (Gumbel-max). */
  double gumbel() {
    return -Math.log(-Math.log(1 - random.nextDouble()));
  }

  /** Softmax of the ordered scores after temperature. */
  private double[] probabilities(float[] scores, int[] order) {
    double[] probabilities = new double[order.length];
    double sum = 0;
    for (int i = 0; i < order.length; i++) {
      probabilities[i] =
          Math.exp((scores[order[i]] - (double) scores[order[0]]) / options.temperature());
      sum += probabilities[i];
    }
    for (int i = 0; i < order.length; i++) {
      probabilities[i] /= sum;
    }
    return probabilities;
  }

  /** How many of the descending probabilities top-p and min-p leave; at least one. */
  private int keep(double[] probabilities) {
    int kept = probabilities.length;
    if (options.topP() < 1) {
      double cumulative = 0;
      kept = 0;
      while (kept < probabilities.length && cumulative < options.topP()) {
        cumulative += probabilities[kept++];
      }
    }
    double least = options.minP() * probabilities[0];
    // What cannot be drawn is left out, or rounding could reach it.
    while (kept > 1 && (probabilities[kept - 1] < least || probabilities[kept - 1] == 0)) {
      kept--;
    }
    return kept;
  }
}
