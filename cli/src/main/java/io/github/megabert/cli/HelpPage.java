// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** How {@code --help} is laid out: a command's own options first, then those of all commands. */
final class HelpPage {
  private static final Set<String> MODEL = Set.of("--model", "--vocab", "--config", "--class");
  private static final Set<String> COMPUTING =
      Set.of("--backend", "--dtype", "--threads", "--device", "--batch-size");
  private static final Set<String> ALWAYS = Set.of("--json", "--debug", "--help", "--version");

  private HelpPage() {}

  /** Arranges the help of a command and its subcommands; nothing is laid out before it is shown. */
  static void arrange(CommandLine line, Map<String, String> exitCodes) {
    arrangeOne(line, exitCodes);
    line.getSubcommands().values().forEach(command -> arrangeOne(command, exitCodes));
  }

  private static void arrangeOne(CommandLine line, Map<String, String> exitCodes) {
    UsageMessageSpec usage = line.getCommandSpec().usageMessage();
    usage.abbreviateSynopsis(true);
    usage.commandListHeading("%nCommands:%n");
    usage.exitCodeListHeading("%nExit codes:%n");
    usage.exitCodeList(exitCodes);
    line.getHelpSectionMap()
        .put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, help -> HelpPage.optionList(help));
    // As it stands: an example that is wrapped cannot be copied.
    line.getHelpSectionMap()
        .put(
            UsageMessageSpec.SECTION_KEY_FOOTER,
            help ->
                String.join(System.lineSeparator(), help.commandSpec().usageMessage().footer())
                    + System.lineSeparator());
  }

  private static String optionList(Help help) {
    StringBuilder text = new StringBuilder();
    groups(help.commandSpec())
        .forEach(
            (heading, options) -> {
              Help.Layout layout = help.createDefaultLayout();
              layout.addOptions(options, help.parameterLabelRenderer());
              text.append(System.lineSeparator())
                  .append(heading)
                  .append(':')
                  .append(System.lineSeparator())
                  .append(layout);
            });
    return text.toString();
  }

  /** A command's options by heading, those that only it has first, each group by name. */
  static Map<String, List<OptionSpec>> groups(CommandSpec command) {
    Map<String, List<OptionSpec>> groups = new LinkedHashMap<>();
    for (String heading : List.of("Options", "Model", "Computing", "General")) {
      groups.put(heading, new ArrayList<>());
    }
    for (OptionSpec option : command.options()) {
      if (!option.hidden()) {
        groups.get(heading(option.longestName())).add(option);
      }
    }
    groups.values().removeIf(List::isEmpty);
    groups
        .values()
        .forEach(options -> options.sort((a, b) -> a.longestName().compareTo(b.longestName())));
    return groups;
  }

  private static String heading(String name) {
    if (MODEL.contains(name)) {
      return "Model";
    }
    if (COMPUTING.contains(name)) {
      return "Computing";
    }
    return ALWAYS.contains(name) ? "General" : "Options";
  }
}
