// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.cli.terminal.StandardOutput;
import io.github.megabert.cli.terminal.Terminals;
import io.github.megabert.json.JsonText;
import java.io.PrintStream;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code --json}: one machine-readable object on standard output. */
public final class JsonOption {
  @Option(names = "--json", description = "Print one JSON object.")
  public boolean json;

  /** Prints a JSON value and a line end. */
  public static void print(JsonNode value) {
    System.out.println(JsonText.compact(value));
  }

  /** The results of a command, printed one by one: as a JSON object's entries, or as text. */
  public Results results() {
    if (Terminals.out()) {
      Progress.end();
    }
    return new Results(json, System.out);
  }

  /** Prints results as they come, so that any number of them needs no memory. */
  public static final class Results implements AutoCloseable {
    private final boolean json;
    private final PrintStream out;
    private boolean any;

    private Results(boolean json, PrintStream out) {
      this.json = json;
      this.out = out;
    }

    /** Whether an entry is wanted as JSON rather than as text. */
    public boolean isJson() {
      return json;
    }

    /** One more entry, as JSON. */
    public void add(JsonNode entry) {
      out.print(any ? "," : "{\"results\":[");
      any = true;
      out.print(JsonText.compact(entry));
      requireWritten();
    }

    /** One more line of text. */
    public void line(String text) {
      out.println(text);
      requireWritten();
    }

    /**
     * The results of texts: what prints one, or of a text that has none {@code null} or {@code
     * {"error": …}} as JSON, and otherwise an empty line.
     */
    public <R> TextArguments.Results<R> of(BiConsumer<String, R> print) {
      return new TextArguments.Results<>() {
        @Override
        public void answer(String where, R result) {
          print.accept(where, result);
        }

        @Override
        public void nothing(@Nullable String refusal) {
          if (json) {
            add(entry(refusal));
          } else {
            line("");
          }
        }
      };
    }

    /** Results that another rank prints. */
    public static <R> TextArguments.Results<R> none() {
      return new TextArguments.Results<>() {
        @Override
        public void answer(String where, R result) {}

        @Override
        public void nothing(@Nullable String refusal) {}
      };
    }

    /** What stands in the place of a result: nothing, or why there is none. */
    public static JsonNode entry(@Nullable String refusal) {
      return refusal == null
          ? JsonNodeFactory.instance.nullNode()
          : JsonNodeFactory.instance.objectNode().put("error", refusal);
    }

    private void requireWritten() {
      StandardOutput.requireWritten(out);
    }

    @Override
    public void close() {
      if (any) {
        out.println("]}");
      }
    }
  }
}
