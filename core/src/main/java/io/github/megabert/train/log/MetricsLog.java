// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.log;

import io.github.megabert.input.HeapBudget;
import io.github.megabert.input.InputFile;
import io.github.megabert.json.JsonMap;
import io.github.megabert.json.JsonText;
import io.github.megabert.json.JsonTree;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code metrics.jsonl}: a JSON object a line, each written whole in one go, so that whoever reads
 * along sees whole lines, and a process that dies leaves at most a last line that is cut. For one
 * thread.
 */
public final class MetricsLog implements Closeable {
  private static final long LARGEST = 1 << 30;

  /** Of a log's bytes in memory, while they are read. */
  private static final int COPIES = 2;

  private final FileChannel channel;

  private MetricsLog(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Begins a log.
   *
   * @throws java.nio.file.FileAlreadyExistsException if there is one
   */
  public static MetricsLog create(Path file) throws IOException {
    return new MetricsLog(
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
  }

  /**
   * Goes on with a log after the step that a run resumes from: later lines, those of the test at
   * the run's end and a line that is cut are removed. Where there is no log, one begins.
   *
   * @param lastStep the last step whose lines stay
   */
  public static MetricsLog resume(Path file, long lastStep) throws IOException {
    // What is there is read first, so that a pipe is refused and not waited for.
    long kept = Files.exists(file) ? lengthUpTo(file, lastStep) : 0;
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      channel.truncate(kept).position(kept);
      return new MetricsLog(channel);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** A log's bytes; a year's are far fewer than an array holds. */
  private static byte[] readAll(Path file) throws IOException {
    try (InputStream in = InputFile.stream(file, HeapBudget.most(LARGEST, COPIES))) {
      return in.readAllBytes();
    }
  }

  /** Bytes of the whole lines before the first that is later or no line of a log. */
  private static long lengthUpTo(Path file, long lastStep) throws IOException {
    byte[] bytes = readAll(file);
    int kept = 0;
    for (int end = lineEnd(bytes, 0); end > 0; end = lineEnd(bytes, kept)) {
      MetricsLine line = parse(bytes, kept, end);
      if (line == null || line.step() > lastStep || isOfTest(line)) {
        break;
      }
      kept = end;
    }
    return kept;
  }

  private static boolean isOfTest(MetricsLine line) {
    return line instanceof MetricsLine.Evaluation evaluation
        && evaluation.split() == MetricsLine.Split.TEST;
  }

  /** Where the line that begins at {@code from} ends, its line feed included; 0 if it does not. */
  private static int lineEnd(byte[] bytes, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        return i + 1;
      }
    }
    return 0;
  }

  private static @Nullable MetricsLine parse(byte[] bytes, int from, int to) throws IOException {
    try {
      return JsonTree.read(
                  new ByteArrayInputStream(bytes, from, to - from), "a line", Integer.MAX_VALUE)
              instanceof ObjectNode object
          ? MetricsLine.of(JsonMap.of(object))
          : null;
    } catch (JacksonException e) {
      return null;
    }
  }

  /**
   * The lines of a log; a last line that is cut is left out.
   *
   * @throws IOException if the file cannot be read, or another line is none of a log
   */
  public static List<MetricsLine> read(Path file) throws IOException {
    byte[] bytes = readAll(file);
    List<MetricsLine> lines = new ArrayList<>();
    int from = 0;
    for (int end = lineEnd(bytes, 0); end > 0; end = lineEnd(bytes, from)) {
      MetricsLine line = parse(bytes, from, end);
      if (line == null) {
        throw new IOException(
            file + ", line " + (lines.size() + 1) + ": no metrics of a step or an evaluation");
      }
      lines.add(line);
      from = end;
    }
    return lines;
  }

  /** Appends a line; if that fails, nothing of it stays. */
  public void append(MetricsLine line) throws IOException {
    long before = channel.position();
    ByteBuffer bytes =
        ByteBuffer.wrap(
            (JsonText.compact(JsonMap.toObject(line.toMap())) + "\n")
                .getBytes(StandardCharsets.UTF_8));
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      undo(before, e);
      throw e;
    }
  }

  private void undo(long length, IOException failure) {
    try {
      channel.truncate(length);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Returns once what was appended is on the disk. */
  public void force() throws IOException {
    channel.force(false);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
