// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Spec;

/** {@code megabert man}: a manual page made of what {@code --help} says. */
@Command(
    name = "man",
    mixinStandardHelpOptions = true,
    description = "Prints a manual page of all commands.",
    footer = {
      "",
      "Examples:",
      "  megabert man > megabert.1 && man ./megabert.1",
      "  megabert man > ~/.local/share/man/man1/megabert.1"
    })
final class ManCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  private final StringBuilder page = new StringBuilder();

  @Override
  public Integer call() {
    CommandSpec root = spec.root();
    line(".TH MEGABERT 1 \"\" \"" + root.version()[0] + "\" \"User commands\"");
    line(".SH NAME");
    line("megabert \\- runs MegatronBERT models on plain Java");
    line(".SH SYNOPSIS");
    line(".B megabert");
    line("COMMAND [OPTIONS] [ARGUMENTS]");
    line(".SH DESCRIPTION");
    text(root.usageMessage().description());
    line(".PP");
    text("Answers go to standard output, everything else to standard error.");
    line(".SH COMMANDS");
    root.subcommands().values().stream()
        .map(CommandLine::getCommandSpec)
        .filter(command -> !command.usageMessage().hidden())
        .forEach(this::command);
    line(".SH EXIT STATUS");
    Map<String, String> codes = root.usageMessage().exitCodeList();
    codes.forEach((code, meaning) -> entry(code, meaning));
    line(".SH ENVIRONMENT");
    entry("JAVA_HOME", "A JDK 25 or later, where it is not in one of the usual folders.");
    entry("MEGABERT_JAVA_OPTIONS", "More flags for the JVM, such as -Xmx1g.");
    entry("NO_COLOR", "Set to anything, it keeps colours out of the help.");
    entry("TORNADOVM_HOME", "A TornadoVM SDK, for GPUs.");
    System.out.print(page);
    return 0;
  }

  private void command(CommandSpec command) {
    line(".SS " + escaped(command.name()));
    text(command.usageMessage().description());
    for (PositionalParamSpec parameter : command.positionalParameters()) {
      entry(parameter.paramLabel(), described(parameter.description(), parameter.defaultValue()));
    }
    for (List<OptionSpec> options : HelpPage.groups(command).values()) {
      for (OptionSpec option : options) {
        String names = List.of(option.names()).stream().collect(Collectors.joining(", "));
        String label = option.arity().max() == 0 ? "" : " " + option.paramLabel();
        entry(names + label, described(option.description(), option.defaultValue()));
      }
    }
    String[] footer = command.usageMessage().footer();
    if (footer.length > 0) {
      line(".PP");
      line(".nf");
      text(footer);
      line(".fi");
    }
  }

  private static String described(String[] description, String defaultValue) {
    return String.join(" ", description)
        .replace("${DEFAULT-VALUE}", String.valueOf(defaultValue).toLowerCase(Locale.ROOT));
  }

  private void entry(String term, String meaning) {
    line(".TP");
    line("\\fB" + escaped(term) + "\\fR");
    text(meaning);
  }

  private void text(String... lines) {
    for (String text : lines) {
      String escaped = escaped(text);
      line(escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped);
    }
  }

  /** What roff would take for its own: backslashes, and hyphens that are to be copied. */
  private static String escaped(String text) {
    return text.replace("%n", " ").replace("\\", "\\e").replace("-", "\\-");
  }

  private void line(String text) {
    page.append(text).append('\n');
  }
}
