// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.terminal;

import io.github.megabert.parallel.CommunicationException;
import io.github.megabert.train.TrainingException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What went wrong, in one sentence. */
public final class Failures {
  /** Most characters of what a sentence quotes: a file may hold megabytes where a word belongs. */
  private static final int LONGEST_QUOTE = 200;

  /** Most characters of a sentence; of a longer one the beginning and the end are shown. */
  private static final int LONGEST = 1_000;

  private static final Pattern LONG_QUOTE =
      Pattern.compile("([\"'])([^\"']{" + LONGEST_QUOTE + "})[^\"']+\\1");
  private static final Pattern LINE_BREAKS = Pattern.compile("\\s*[\\r\\n]+\\s*");
  private static final String DEBUG = "; run again with --debug for the stack trace";

  private Failures() {}

  /** The sentence, on one line and of bounded length. */
  public static String sentence(Throwable failure) {
    return oneLine(message(cause(failure)));
  }

  /** A message on one line: long quotations are cut, and so is the whole. */
  public static String oneLine(String message) {
    String line = LINE_BREAKS.matcher(message).replaceAll(" ");
    line = LONG_QUOTE.matcher(line).replaceAll("$1$2…$1");
    if (line.length() <= LONGEST) {
      return line;
    }
    int half = LONGEST / 2;
    return line.substring(0, half) + " … " + line.substring(line.length() - half);
  }

  /** What a file holds, as far as it is shown to people: JSON has all of it. */
  public static String cut(String text) {
    return text.length() <= LONGEST_QUOTE ? text : text.substring(0, LONGEST_QUOTE) + "…";
  }

  private static Throwable cause(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null
        && (cause instanceof UncheckedIOException
            || cause instanceof CompletionException
            || cause instanceof ExecutionException
            || cause instanceof ExceptionInInitializerError)) {
      cause = cause.getCause();
    }
    return cause;
  }

  private static String message(Throwable cause) {
    return switch (cause) {
      case FileSystemException file -> fileSystem(file);
      case FileNotFoundException missing -> orUnexpected(missing.getMessage(), missing);
      case CharacterCodingException encoding -> "what was read is not UTF-8 text";
      case EOFException end -> orElse(end.getMessage(), "a file ends in the middle of its content");
      case IOException other -> orUnexpected(other.getMessage(), other);
      case IllegalArgumentException known -> orUnexpected(known.getMessage(), known);
      case IllegalStateException known -> orUnexpected(known.getMessage(), known);
      case CommunicationException known -> orUnexpected(known.getMessage(), known);
      case TrainingException known -> orUnexpected(known.getMessage(), known);
      case UnsupportedOperationException known -> orUnexpected(known.getMessage(), known);
      case Error error -> error(error);
      default -> "unexpected " + cause + DEBUG;
    };
  }

  /** Java's message is often the file's name alone. */
  private static String fileSystem(FileSystemException failure) {
    String file = orElse(failure.getFile(), "a file");
    return switch (failure) {
      case NoSuchFileException missing -> "there is no file or folder " + file;
      case AccessDeniedException denied -> file + " may not be read or written";
      case FileAlreadyExistsException exists -> file + " exists already";
      case NotDirectoryException other -> file + " is not a folder";
      case DirectoryNotEmptyException full -> file + " is a folder that is not empty";
      default ->
          file
              + ": "
              + orElse(
                  failure.getReason(),
                  "the system refuses it (" + failure.getClass().getSimpleName() + ")");
    };
  }

  /** What the virtual machine throws rather than the program. */
  private static String error(Error error) {
    String detail = String.valueOf(error.getMessage());
    return switch (error) {
      case OutOfMemoryError memory when detail.contains("thread") ->
          "the system gives no more threads: ask for fewer (--threads)";
      case OutOfMemoryError memory ->
          "the memory does not suffice ("
              + detail
              + "): give Java more (MEGABERT_JAVA_OPTIONS=-Xmx8g), or take a smaller --batch-size";
      case StackOverflowError stack -> "something is nested too deeply to be read";
      case InternalError fault ->
          "a file that was being read became shorter, or cannot be read any more (" + detail + ")";
      case NoClassDefFoundError missing ->
          "the class "
              + detail.replace('/', '.')
              + " cannot be loaded: megabert is not whole, or a library is missing beside it";
      case LinkageError linkage ->
          "a class does not fit those that are there ("
              + detail
              + "): different versions of one library are on the class path";
      default -> "unexpected " + error + DEBUG;
    };
  }

  private static String orElse(@Nullable String message, String otherwise) {
    return message == null || message.isBlank() || message.equals("null") ? otherwise : message;
  }

  private static String orUnexpected(@Nullable String message, Throwable failure) {
    return orElse(message, "unexpected " + failure + DEBUG);
  }
}
