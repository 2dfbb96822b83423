package io.github.megabert.cli;

import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes any number of vectors to a file in constant memory: as JSON lines, or as the tensor {@code
 * embeddings} of a safetensors file. What is written waits beside the file until {@link #commit}.
 */
final class VectorFile implements AutoCloseable {
  private final Path file;
  private final Path rowsFile;
  private final int dimension;
  private final boolean safetensors;
  private final OutputStream out;
  private long rows;

  private VectorFile(Path file, int dimension) throws IOException {
    this.file = file;
    this.dimension = dimension;
    safetensors = file.getFileName().toString().endsWith(".safetensors");
    rowsFile = file.resolveSibling(file.getFileName() + ".rows");
    out = new BufferedOutputStream(Files.newOutputStream(rowsFile), 1 << 16);
  }

  static VectorFile create(Path file, int dimension) throws IOException {
    return new VectorFile(file, dimension);
  }

  /** One more row. */
  void add(float[] vector) throws IOException {
    if (safetensors) {
      ByteBuffer bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(vector);
      out.write(bytes.array());
    } else {
      String line = JsonMapper.shared().writeValueAsString(EmbedCommand.array(vector)) + "\n";
      out.write(line.getBytes(StandardCharsets.UTF_8));
    }
    rows++;
  }

  long rows() {
    return rows;
  }

  /** Puts the file in place. */
  void commit() throws IOException {
    out.close();
    if (!safetensors) {
      Files.move(rowsFile, file, StandardCopyOption.REPLACE_EXISTING);
      return;
    }
    // The header holds the number of rows, which is known only now.
    try (FileChannel channel = FileChannel.open(rowsFile, StandardOpenOption.READ);
        Arena arena = Arena.ofConfined()) {
      MemorySegment content = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      SafetensorsWriter.write(
          file, Map.of("embeddings", Tensor.wrap(content, DType.F32, Shape.of(rows, dimension))));
    }
  }

  @Override
  public void close() throws IOException {
    out.close();
    Files.deleteIfExists(rowsFile);
  }
}
