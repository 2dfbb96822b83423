package io.github.megabert.spark;

import io.github.megabert.task.LongText;
import io.github.megabert.task.TextTask;
import io.github.megabert.task.TextTooLongException;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What happens to a row whose text is longer than the model takes. */
enum LongRow {
  /** What the model's folder says, or the task does of itself. */
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

  /** The name in parameters. */
  String parameter() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The choice of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  static LongRow of(String parameter) {
    return Stream.of(values())
        .filter(value -> value.parameter().equals(parameter))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "longText is '"
                        + parameter
                        + "'; it has to be one of "
                        + Stream.of(values())
                            .map(LongRow::parameter)
                            .collect(Collectors.joining(", "))));
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
