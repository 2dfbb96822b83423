package io.github.megabert.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Parameters;

/** TEXT arguments; without any, one text a line from standard input. */
final class TextArguments {
  @Parameters(
      paramLabel = "TEXT",
      arity = "0..*",
      description = "Texts; without any, one text a line from standard input.")
  @Nullable List<String> texts;

  /** Something to do with a text. */
  @FunctionalInterface
  interface Action {
    void accept(String text) throws IOException;
  }

  /**
   * Hands over the texts one by one; empty lines of standard input are passed over.
   *
   * @throws IllegalArgumentException if there is none
   */
  void forEach(Action action) throws IOException {
    if (texts != null && !texts.isEmpty()) {
      for (String text : texts) {
        action.accept(text);
      }
      return;
    }
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    boolean any = false;
    try {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (!line.isBlank()) {
          any = true;
          action.accept(line);
        }
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    if (!any) {
      throw new IllegalArgumentException(
          "there is no text: give it as an argument, or one text a line on standard input");
    }
  }
}
