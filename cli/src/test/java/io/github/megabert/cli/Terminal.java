// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import io.github.megabert.cli.terminal.StandardOutput;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Runs the command as a terminal would, and keeps what it prints. */
record Terminal(int exitCode, String out, String err) {
  /** Runs with an empty standard input. */
  static Terminal run(String... arguments) {
    return runWithInput("", arguments);
  }

  /** Runs with a standard input. */
  static Terminal runWithInput(String input, String... arguments) {
    return runWithBytes(input.getBytes(StandardCharsets.UTF_8), arguments);
  }

  /** Runs with a standard input of any bytes. */
  static Terminal runWithBytes(byte[] input, String... arguments) {
    InputStream oldIn = System.in;
    PrintStream oldOut = System.out;
    PrintStream oldErr = System.err;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    try {
      System.setIn(new ByteArrayInputStream(input));
      System.setOut(StandardOutput.over(out));
      System.setErr(StandardOutput.errorOver(err));
      int code = Main.run(arguments);
      return new Terminal(
          code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    } finally {
      System.setIn(oldIn);
      System.setOut(oldOut);
      System.setErr(oldErr);
    }
  }

  /** Runs with a standard output that cannot be written beyond so many bytes. */
  static Terminal runUntil(int bytes, String why, String input, String... arguments) {
    InputStream oldIn = System.in;
    PrintStream oldOut = System.out;
    PrintStream oldErr = System.err;
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    OutputStream failing =
        new OutputStream() {
          @Override
          public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
          }

          @Override
          public void write(byte[] content, int offset, int length) throws IOException {
            if (out.size() + length > bytes) {
              throw new IOException(why);
            }
            out.write(content, offset, length);
          }
        };
    try {
      System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
      System.setOut(StandardOutput.over(failing));
      System.setErr(StandardOutput.errorOver(err));
      int code = Main.run(arguments);
      return new Terminal(
          code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    } finally {
      System.setIn(oldIn);
      System.setOut(oldOut);
      System.setErr(oldErr);
    }
  }
}
