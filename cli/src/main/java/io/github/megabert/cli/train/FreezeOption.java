// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.parameters.ParameterSpec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** {@code --freeze}: which parameters stay as they are. */
public final class FreezeOption {
  @Option(
      names = "--freeze",
      paramLabel = "PATTERN",
      description =
          "Parameters that are not trained, by name: * stands for any characters, ? for one. May be"
              + " given several times.")
  private List<String> patterns = new ArrayList<>();

  /**
   * Tells which parameters are frozen.
   *
   * @param names of all parameters
   * @throws WrongUsage if a pattern is the name of none, or nothing is left to train
   */
  Predicate<ParameterSpec> frozen(Set<String> names) {
    Set<String> frozen = new LinkedHashSet<>();
    for (String pattern : patterns) {
      List<String> found = names.stream().filter(regex(pattern).asMatchPredicate()).toList();
      WrongUsage.unless(
          !found.isEmpty(),
          "--freeze "
              + pattern
              + " is the name of no parameter; they are named as "
              + String.join(", ", names.stream().limit(3).toList())
              + ", …");
      frozen.addAll(found);
    }
    WrongUsage.unless(
        frozen.size() < names.size(),
        "--freeze " + String.join(" --freeze ", patterns) + " leaves nothing to train");
    return parameter -> frozen.contains(parameter.name());
  }

  private static Pattern regex(String pattern) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      switch (c) {
        case '*' -> regex.append(".*");
        case '?' -> regex.append('.');
        default -> regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return Pattern.compile(regex.toString());
  }
}
