// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What every task offers: a result for one input, for a list, and for a stream, each with the
 * task's own options or without. So {@code task}, {@code task::applyAll} and {@code task::stream}
 * serve wherever a {@link Function} is wanted.
 *
 * <p>Implementations are thread-safe, and cost nothing to make. All methods throw {@link
 * IllegalArgumentException} for an input that the model cannot take, in one sentence that says why,
 * and {@link IllegalStateException} once the model is closed.
 *
 * @param <I> what one result is made of: a text, a pair of texts, a question
 * @param <O> the options
 * @param <R> the result of one input
 */
public interface TextTask<I, O, R> extends Function<I, R> {
  /** The options of the methods that take none. */
  O defaultOptions();

  /**
   * Tokens that the model reads for an input, special tokens and those that windows repeat
   * included: the unit in which batches are measured. The input is encoded for that, which costs a
   * small part of what computing it does.
   */
  int tokens(I input, O options);

  /** The results of many inputs, computed in batches, in the order of the inputs. */
  List<R> applyAll(List<I> inputs, O options);

  /**
   * The results of any number of inputs, in their order and in bounded memory. The stream is lazy
   * and sequential, reads some inputs ahead, and closes {@code inputs} when it is closed.
   */
  Stream<R> stream(Stream<I> inputs, O options);

  /** The result of one input, with the default options. */
  @Override
  default R apply(I input) {
    return apply(input, defaultOptions());
  }

  /** The result of one input. */
  default R apply(I input, O options) {
    return applyAll(Collections.singletonList(input), options).getFirst();
  }

  /** The results of many inputs, with the default options; see {@link #applyAll(List, Object)}. */
  default List<R> applyAll(List<I> inputs) {
    return applyAll(inputs, defaultOptions());
  }

  /**
   * The results of any number of inputs, with the default options; see {@link #stream(Stream,
   * Object)}.
   */
  default Stream<R> stream(Stream<I> inputs) {
    return stream(inputs, defaultOptions());
  }
}
