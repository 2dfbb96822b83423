package io.github.megabert.cli;

import java.io.PrintStream;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code --json}: one machine-readable object on standard output. */
final class JsonOption {
  @Option(names = "--json", description = "Print one JSON object.")
  boolean json;

  /** Prints a JSON value and a line end. */
  static void print(JsonNode value) {
    System.out.println(JsonMapper.shared().writeValueAsString(value));
  }

  /** The results of a command, printed one by one: as a JSON object's entries, or as text. */
  Results results() {
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
      out.print(JsonMapper.shared().writeValueAsString(entry));
      stopIfNobodyReads();
    }

    /** One more line of text. */
    void line(String text) {
      out.println(text);
      stopIfNobodyReads();
    }

    private void stopIfNobodyReads() {
      if (out.checkError()) {
        throw new IllegalStateException("standard output is closed");
      }
    }

    @Override
    public void close() {
      if (json) {
        out.println("]}");
      }
    }
  }
}
