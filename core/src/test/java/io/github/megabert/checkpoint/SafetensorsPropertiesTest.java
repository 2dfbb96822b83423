// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.file.LittleEndian;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.testing.RandomInput;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SafetensorsPropertiesTest {
  @Test
  void whatIsWrittenIsRead() {
    RandomInput.check(200, SafetensorsPropertiesTest::writeAndRead);
  }

  private static void writeAndRead(RandomInput input) throws IOException {
    Set<String> names = new LinkedHashSet<>(input.list(8, () -> input.text(40)));
    List<Integer> extents = input.list(3, () -> input.between(0, 6));
    String metadata = input.text(40);
    Path file = Files.createTempFile("megabert", ".safetensors");
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String name : names) {
        if (isText(name) && !name.equals("__metadata__")) {
          tensors.put(name, random(arena, extents, input.random()));
        }
      }
      Map<String, String> texts = isText(metadata) ? Map.of("key", metadata) : Map.of();
      List<TensorSpec> specs = new ArrayList<>();
      tensors.forEach((name, t) -> specs.add(new TensorSpec(name, t.dtype(), t.shape())));
      try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, texts)) {
        for (String name : tensors.keySet()) {
          writer.write(name, tensors.get(name));
        }
        writer.commit();
      }
      try (Safetensors read = Safetensors.open(file)) {
        assertEquals(tensors.keySet(), read.names());
        assertEquals(texts, read.metadata());
        for (String name : tensors.keySet()) {
          Tensor written = tensors.get(name);
          assertEquals(written.dtype(), read.dtype(name));
          assertEquals(written.shape(), read.shape(name));
          assertEquals(-1, written.segment().mismatch(read.tensor(name).segment()));
        }
      }
      byte[] bytes = Files.readAllBytes(file);
      byte[] shorter = java.util.Arrays.copyOf(bytes, bytes.length - 1);
      byte[] longer = java.util.Arrays.copyOf(bytes, bytes.length + 1);
      for (byte[] damaged : List.of(shorter, longer)) {
        assertThrows(
            CheckpointException.class,
            () -> Safetensors.of(MemorySegment.ofArray(damaged), "damaged"));
      }
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void anyBytesAreReadOrRefused() {
    RandomInput.check(500, input -> readOrRefuse(input.bytes(200), input.random().nextInt(8)));
  }

  private static void readOrRefuse(byte[] header, int extra) {
    byte[] file =
        SafetensorsTest.file(
            new String(header, java.nio.charset.StandardCharsets.ISO_8859_1), extra);
    try {
      assertTrue(Safetensors.of(MemorySegment.ofArray(file), "any").names().isEmpty());
    } catch (CheckpointException e) {
      assertTrue(String.valueOf(e.getMessage()).lines().count() == 1, e.getMessage());
    }
  }

  private static Tensor random(Arena arena, List<Integer> extents, Random random) {
    DType[] dtypes = DType.values();
    DType dtype = dtypes[random.nextInt(dtypes.length)];
    long[] shape = extents.stream().mapToLong(Integer::longValue).toArray();
    if (dtype.bits() < 8) {
      shape = new long[] {8L * extents.size()};
    }
    Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(shape));
    byte[] bytes = new byte[Math.toIntExact(tensor.byteSize())];
    random.nextBytes(bytes);
    MemorySegment.copy(bytes, 0, tensor.segment(), LittleEndian.BYTE, 0, bytes.length);
    return tensor;
  }

  /** Lone surrogates are no text in any encoding. */
  private static boolean isText(String text) {
    return java.nio.charset.StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }
}
