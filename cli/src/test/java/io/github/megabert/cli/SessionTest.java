// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code docs/session.md} shows is what the commands print: words exactly, numbers to the
 * digits that are shown. {@code docs/session.sh} writes the page.
 */
class SessionTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern CONSOLE = Pattern.compile("```console\n(.*?)```", Pattern.DOTALL);
  private static final Pattern VARIABLE = Pattern.compile("^(\\w+)=(\\S+)$", Pattern.MULTILINE);
  private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?([eE]-?\\d+)?");

  /** A word, quoted or not, of a command line as the page has them. */
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

  /** What depends on the machine, or is measured: only that it works is tested. */
  private static final Pattern VARIES = Pattern.compile("megabert (backends|bench|completion)");

  @TempDir private Path folder;

  private record Shown(String command, String output) {}

  @Test
  void commandsPrintWhatThePageShows() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/session.md"));
    Map<String, String> variables = new HashMap<>();
    Matcher variable = VARIABLE.matcher(page);
    while (variable.find()) {
      variables.put(variable.group(1), variable.group(2));
    }
    int compared = 0;
    List<String> wrong = new ArrayList<>();
    for (Shown shown : shown(page)) {
      if (shown.command.contains("megabert bench")
          || shown.command.matches("megabert evaluate .*--json")) {
        continue; // seconds each, and ModelCommandsTest has them
      }
      String got = run(shown.command, variables);
      compared++;
      if (!VARIES.matcher(shown.command).lookingAt() && !same(shown.output, got)) {
        wrong.add("$ " + shown.command + "\npage:\n" + shown.output + "\nprinted:\n" + got);
      }
    }
    assertTrue(compared > 50, compared + " commands");
    assertEquals("", String.join("\n\n", wrong), "run docs/session.sh if this is right");
  }

  @Test
  void everyCommandIsShown() throws IOException {
    List<Shown> shown = shown(Files.readString(ROOT.resolve("docs/session.md")));
    for (String command : Main.commandNames()) {
      assertTrue(
          shown.stream().anyMatch(entry -> entry.command.matches("megabert " + command + "( .*)?")),
          command);
    }
  }

  private static List<Shown> shown(String page) {
    List<Shown> all = new ArrayList<>();
    Matcher console = CONSOLE.matcher(page);
    while (console.find()) {
      for (String part : console.group(1).split("(^|\n)\\$ ", -1)) {
        if (!part.isBlank()) {
          int end = part.indexOf('\n');
          all.add(new Shown(part.substring(0, end), part.substring(end + 1).strip()));
        }
      }
    }
    return all;
  }

  /** Runs a command as a shell would at the project's root: variables, {@code <}, cut and head. */
  private String run(String command, Map<String, String> variables) throws IOException {
    String[] pipe = command.split(" \\| ", -1);
    String input = "";
    List<String> arguments = new ArrayList<>();
    boolean redirected = false;
    Matcher word = WORD.matcher(pipe[0].substring("megabert ".length()));
    while (word.find()) {
      String text = word.group(1);
      if (text != null) {
        arguments.add(text);
        continue;
      }
      text = path(word.group(2), variables);
      if (redirected) {
        input = Files.readString(Path.of(text));
        redirected = false;
      } else if (text.equals("<")) {
        redirected = true;
      } else {
        arguments.add(text);
      }
    }
    Terminal terminal = Terminal.runWithInput(input, arguments.toArray(String[]::new));
    String out = terminal.out();
    if (pipe.length > 1) {
      int count = Integer.parseInt(pipe[1].replaceAll(".*[ -](\\d+)$", "$1"));
      out =
          pipe[1].startsWith("cut")
              ? out.lines()
                  .map(line -> line.substring(0, Math.min(count, line.length())))
                  .collect(Collectors.joining("\n"))
              : out.lines().limit(count).collect(Collectors.joining("\n"));
    }
    String exit = terminal.exitCode() == 0 ? "" : "(exit code " + terminal.exitCode() + ")";
    String all = out.strip() + "\n" + terminal.err().strip() + "\n" + exit;
    return all.replace(folder.toString(), "target/session").replace("../", "").strip();
  }

  private String path(String word, Map<String, String> variables) {
    String text = word;
    if (text.startsWith("$")) {
      int end = text.indexOf('/') < 0 ? text.length() : text.indexOf('/');
      text = variables.get(text.substring(1, end)) + text.substring(end);
    }
    if (text.startsWith("target/session")) {
      return text.replace("target/session", folder.toString());
    }
    return text.matches("(core|docs|demo-model)(/.*)?") ? "../" + text : text;
  }

  /** The same words; numbers within one unit of the last digit shown, or 1e-4. */
  private static boolean same(String page, String printed) {
    // How long a conversion or a training run took.
    String wanted = withoutTimes(page);
    String got = withoutTimes(printed);
    if (!NUMBER.matcher(wanted).replaceAll("#").equals(NUMBER.matcher(got).replaceAll("#"))) {
      return false;
    }
    Matcher a = NUMBER.matcher(wanted);
    Matcher b = NUMBER.matcher(got);
    while (a.find() && b.find()) {
      String digits = a.group(1);
      double unit = digits == null ? 0 : Math.max(1e-4, Math.pow(10, 1 - digits.length()));
      if (Math.abs(Double.parseDouble(a.group()) - Double.parseDouble(b.group())) > 1.01 * unit) {
        return false;
      }
    }
    return true;
  }

  private static String withoutTimes(String text) {
    return text.replaceAll("in \\d+\\.\\d+ s", "in # s")
        .replaceAll("\"(seconds|tokens_per_second)\":[0-9.E-]+", "\"$1\":#")
        .replaceAll("\\d+ tokens/s", "# tokens/s")
        .replaceAll("[ \t]+\n", "\n");
  }
}
