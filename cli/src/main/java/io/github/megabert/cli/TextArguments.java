package io.github.megabert.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
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

  /** The texts, read as they are asked for; empty lines of standard input are passed over. */
  Stream<String> stream() {
    if (texts != null && !texts.isEmpty()) {
      return texts.stream();
    }
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    return in.lines().filter(line -> !line.isBlank());
  }

  /**
   * Hands over the texts one by one; empty lines of standard input are passed over.
   *
   * @throws IllegalArgumentException if there is none
   */
  void forEach(Action action) throws IOException {
    boolean any = false;
    try {
      for (Iterator<String> all = stream().iterator(); all.hasNext(); ) {
        any = true;
        action.accept(all.next());
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    requireAny(any);
  }

  /**
   * Hands over what becomes of the texts.
   *
   * @throws IllegalArgumentException if there is none
   */
  static <R> void forEach(Stream<R> results, Consumer<R> action) throws IOException {
    boolean any = false;
    try {
      for (Iterator<R> all = results.iterator(); all.hasNext(); ) {
        action.accept(all.next());
        any = true;
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    requireAny(any);
  }

  private static void requireAny(boolean any) {
    if (!any) {
      throw new IllegalArgumentException(
          "there is no text: give it as an argument, or one text a line on standard input");
    }
  }
}
