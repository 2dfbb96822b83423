// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import io.github.megabert.cli.terminal.Utf8Lines;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The arguments as they were typed. The JVM decodes them in the locale's encoding, and where it
 * cannot it puts a question mark or U+FFFD and says nothing; the bytes themselves are in Linux's
 * {@code /proc/self/cmdline}.
 */
final class Arguments {
  /** Set for a JVM that was started again: arguments in ASCII, as {@link #encode} writes them. */
  static final String ENCODED = "megabert.arguments";

  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
  private static final String SEPARATOR = "&";

  private Arguments() {}

  /**
   * The arguments of this process.
   *
   * @param decoded by the JVM
   * @throws IllegalArgumentException if one cannot be decoded
   */
  static List<String> typed(String[] decoded) {
    String encoded = System.getProperty(ENCODED);
    if (encoded != null) {
      return decode(encoded);
    }
    if (!Files.isReadable(COMMAND_LINE)) {
      return List.of(decoded);
    }
    try {
      return typed(decoded, Files.readAllBytes(COMMAND_LINE), localeIsAscii());
    } catch (IOException e) {
      return List.of(decoded);
    }
  }

  /**
   * As {@link #typed(String[])}.
   *
   * @param commandLine of the process: arguments that NUL ends, of which the last are {@code
   *     decoded}
   * @param ascii whether the JVM decoded them as ASCII
   */
  static List<String> typed(String[] decoded, byte[] commandLine, boolean ascii) {
    boolean doubtful = ascii || Stream.of(decoded).anyMatch(text -> text.indexOf('\uFFFD') >= 0);
    List<byte[]> all = doubtful ? split(commandLine) : List.of();
    if (all.size() <= decoded.length) {
      // Not doubtful, or an argument file named them.
      return List.of(decoded);
    }
    List<byte[]> last = all.subList(all.size() - decoded.length, all.size());
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < decoded.length; i++) {
      texts.add(utf8(last.get(i), i + 1));
    }
    return texts;
  }

  private static String utf8(byte[] bytes, int number) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(
          "argument "
              + number
              + " is not valid UTF-8: "
              + Utf8Lines.firstFault(bytes)
              + "; write it in UTF-8",
          e);
    }
  }

  private static List<byte[]> split(byte[] commandLine) {
    List<byte[]> parts = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < commandLine.length; i++) {
      if (commandLine[i] == 0) {
        parts.add(Arrays.copyOfRange(commandLine, start, i));
        start = i + 1;
      }
    }
    return parts;
  }

  /** Whether the JVM reads arguments and names of files as ASCII: the locale has no encoding. */
  static boolean localeIsAscii() {
    String name = System.getProperty("sun.jnu.encoding", "UTF-8");
    return Charset.isSupported(name) && Charset.forName(name).equals(StandardCharsets.US_ASCII);
  }

  /** The arguments in ASCII, which every locale passes on whole. */
  static String encode(List<String> arguments) {
    return arguments.stream()
        .map(argument -> "=" + URLEncoder.encode(argument, StandardCharsets.UTF_8))
        .collect(Collectors.joining(SEPARATOR));
  }

  static List<String> decode(String encoded) {
    return Stream.of(encoded.split(SEPARATOR))
        .filter(part -> !part.isEmpty())
        .map(part -> URLDecoder.decode(part.substring(1), StandardCharsets.UTF_8))
        .toList();
  }
}
