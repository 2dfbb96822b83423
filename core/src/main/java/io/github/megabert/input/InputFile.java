// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.input;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * Opens files that are regular ones: a pipe would wait for its writer, a device never ends. Links
 * are followed. Refusals are sentences, where those of {@code java.nio.file} may be a bare path.
 */
public final class InputFile {
  private InputFile() {}

  /**
   * Opens a file to be mapped or read at any place.
   *
   * @throws UnreadableFileException if it is missing, no regular file, or may not be read
   */
  public static FileChannel channel(Path file) throws IOException {
    requireRegular(file);
    try {
      return FileChannel.open(file, StandardOpenOption.READ);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Opens a file to be read from its beginning.
   *
   * @param mostBytes its greatest size; reading fails where it grows beyond that
   * @throws UnreadableFileException if it is missing, no regular file, too large, or may not be
   *     read
   */
  public static InputStream stream(Path file, long mostBytes) throws IOException {
    long size = requireRegular(file);
    if (size > mostBytes) {
      throw LimitedInput.tooLarge(file.toString(), mostBytes);
    }
    try {
      return new LimitedInput(Files.newInputStream(file), file.toString(), mostBytes);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** The size in bytes, if it is a regular file. */
  private static long requireRegular(Path file) throws IOException {
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(file, BasicFileAttributes.class);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    if (attributes.isDirectory()) {
      throw new UnreadableFileException(file + " is a folder where a file was expected");
    }
    if (!attributes.isRegularFile()) {
      throw new UnreadableFileException(
          file + " is a pipe or a device where a file was expected; copy its content into a file");
    }
    return attributes.size();
  }

  private static UnreadableFileException unreadable(Path file, IOException e) {
    String what =
        switch (e) {
          case NoSuchFileException missing -> "there is no file " + file;
          case AccessDeniedException denied ->
              file + " may not be read; are its permissions right?";
          case FileSystemException other -> file + " cannot be read: " + reason(other.getReason());
          default -> file + " cannot be read: " + reason(e.getMessage());
        };
    return new UnreadableFileException(what, e);
  }

  private static String reason(@Nullable String said) {
    return said == null ? "the operating system says no more" : Quote.escape(said);
  }
}
