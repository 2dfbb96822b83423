package io.github.megabert.cli;

import io.github.megabert.json.JsonText;
import java.io.PrintStream;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** {@code --json}: one machine-readable object on standard output. */
final class JsonOption {
  @Option(names = "--json", description = "Print one JSON object.")
  boolean json;

  /** Prints a JSON value and a line end. */
  static void print(JsonNode value) {
    System.out.println(JsonText.compact(value));
  }

  /** The results of a command, printed one by one: as a JSON object's entries, or as text. */
  Results results() {
    if (Terminals.out()) {
      Progress.end();
    }
    return new Results(json, System.out);
  }

  /** Prints results as they come, so that any number of them needs no memory. */
  static final class Results implements AutoCloseable {
    private final boolean json;
    private final PrintStream out;
    private boolean first = true;

    private Results(boolean json, PrintStream out) {
      this.json = json;
      this.out = out;
      if (json) {
        out.print("{\"results\":[");
      }
    }

    /** Whether an entry is wanted as JSON rather than as text. */
    boolean isJson() {
      return json;
    }

    /** One more entry, as JSON. */
    void add(JsonNode entry) {
      out.print(first ? "" : ",");
      first = false;
      out.print(JsonText.compact(entry));
      requireWritten();
    }

    /** One more line of text. */
    void line(String text) {
      out.println(text);
      requireWritten();
    }

    private void requireWritten() {
      StandardOutput.requireWritten(out);
    }

    @Override
    public void close() {
      if (json) {
        out.println("]}");
      }
    }
  }
}
