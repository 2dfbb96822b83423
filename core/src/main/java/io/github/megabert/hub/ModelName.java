// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import io.github.megabert.input.Quote;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a model on a hub, {@code ORGANIZATION/NAME}.
 *
 * @param organization who publishes it
 * @param name its own name
 */
public record ModelName(String organization, String name) {
  private static final int LONGEST = 96;
  private static final Pattern PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]*");

  /**
   * Checks both parts: letters, digits, {@code . _ -}.
   *
   * @throws IllegalArgumentException if one has anything else
   */
  public ModelName {
    if (!isPart(organization) || !isPart(name)) {
      throw new IllegalArgumentException(
          Quote.quote(organization + "/" + name)
              + " is not the name of a model; ORGANIZATION/NAME is expected, of letters, digits and"
              + " . _ -");
    }
  }

  /**
   * The parts of a text.
   *
   * @throws IllegalArgumentException unless it has two of them
   */
  public static ModelName parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException(
          Quote.quote(text)
              + " is not the name of a model; ORGANIZATION/NAME is expected, as in"
              + " google-bert/bert-base-uncased");
    }
    return new ModelName(text.substring(0, slash), text.substring(slash + 1));
  }

  /** The name that a path can only be: relative, of two parts, where no file or folder is. */
  public static Optional<ModelName> of(Path path) {
    if (path.isAbsolute() || path.getNameCount() != 2 || Files.exists(path)) {
      return Optional.empty();
    }
    String organization = path.getName(0).toString();
    String name = path.getName(1).toString();
    return isPart(organization) && isPart(name)
        ? Optional.of(new ModelName(organization, name))
        : Optional.empty();
  }

  private static boolean isPart(String part) {
    return part.length() <= LONGEST
        && PART.matcher(part).matches()
        && !part.contains("--")
        && !part.contains("..")
        && !part.endsWith(".");
  }

  /** The model's folder in a cache. */
  String folder() {
    return "models--" + organization + "--" + name;
  }

  @Override
  public String toString() {
    return organization + "/" + name;
  }
}
