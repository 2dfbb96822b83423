// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.GatheredUse;
import io.github.megabert.backend.Matrix;
import io.github.megabert.parallel.Communicator;
import org.jspecify.annotations.Nullable;

/**
 * The tokens whose hidden states a rank has between the products that are divided among ranks: all
 * of them, or under sequence parallelism (Korthikanti et al. 2022, section 4.2) some, one rank's
 * behind the other's. LayerNorm, dropout and residuals see no others.
 *
 * @param tokens of the whole batch; ranks differ by one at most in how many they have
 * @param isDivided whether each rank has some
 */
record TokenShare(TensorRank ranks, int tokens, boolean isDivided) {
  /** Tokens that this rank has; may be none. */
  int rows() {
    return isDivided ? ranks.share(tokens) : tokens;
  }

  /** The mask of all tokens' rows, where this rank's begin. */
  @Nullable Dropout mask(@Nullable Dropout dropout, int columns) {
    return dropout == null || !isDivided
        ? dropout
        : dropout.from((long) ranks.first(tokens) * columns);
  }

  /**
   * What products read that are divided by heads, channels or words: all tokens. Its gradient is
   * summed over the ranks.
   *
   * @param x {@code [rows, columns]}
   * @param whole {@code [tokens, columns]}, written where tokens are divided
   * @return {@code whole}, or x itself
   */
  Matrix spread(Computation computation, Matrix x, Matrix whole) {
    Communicator group = ranks.group();
    if (group == null) {
      return x;
    }
    if (!isDivided) {
      return computation.copyToRanks(group, x);
    }
    computation.allGather(group, x, GatheredUse.PARTS, whole);
    return whole;
  }

  /**
   * {@code out = Σ product + residual} of this rank's tokens, the sum over all ranks; one rank
   * alone adds nothing up.
   *
   * @param product {@code [tokens, columns]}; undefined afterwards, unless it is {@code out}
   * @param out {@code [rows, columns]}; may be the residual, or the product where tokens are not
   *     divided
   */
  void collect(Computation computation, Matrix product, @Nullable Matrix residual, Matrix out) {
    Communicator group = requireNonNull(ranks.group());
    if (isDivided) {
      computation.reduceScatter(group, product, residual, out);
    } else {
      computation.allReduce(group, product, residual, out);
    }
  }

  /** The rows of all tokens, from which every rank computes the same. */
  Matrix complete(Computation computation, Matrix x) {
    if (!isDivided) {
      return x;
    }
    Matrix all = computation.matrix(tokens, x.columns());
    computation.allGather(requireNonNull(ranks.group()), x, GatheredUse.COPIES, all);
    return all;
  }
}
