// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.cli.terminal.Failures;
import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.cli.terminal.RankScope;
import io.github.megabert.cli.terminal.Terminals;
import io.github.megabert.cli.terminal.Utf8Lines;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Parameters;

/**
 * TEXT arguments; without any, one text a line from standard input.
 *
 * <p>Every line has one result, so that line <i>i</i> of the output belongs to line <i>i</i> of the
 * input: a blank line has an empty one, and so has a line that is refused, which costs the others
 * nothing.
 */
public final class TextArguments {
  /** Lines that are read before they are computed together: sorting by length needs some. */
  private static final int LINES_AHEAD = 1024;

  /** Characters that are read ahead at most: long texts are not to fill the memory. */
  private static final int CHARACTERS_AHEAD = 1 << 19;

  /** Lines from which on it pays to compile the kernels beside reading and computing. */
  static final int MANY_LINES = 200;

  private @Nullable Supplier<CompletableFuture<Void>> warmUp;

  @Parameters(
      paramLabel = "TEXT",
      arity = "0..*",
      description =
          "Texts; without any, one text a line from standard input. A blank line has an empty "
              + "result.")
  public @Nullable List<String> texts;

  /**
   * A text, and where it stands.
   *
   * @param where such as "line 3", for messages
   * @param text null for a blank line
   * @param refusal why the line cannot be a text at all, or null
   */
  private record Line(String where, @Nullable String text, @Nullable String refusal) {}

  /** Where the results of texts go. */
  public interface Results<R> {
    /** What became of a text; {@code where} is such as "line 3". */
    void answer(String where, R result);

    /** A blank line, or one that was refused. */
    void nothing(@Nullable String refusal);
  }

  /**
   * Sets what begins beside reading and computing when line {@link #MANY_LINES} of a pipe has been
   * read, such as {@code MegaBert.warmUp}.
   */
  public void whenLong(Supplier<CompletableFuture<Void>> begin) {
    warmUp = begin;
  }

  /** How many texts there are, as far as is known: standard input may hold any number. */
  public int count() {
    return hasArguments() ? texts.size() : Integer.MAX_VALUE;
  }

  /** Whether there are TEXT arguments. */
  @SuppressWarnings("NullAway")
  public boolean hasArguments() {
    return texts != null && !texts.isEmpty();
  }

  /** As {@link #answer(int, Function, Results)}, as many texts together as are read ahead. */
  public <R> int answer(Function<List<String>, List<R>> task, Results<R> results)
      throws IOException {
    return answer(LINES_AHEAD, task, results);
  }

  /**
   * Hands over what becomes of the texts, in their order.
   *
   * @param together most texts that the task gets at once
   * @param task gives as many results as it gets texts; it may refuse a text by an {@link
   *     IllegalArgumentException}, and then gets the others without it
   * @return the exit code: 1 if a text was refused
   * @throws IllegalArgumentException if there is no text, or the only argument is refused
   */
  public <R> int answer(int together, Function<List<String>, List<R>> task, Results<R> results)
      throws IOException {
    int most = Terminals.in() && !hasArguments() ? 1 : Math.min(together, LINES_AHEAD);
    boolean any = false;
    boolean refused = false;
    try {
      Consumer<Outcome<R>> counted = Progress.counting(outcome -> outcome.handOver(results));
      for (Iterator<Line> lines = lines().iterator(); lines.hasNext(); ) {
        List<Outcome<R>> outcomes = new ArrayList<>();
        compute(next(lines, most), task, outcomes);
        for (Outcome<R> outcome : outcomes) {
          refused |= outcome.report();
          counted.accept(outcome);
        }
        any = true;
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } finally {
      Progress.end();
    }
    if (!any) {
      throw new IllegalArgumentException(
          "there is no text: give it as an argument, or one text a line on standard input");
    }
    return refused ? 1 : 0;
  }

  private Stream<Line> lines() {
    List<String> arguments = texts;
    if (arguments != null && !arguments.isEmpty()) {
      return IntStream.range(0, arguments.size())
          .mapToObj(
              i ->
                  new Line(
                      arguments.size() == 1 ? "the text" : "text " + (i + 1),
                      arguments.get(i),
                      null));
    }
    if (Terminals.in()) {
      System.err.println("megabert: one text a line, please; Ctrl-D ends");
    }
    return standardInput();
  }

  private Stream<Line> standardInput() {
    Utf8Lines in = new Utf8Lines(RankScope.input());
    long[] number = new long[1];
    return Stream.generate(() -> next(in))
        .takeWhile(Optional::isPresent)
        .map(Optional::get)
        .map(line -> numbered(++number[0], line));
  }

  private Line numbered(long number, Utf8Lines.Line line) {
    Supplier<CompletableFuture<Void>> begin = warmUp;
    if (number == MANY_LINES && begin != null && !Terminals.in()) {
      // Nothing waits for it; it ends with the model.
      CompletableFuture<Void> _ = begin.get();
    }
    return line("line " + number, line);
  }

  private static Optional<Utf8Lines.Line> next(Utf8Lines in) {
    try {
      return Optional.ofNullable(in.next());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Line line(String where, Utf8Lines.Line line) {
    if (line.fault() != null) {
      return new Line(where, null, "not valid UTF-8, " + line.fault() + "; convert the text first");
    }
    String text = line.text();
    return new Line(where, text == null || text.isBlank() ? null : text, null);
  }

  private static List<Line> next(Iterator<Line> lines, int most) {
    List<Line> read = new ArrayList<>();
    for (long characters = 0;
        read.size() < most && characters < CHARACTERS_AHEAD && lines.hasNext(); ) {
      Line line = lines.next();
      characters += line.text() == null ? 0 : line.text().length();
      read.add(line);
    }
    return read;
  }

  /** What became of a line. */
  private record Outcome<R>(Line line, @Nullable R result, @Nullable String refusal) {
    /** Says on standard error that a line was refused, if it was. */
    boolean report() {
      if (refusal == null) {
        return false;
      }
      Progress.end();
      System.err.println("megabert: " + refusal);
      return true;
    }

    void handOver(Results<R> results) {
      if (result == null) {
        results.nothing(refusal);
      } else {
        results.answer(line.where(), result);
      }
    }
  }

  /** Computes lines together; where one is refused, each half by itself. */
  private <R> void compute(
      List<Line> lines, Function<List<String>, List<R>> task, List<Outcome<R>> outcomes) {
    List<String> batch = new ArrayList<>(lines.size());
    for (Line line : lines) {
      if (line.text() != null) {
        batch.add(line.text());
      }
    }
    Iterator<R> results;
    try {
      results = batch.isEmpty() ? List.<R>of().iterator() : task.apply(batch).iterator();
    } catch (IllegalArgumentException refusal) {
      if (lines.size() > 1) {
        int middle = lines.size() / 2;
        compute(lines.subList(0, middle), task, outcomes);
        compute(lines.subList(middle, lines.size()), task, outcomes);
        return;
      }
      if (count() == 1) {
        throw refusal;
      }
      Line line = lines.getFirst();
      outcomes.add(new Outcome<>(line, null, line.where() + ": " + Failures.sentence(refusal)));
      return;
    }
    for (Line line : lines) {
      String refusal = line.refusal() == null ? null : line.where() + ": " + line.refusal();
      outcomes.add(new Outcome<>(line, line.text() == null ? null : results.next(), refusal));
    }
  }
}
