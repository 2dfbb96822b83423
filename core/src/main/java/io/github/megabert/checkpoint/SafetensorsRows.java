// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import io.github.megabert.checkpoint.file.OutputFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes a safetensors file of one float32 matrix, {@code [rows, columns]}, row by row: how many
 * rows there will be need not be known, and memory is needed for a few of them.
 *
 * <p>The header has a fixed length, so that it can be written last. The file appears under its name
 * at {@link #commit} and not before. Not thread-safe.
 */
public final class SafetensorsRows implements AutoCloseable {
  /** Room for the header: a name of usual length and the greatest numbers. */
  private static final int HEADER_BYTES = 1024;

  private static final int BUFFERED_BYTES = 1 << 16;

  private final String name;
  private final int columns;
  private final OutputFile output;
  private final Arena arena = Arena.ofConfined();
  private final ByteBuffer buffer;
  private long position = HEADER_BYTES;
  private long rows;

  /**
   * Begins a file.
   *
   * @param name of the tensor
   * @param columns numbers of a row, at least 1
   * @throws IllegalArgumentException if the name is too long for the header
   * @throws IOException if the file cannot be written
   */
  public SafetensorsRows(Path file, String name, int columns) throws IOException {
    this.name = name;
    this.columns = columns;
    header(Long.MAX_VALUE / columns / Float.BYTES);
    int length = Math.max(BUFFERED_BYTES, Math.multiplyExact(columns, Float.BYTES));
    buffer = arena.allocate(length, Float.BYTES).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    try {
      output = OutputFile.create(file);
    } catch (IOException | RuntimeException failure) {
      arena.close();
      throw failure;
    }
  }

  private ByteBuffer header(long rowCount) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.putObject("__metadata__").put("format", "pt");
    ObjectNode tensor = json.putObject(name).put("dtype", "F32");
    tensor.putArray("shape").add(rowCount).add(columns);
    tensor.putArray("data_offsets").add(0L).add(rowCount * columns * Float.BYTES);
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    if (Long.BYTES + text.length > HEADER_BYTES) {
      throw new IllegalArgumentException("the name " + name + " is too long for the header");
    }
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(HEADER_BYTES - Long.BYTES).put(text);
    while (header.hasRemaining()) {
      header.put((byte) ' ');
    }
    return header.flip();
  }

  /**
   * Writes one more row.
   *
   * @throws IllegalArgumentException if it has another number of columns
   */
  public void add(float[] row) throws IOException {
    if (row.length != columns) {
      throw new IllegalArgumentException(
          "a row of " + row.length + " numbers was given, the matrix has " + columns + " columns");
    }
    if (buffer.remaining() < columns * Float.BYTES) {
      flush();
    }
    for (float value : row) {
      buffer.putFloat(value);
    }
    rows++;
  }

  private void flush() throws IOException {
    buffer.flip();
    int length = buffer.remaining();
    output.write(buffer, position);
    position += length;
    buffer.clear();
  }

  /** Rows so far. */
  public long rows() {
    return rows;
  }

  /** Puts the complete file in its place. */
  public void commit() throws IOException {
    flush();
    output.write(header(rows), 0);
    output.commit();
  }

  /** Removes what was written unless it was committed. */
  @Override
  public void close() throws IOException {
    output.close();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
