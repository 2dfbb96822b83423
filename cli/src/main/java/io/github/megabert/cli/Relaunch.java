// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * Starts the command again, once, in a JVM that has what this one lacks: the Vector API, which a
 * jar cannot ask for in its manifest, or an encoding for the arguments and names of files. So
 * {@code java -jar} is enough.
 *
 * <p>The child has this process's streams, directory and flags. It ends when this process is told
 * to, and its exit code is this one's.
 */
final class Relaunch {
  /** Flags of the JVM, one a line; the launcher script passes the same file. */
  private static final String OPTIONS = "jvm-options";

  /** Set for the JVM that was started again: it starts none. */
  private static final String DONE = "megabert.relaunched";

  private static final Pattern COLLECTOR = Pattern.compile("-XX:\\+Use\\w+GC");
  private static final Pattern HEAP = Pattern.compile("-Xm[sx].*|-XX:(Max|Initial)HeapSize=.*");

  /** Who watches this JVM must not find the work done in another one. */
  private static final Pattern AGENT = Pattern.compile("-(agentlib|agentpath|javaagent):.*");

  private static final Path HUGE_PAGES = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  private Relaunch() {}

  /**
   * Runs the command in another JVM if this one lacks something.
   *
   * @param arguments as they were typed
   * @return its exit code; empty if this JVM should run the command
   */
  static OptionalInt ifNeeded(List<String> arguments) {
    if (Boolean.getBoolean(DONE)) {
      return OptionalInt.empty();
    }
    boolean unreadable = Arguments.localeIsAscii() && needsEncoding(arguments);
    if (!unreadable && ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
      return OptionalInt.empty();
    }
    List<String> flags = ManagementFactory.getRuntimeMXBean().getInputArguments();
    if (flags.stream().anyMatch(flag -> AGENT.matcher(flag).matches())) {
      return OptionalInt.empty();
    }
    return run(command(flags, arguments, unreadable), unreadable, arguments.contains("--debug"));
  }

  /** Whether an argument, or the folder that this runs in, has a name beyond ASCII. */
  private static boolean needsEncoding(List<String> arguments) {
    return !arguments.stream().allMatch(StandardCharsets.US_ASCII.newEncoder()::canEncode)
        || !Files.isDirectory(Path.of(System.getProperty("user.dir", ".")));
  }

  /**
   * What is started.
   *
   * @param flags that this JVM was given
   * @param encoded whether the arguments have to pass through ASCII
   */
  static List<String> command(List<String> flags, List<String> arguments, boolean encoded) {
    List<String> command = new ArrayList<>();
    String java = System.getProperty("os.name", "").startsWith("Windows") ? "java.exe" : "java";
    command.add(Path.of(System.getProperty("java.home"), "bin", java).toString());
    command.addAll(options());
    if (flags.stream().noneMatch(flag -> COLLECTOR.matcher(flag).matches())) {
      command.add("-XX:+UseSerialGC");
    }
    if (flags.stream().noneMatch(flag -> HEAP.matcher(flag).matches())) {
      command.add("-Xms64m");
    }
    if (Files.isReadable(HUGE_PAGES)) {
      command.add("-XX:+UseTransparentHugePages");
    }
    command.addAll(flags);
    command.add("-D" + DONE + "=true");
    if (encoded) {
      command.add("-D" + Arguments.ENCODED + "=" + Arguments.encode(arguments));
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    if (!encoded) {
      command.addAll(arguments);
    }
    return command;
  }

  private static List<String> options() {
    try (InputStream in = Relaunch.class.getResourceAsStream(OPTIONS)) {
      if (in == null) {
        throw new IllegalStateException("the jar is not whole: it lacks " + OPTIONS);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static OptionalInt run(List<String> command, boolean utf8, boolean debug) {
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    if (utf8) {
      builder.environment().put("LC_ALL", "C.UTF-8");
    }
    if (debug) {
      System.err.println(
          "megabert: started again as "
              + (utf8 ? "LC_ALL=C.UTF-8 " : "")
              + String.join(" ", command));
    }
    Process child;
    try {
      child = builder.start();
    } catch (IOException e) {
      System.err.println("megabert: java cannot be started again: " + e.getMessage());
      return OptionalInt.empty();
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(child), "megabert-end"));
    return OptionalInt.of(exitCode(child));
  }

  /** Ctrl-C reaches both processes, a kill only this one; the child may have a file to finish. */
  private static void end(Process child) {
    if (child.isAlive()) {
      child.destroy();
      exitCode(child);
    }
  }

  private static int exitCode(Process child) {
    while (true) {
      try {
        return child.waitFor();
      } catch (InterruptedException ignored) {
        // Nobody but the child ends this wait.
      }
    }
  }
}
