// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import io.github.megabert.checkpoint.file.OutputFile;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes a safetensors file one tensor at a time.
 *
 * <p>The header is written first, from the tensors' descriptions; the tensors follow in any order.
 * The file appears under its name at {@link #commit} and not before: closing an uncommitted writer
 * leaves nothing.
 *
 * <p>The header is padded so that the elements start on a multiple of 8, and wider element types
 * come first, so that every tensor is aligned to its element.
 */
public final class SafetensorsWriter implements AutoCloseable {
  private final Path file;
  private final OutputFile output;
  private final Map<String, TensorSpec> specs = new LinkedHashMap<>();
  private final Map<String, Long> positions = new LinkedHashMap<>();
  private final Set<String> missing;

  private SafetensorsWriter(Path file, List<TensorSpec> tensors, Map<String, String> metadata)
      throws IOException {
    this.file = file;
    tensors.stream()
        .sorted(Comparator.comparingInt((TensorSpec spec) -> spec.dtype().bits()).reversed())
        .forEach(
            spec -> {
              if (specs.put(spec.name(), spec) != null) {
                throw new IllegalArgumentException("two tensors are called " + spec.name());
              }
            });
    this.missing = new HashSet<>(specs.keySet());
    ByteBuffer header = header(metadata);
    this.output = OutputFile.create(file);
    try {
      output.write(header, 0);
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /**
   * Starts a file.
   *
   * @param tensors what will be written
   * @param metadata texts for {@code __metadata__}; transformers wants {@code format} = {@code pt}
   * @throws IllegalArgumentException if two tensors share a name
   * @throws IOException if the file cannot be written
   */
  public static SafetensorsWriter create(
      Path file, List<TensorSpec> tensors, Map<String, String> metadata) throws IOException {
    return new SafetensorsWriter(file, tensors, metadata);
  }

  /** Writes a whole file, with the metadata that transformers wants. */
  public static void write(Path file, Map<String, Tensor> tensors) throws IOException {
    List<TensorSpec> specs =
        tensors.entrySet().stream()
            .map(e -> new TensorSpec(e.getKey(), e.getValue().dtype(), e.getValue().shape()))
            .toList();
    try (SafetensorsWriter writer = create(file, specs, Map.of("format", "pt"))) {
      for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
        writer.write(tensor.getKey(), tensor.getValue());
      }
      writer.commit();
    }
  }

  private ByteBuffer header(Map<String, String> metadata) {
    ObjectNode json = StrictJson.emptyObject();
    if (!metadata.isEmpty()) {
      ObjectNode texts = json.putObject("__metadata__");
      metadata.forEach(texts::put);
    }
    long offset = 0;
    for (TensorSpec spec : specs.values()) {
      ObjectNode entry = json.putObject(spec.name());
      entry.put("dtype", spec.dtype().name());
      ArrayNode shape = entry.putArray("shape");
      for (long extent : spec.shape().toArray()) {
        shape.add(extent);
      }
      positions.put(spec.name(), offset);
      long end = Math.addExact(offset, spec.byteSize());
      entry.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    int length = Math.ceilDiv(text.length, 8) * 8;
    ByteBuffer header = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(length).put(text);
    while (header.hasRemaining()) {
      header.put((byte) ' ');
    }
    positions.replaceAll((name, position) -> position + header.capacity());
    return header.flip();
  }

  /**
   * Writes the elements of a tensor.
   *
   * @throws IllegalArgumentException if none of that name, type and shape was announced
   */
  public void write(String name, Tensor tensor) throws IOException {
    TensorSpec spec = specs.get(name);
    Long position = positions.get(name);
    if (spec == null || position == null) {
      throw new IllegalArgumentException(file + ": no tensor " + name + " was announced");
    }
    if (spec.dtype() != tensor.dtype() || !spec.shape().equals(tensor.shape())) {
      throw new IllegalArgumentException(
          file
              + ": tensor "
              + name
              + " was announced as "
              + spec.dtype()
              + " "
              + spec.shape()
              + ", given is "
              + tensor);
    }
    output.write(tensor.segment(), position);
    missing.remove(name);
  }

  /**
   * Puts the complete file in its place.
   *
   * @throws IllegalStateException if a tensor is missing
   */
  public void commit() throws IOException {
    if (!missing.isEmpty()) {
      throw new IllegalStateException(
          file + " lacks " + missing.size() + " tensors, such as " + missing.iterator().next());
    }
    output.commit();
  }

  /** Removes what was written unless it was committed. */
  @Override
  public void close() throws IOException {
    output.close();
  }
}
