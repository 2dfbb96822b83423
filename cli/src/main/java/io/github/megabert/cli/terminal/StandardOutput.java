// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.terminal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Standard output of the first rank, which remembers why it could not be written: a {@link
 * PrintStream} does not.
 *
 * <p>Where the reader has gone ({@code megabert … | head -1}) there is nothing left to do and
 * nothing to complain about; a disk that is full is another matter.
 */
public final class StandardOutput extends OutputStream {
  private final OutputStream out;
  private @Nullable IOException failure;

  private StandardOutput(OutputStream out) {
    this.out = out;
  }

  /** Nobody reads what is written: the command ends quietly. */
  public static final class NobodyReads extends RuntimeException {
    private static final long serialVersionUID = 1;

    public NobodyReads() {
      super("standard output is closed");
    }
  }

  /** A print stream on the process's standard output. */
  public static PrintStream open() {
    return over(new FileOutputStream(FileDescriptor.out));
  }

  /** A print stream over another one, for tests. */
  public static PrintStream over(OutputStream out) {
    return new Checked(new StandardOutput(out));
  }

  /** A print stream for messages, in which control characters are visible. */
  public static PrintStream errorOver(OutputStream out) {
    return new PrintStream(new EscapedOutput(new OfFirstRank(out)), true, StandardCharsets.UTF_8);
  }

  /**
   * A writer for texts of our own, whose colours are wanted: what is printed elsewhere has its
   * control characters made visible.
   */
  public static PrintWriter ofOwnTexts(PrintStream stream) {
    return stream instanceof Checked checked
        ? new PrintWriter(checked.output, true, StandardCharsets.UTF_8)
        : new PrintWriter(stream, true, StandardCharsets.UTF_8);
  }

  /**
   * Throws if what was printed did not arrive.
   *
   * @throws NobodyReads if the reader has gone
   * @throws IllegalStateException if it could not be written for another reason
   */
  public static void requireWritten(PrintStream stream) {
    if (!stream.checkError()) {
      return;
    }
    IOException failure = stream instanceof Checked checked ? checked.output.failure : null;
    String message = failure == null ? "" : String.valueOf(failure.getMessage());
    // Linux and macOS; Windows.
    if (message.contains("Broken pipe") || message.contains("pipe is being closed")) {
      throw new NobodyReads();
    }
    throw new IllegalStateException("standard output cannot be written: " + message);
  }

  /** Drops what other ranks than the first say. */
  private static final class OfFirstRank extends OutputStream {
    private final OutputStream out;

    OfFirstRank(OutputStream out) {
      this.out = out;
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (RankScope.isFirst()) {
        out.write(bytes, offset, length);
      }
    }

    @Override
    public void flush() throws IOException {
      out.flush();
    }
  }

  private static final class Checked extends PrintStream {
    private final StandardOutput output;

    Checked(StandardOutput output) {
      super(new EscapedOutput(output), false, StandardCharsets.UTF_8);
      this.output = output;
    }
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (!RankScope.isFirst()) {
      return;
    }
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  @Override
  public void flush() throws IOException {
    try {
      out.flush();
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }
}
