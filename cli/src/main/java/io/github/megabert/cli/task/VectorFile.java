// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.checkpoint.SafetensorsRows;
import io.github.megabert.checkpoint.file.OutputFile;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.TextArguments;
import io.github.megabert.cli.option.TruncateOption;
import io.github.megabert.json.JsonText;
import io.github.megabert.task.TextEmbedding.Embedding;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes any number of vectors to a file in constant memory: as JSON lines, or as the tensor {@code
 * embeddings} of a safetensors file. The file appears at {@link #commit}, whole.
 *
 * <p>Row <i>i</i> belongs to line <i>i</i> of the input: a line without a vector leaves a gap.
 */
public abstract sealed class VectorFile implements TextArguments.Results<Embedding>, AutoCloseable {
  private final int dimension;
  private long rows;
  private long gaps;

  private VectorFile(int dimension) {
    this.dimension = dimension;
  }

  /** Begins a file: a safetensors file if that is how its name ends, otherwise JSON lines. */
  static VectorFile create(Path file, int dimension) throws IOException {
    return file.toString().endsWith(".safetensors")
        ? new Matrix(file, dimension)
        : new Lines(file, dimension);
  }

  /** Rows so far, gaps included. */
  final long rows() {
    return rows;
  }

  /** Rows without a vector so far. */
  final long gaps() {
    return gaps;
  }

  /** Numbers of a vector. */
  final int dimension() {
    return dimension;
  }

  /** What a row without a vector holds. */
  abstract String gap();

  /** Writes a row; of none, a gap. */
  abstract void write(float @Nullable [] vector, @Nullable String refusal) throws IOException;

  /** Puts the file in place. */
  abstract void commit() throws IOException;

  @Override
  public abstract void close() throws IOException;

  @Override
  public final void answer(String where, Embedding result) {
    TruncateOption.report(result.truncatedTokens(), where);
    add(result.vector(), null);
  }

  @Override
  public final void nothing(@Nullable String refusal) {
    gaps++;
    add(null, refusal);
  }

  private void add(float @Nullable [] vector, @Nullable String refusal) {
    rows++;
    try {
      write(vector, refusal);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class Matrix extends VectorFile {
    private final SafetensorsRows rows;
    private final float[] gap;

    Matrix(Path file, int dimension) throws IOException {
      super(dimension);
      rows = new SafetensorsRows(file, "embeddings", dimension);
      gap = new float[dimension];
      Arrays.fill(gap, Float.NaN);
    }

    @Override
    String gap() {
      return "NaN";
    }

    @Override
    void write(float @Nullable [] vector, @Nullable String refusal) throws IOException {
      rows.add(vector == null ? gap : vector);
    }

    @Override
    void commit() throws IOException {
      rows.commit();
    }

    @Override
    public void close() throws IOException {
      rows.close();
    }
  }

  private static final class Lines extends VectorFile {
    private static final int BUFFERED_BYTES = 1 << 16;

    private final OutputFile output;
    private final ByteArrayOutputStream buffer = new ByteArrayOutputStream(2 * BUFFERED_BYTES);
    private long position;

    Lines(Path file, int dimension) throws IOException {
      super(dimension);
      output = OutputFile.create(file);
    }

    @Override
    String gap() {
      return "null, or what was wrong";
    }

    @Override
    void write(float @Nullable [] vector, @Nullable String refusal) throws IOException {
      String line =
          JsonText.compact(
              vector == null ? JsonOption.Results.entry(refusal) : EmbedCommand.array(vector));
      buffer.writeBytes((line + "\n").getBytes(StandardCharsets.UTF_8));
      if (buffer.size() >= BUFFERED_BYTES) {
        flush();
      }
    }

    private void flush() throws IOException {
      output.write(ByteBuffer.wrap(buffer.toByteArray()), position);
      position += buffer.size();
      buffer.reset();
    }

    @Override
    void commit() throws IOException {
      flush();
      output.commit();
    }

    @Override
    public void close() throws IOException {
      output.close();
    }
  }
}
