// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TextEmbedding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** What an executor's core does, without Spark: a process of one thread, on a core of its own. */
public final class OneProcess {
  private static final int WARM_UP = 2000;

  private OneProcess() {}

  /** Arguments: the model's folder, a file of texts, rows. Says how many texts a second. */
  public static void main(String[] args) throws IOException {
    List<String> texts = texts(Path.of(args[1]));
    try (MegaBert bert = MegaBert.builder().threads(1).warmUp(true).load(Path.of(args[0]))) {
      TextEmbedding task = bert.textEmbedding();
      embed(task, texts, WARM_UP);
      long begin = System.nanoTime();
      long count = embed(task, texts, Long.parseLong(args[2]));
      System.out.println(count / ((System.nanoTime() - begin) / 1e9));
    }
  }

  /** The last column of a file, whose first line names its columns. */
  static List<String> texts(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .skip(1)
        .map(line -> line.substring(line.lastIndexOf('\t') + 1))
        .filter(text -> !text.isBlank())
        .toList();
  }

  private static long embed(TextEmbedding task, List<String> texts, long rows) {
    try (var results =
        task.stream(
            LongStream.range(0, rows).mapToObj(id -> texts.get((int) (id % texts.size()))))) {
      return results.filter(result -> result.vector().length > 0).count();
    }
  }

  /** Texts a second of so many of these at once, all together. */
  static double atOnce(int processes, String classPath, Path model, Path texts, long rows)
      throws IOException {
    List<Process> all = new ArrayList<>();
    for (int core = 0; core < processes; core++) {
      List<String> command = new ArrayList<>();
      if (Files.isExecutable(Path.of("/usr/bin/taskset"))) {
        command.addAll(List.of("/usr/bin/taskset", "-c", Integer.toString(core)));
      }
      command.addAll(
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "--add-modules",
              "jdk.incubator.vector",
              "--enable-native-access=ALL-UNNAMED",
              "-Xmx1500m",
              "-cp",
              classPath,
              OneProcess.class.getName(),
              model.toString(),
              texts.toString(),
              Long.toString(rows)));
      all.add(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }
    return all.stream().mapToDouble(OneProcess::said).sum();
  }

  private static double said(Process process) {
    try (var reader = process.inputReader()) {
      String rate = reader.lines().reduce((first, second) -> second).orElseThrow();
      return Double.parseDouble(rate.strip());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
