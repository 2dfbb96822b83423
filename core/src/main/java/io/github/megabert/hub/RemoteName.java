// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import io.github.megabert.input.Quote;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Names that a server sends and that become files. None may lead out of the folder that it is put
 * into, on any system.
 */
final class RemoteName {
  private static final int LONGEST = 1_000;
  private static final int LONGEST_PART = 200;
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
  private static final Pattern ETAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");

  /** Names that Windows takes for devices, in any folder and with any ending. */
  private static final Pattern DEVICE =
      Pattern.compile("(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\\..*)?");

  private RemoteName() {}

  /** Whether a path, whose parts {@code /} divides, stays below where it is put. */
  static boolean isInside(String path) {
    if (path.isEmpty() || path.length() > LONGEST) {
      return false;
    }
    for (String part : path.split("/", -1)) {
      if (part.isEmpty()
          || part.equals(".")
          || part.equals("..")
          || part.length() > LONGEST_PART
          || part.endsWith(".")
          || part.endsWith(" ")
          || DEVICE.matcher(part).matches()
          || !part.chars().allMatch(RemoteName::isPlain)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isPlain(int c) {
    return c >= 0x20 && c != 0x7F && "\\:*?\"<>|".indexOf(c) < 0 && !Character.isISOControl(c);
  }

  /** Whether a name is made to lead out of the folder that it is put into. */
  private static boolean isOutside(String path) {
    return path.startsWith("/")
        || path.indexOf('\\') >= 0
        || path.indexOf('\0') >= 0
        || path.matches("(?s)[A-Za-z]:.*")
        || List.of(path.split("/", -1)).contains("..");
  }

  /** Refuses the list of a hub that means ill. */
  static void requireHonest(Iterable<String> listed) throws HubException {
    for (String path : listed) {
      if (isOutside(path)) {
        throw outside(path);
      }
    }
  }

  private static HubException outside(String path) {
    return new HubException(
        "the hub names the file "
            + Quote.quote(path)
            + ", which leads out of the model's folder or is no name that every system can have");
  }

  /** The path of a file of a model, if it is one. */
  static String file(String path) throws HubException {
    if (!isInside(path)) {
      throw outside(path);
    }
    return path;
  }

  /** A revision's name, if it can be one: {@code main}, {@code v1.0}, {@code refs/pr/1}. */
  static String revision(String revision) {
    if (!isInside(revision)) {
      throw new IllegalArgumentException(
          Quote.quote(revision) + " is not a revision; a branch, a tag or a commit is expected");
    }
    return revision;
  }

  /** The hash of a commit, if it is one. */
  static String commit(String commit) throws HubException {
    if (!isCommit(commit)) {
      throw new HubException(
          "the hub answers with the commit "
              + Quote.quote(commit)
              + "; 40 hexadecimal digits are expected");
    }
    return commit;
  }

  static boolean isCommit(String text) {
    return COMMIT.matcher(text).matches();
  }

  /** The name of a content, from its {@code ETag}. */
  static String etag(String header, String file) throws HubException {
    String etag = header.startsWith("W/") ? header.substring(2) : header;
    if (etag.length() >= 2 && etag.startsWith("\"") && etag.endsWith("\"")) {
      etag = etag.substring(1, etag.length() - 1);
    }
    if (!ETAG.matcher(etag).matches() || etag.contains("..")) {
      throw new HubException(
          "the hub answers with the ETag "
              + Quote.quote(header)
              + " for "
              + Quote.quote(file)
              + "; a hash is expected");
    }
    return etag;
  }
}
