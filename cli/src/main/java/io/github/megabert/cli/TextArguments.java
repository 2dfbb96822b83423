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
      description =
          "Texts; without any, one text a line from standard input, where empty lines are passed over.")
  @Nullable List<String> texts;

  /** How many texts there are, as far as is known: standard input may hold any number. */
  int count() {
    return texts == null || texts.isEmpty() ? Integer.MAX_VALUE : texts.size();
  }

  /** The texts, read as they are asked for; empty lines of standard input are passed over. */
  Stream<String> stream() {
    if (texts != null && !texts.isEmpty()) {
      return texts.stream();
    }
    if (Terminals.in()) {
      System.err.println("megabert: one text a line, please; Ctrl-D ends");
    }
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    return in.lines().filter(line -> !line.isBlank());
  }

  /**
   * Hands over what becomes of the texts.
   *
   * @throws IllegalArgumentException if there is none
   */
  static <R> void forEach(Stream<R> results, Consumer<R> action) throws IOException {
    boolean any = false;
    try {
      Consumer<R> counted = Progress.counting(action);
      for (Iterator<R> all = results.iterator(); all.hasNext(); ) {
        counted.accept(all.next());
        any = true;
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } finally {
      Progress.end();
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
