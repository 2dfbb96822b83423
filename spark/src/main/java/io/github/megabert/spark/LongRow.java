// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import io.github.megabert.task.LongText;
import io.github.megabert.task.TextTask;
import io.github.megabert.task.TextTooLongException;
import org.jspecify.annotations.Nullable;

/** What happens to a row whose text is longer than the model takes. */
enum LongRow {
  /**
   * Left to the task: an embedder does what the model's folder says (one of sentence-transformers
   * has texts cut), or else reads windows; a classifier and a tagger refuse.
   */
  DEFAULT(null),
  /** The job fails, with a sentence that gives both lengths. */
  REFUSE(LongText.REFUSE),
  /** The text is cut. */
  TRUNCATE(LongText.TRUNCATE),
  /** The row has no result. */
  NULL(LongText.REFUSE),
  /** The text is read in windows, and nothing is missing; not every task can do that. */
  WINDOWS(LongText.WINDOWS);

  private final @Nullable LongText longText;

  LongRow(@Nullable LongText longText) {
    this.longText = longText;
  }

  /** The treatment, or another where this leaves it to the task. */
  LongText or(LongText otherwise) {
    return longText == null ? otherwise : longText;
  }

  /**
   * The choice of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  static LongRow of(String parameter) {
    return MegaBertTransformer.choice("longText", values(), parameter);
  }

  /** Whether a text has no result because it is too long. */
  <I, O> boolean drops(TextTask<I, O, ?> task, I input, O options) {
    if (this != NULL) {
      return false;
    }
    try {
      task.tokens(input, options);
      return false;
    } catch (TextTooLongException tooLong) {
      return true;
    }
  }
}
