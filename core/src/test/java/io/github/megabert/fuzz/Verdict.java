// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.fuzz;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.hub.HubException;
import io.github.megabert.tokenizer.TokenizerException;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a reader may answer to any input: a result, or a documented exception with a sentence. */
final class Verdict {
  private static final int SHORTEST = 12;

  /** Texts of a file are cut at 200 characters; a sentence has at most a few, and a path. */
  private static final int LONGEST = 1500;

  /** Texts of the file, which may say anything. */
  private static final Pattern QUOTED = Pattern.compile("'.*'|\".*\"|\\[.*]|\\{.*");

  private Verdict() {}

  /** What is wrong with the way in which a reader ended, and where; null if nothing is. */
  static @Nullable String of(@Nullable Throwable thrown) {
    if (thrown == null) {
      return null;
    }
    String wrong = wrong(thrown);
    return wrong == null
        ? null
        : wrong + ": " + thrown.getClass().getName() + where(thrown) + said(thrown);
  }

  private static @Nullable String wrong(Throwable thrown) {
    boolean documented =
        thrown instanceof CheckpointException
            || thrown instanceof TokenizerException
            || thrown instanceof TrainingDataException
            || thrown instanceof HubException
            || thrown.getClass() == IllegalArgumentException.class
            || thrown.getClass() == IllegalStateException.class
            || thrown.getClass() == UncheckedIOException.class
            || thrown.getClass() == IOException.class;
    if (!documented) {
      return "an exception that is not documented";
    }
    String message = thrown.getMessage();
    if (message == null || message.length() < SHORTEST || !message.contains(" ")) {
      return "no sentence";
    }
    if (message.length() > LONGEST) {
      return "a message of " + message.length() + " characters";
    }
    if (message.chars().anyMatch(Character::isISOControl)) {
      return "a message with control characters";
    }
    return message.startsWith("null") || message.endsWith("null")
        ? "a message that says null"
        : null;
  }

  /** The message's beginning, without what differs from input to input. */
  private static String said(Throwable thrown) {
    String message =
        QUOTED
            .matcher(String.valueOf(thrown.getMessage()))
            .replaceAll("#")
            .replaceAll("[^A-Za-z ]+", "#");
    return " saying: " + message.substring(0, Math.min(100, message.length()));
  }

  /** The innermost of the project's own methods. */
  private static String where(Throwable thrown) {
    return Arrays.stream(thrown.getStackTrace())
        .filter(frame -> frame.getClassName().startsWith("io.github.megabert"))
        .filter(frame -> !frame.getClassName().contains(".fuzz."))
        .findFirst()
        .map(frame -> " at " + frame)
        .orElse("");
  }
}
