// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsTest {
  @TempDir Path folder;

  @Test
  void everyFixtureOpensWithoutCopyingAndItsTensorsHaveTheirShapes() throws IOException {
    int tensors = 0;
    for (Path fixture : Fixtures.foldersWith("model.safetensors")) {
      try (Safetensors file = Safetensors.open(fixture.resolve("model.safetensors"))) {
        assertEquals("pt", file.metadata().get("format"));
        for (String name : file.names()) {
          Tensor tensor = file.tensor(name);
          assertEquals(file.shape(name), tensor.shape());
          assertTrue(tensor.segment().isReadOnly(), "a view of the file");
          tensors++;
        }
      }
    }
    assertTrue(tensors > 500, "tensors seen: " + tensors);
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void everyElementTypeIsReadAsItWasWritten(DType dtype) throws IOException {
    Path file = folder.resolve("t.safetensors");
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(2, 3, 4));
      for (long i = 0; i < tensor.byteSize(); i++) {
        tensor.segment().set(java.lang.foreign.ValueLayout.JAVA_BYTE, i, (byte) (i * 37));
      }
      SafetensorsWriter.write(file, Map.of("t", tensor));
      try (Safetensors read = Safetensors.open(file)) {
        assertEquals(dtype, read.dtype("t"));
        assertEquals(Shape.of(2, 3, 4), read.shape("t"));
        assertEquals(-1, read.tensor("t").segment().mismatch(tensor.segment()));
      }
    }
  }

  @Test
  void widerElementsComeFirstSoThatEveryTensorIsAligned() throws IOException {
    Path file = folder.resolve("t.safetensors");
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsWriter.write(
          file,
          Map.of(
              "bytes", Tensor.allocate(arena, DType.U8, Shape.of(3)),
              "halves", Tensor.allocate(arena, DType.F16, Shape.of(1)),
              "longs", Tensor.allocate(arena, DType.I64, Shape.of(2))));
    }
    try (Safetensors read = Safetensors.open(file)) {
      assertEquals(List.of("longs", "halves", "bytes"), List.copyOf(read.names()));
      assertEquals(0, read.tensor("longs").segment().address() % 8);
      assertEquals(0, read.tensor("halves").segment().address() % 2);
    }
  }

  @Test
  void anUncommittedFileLeavesNothing() throws IOException {
    Path file = folder.resolve("t.safetensors");
    try (Arena arena = Arena.ofConfined();
        SafetensorsWriter writer =
            SafetensorsWriter.create(
                file,
                List.of(
                    new TensorSpec("a", DType.F32, Shape.of(2)),
                    new TensorSpec("b", DType.F32, Shape.of(2))),
                Map.of())) {
      writer.write("a", Tensor.allocate(arena, DType.F32, Shape.of(2)));
      String message = assertThrows(IllegalStateException.class, writer::commit).getMessage();
      assertTrue(message.contains("lacks 1 tensors, such as b"), message);
      assertFalse(Files.exists(file));
    }
    try (var left = Files.list(folder)) {
      assertEquals(0, left.count());
    }
  }

  @Test
  void aClosedFileIsAClearErrorAndClosingTwiceIsHarmless() throws IOException {
    Safetensors file =
        Safetensors.open(Fixtures.transformers("MegatronBertModel/model.safetensors"));
    Tensor tensor = file.tensor("pooler.dense.bias");
    file.close();
    file.close();
    assertThrows(IllegalStateException.class, () -> tensor.getFloat(0));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,5]}}                      | needs 4 bytes
          {"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}                      | describes 5; is it complete?
          {"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}                      | describes 3
          {"a":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}                      | leaving a gap
          {"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}} | inside the one before
          {"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}} | Duplicate
          {"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}}                     | from 0 up
          {"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}                      | data_offsets are [4, 0]
          {"a":{"dtype":"U8","shape":[4],"data_offsets":[-4,0]}}                     | from 0 up
          {"a":{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}}                    | must be a VALUE_NUMBER_INT
          {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4,4]}}                    | two data_offsets
          {"a":{"dtype":"U8","shape":[4]}}                                           | two data_offsets
          {"a":{"dtype":"Q8","shape":[4],"data_offsets":[0,4]}}                      | unknown dtype 'Q8'
          {"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,4]}} | no size in whole bytes
          {"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,4]}}   | no size in whole bytes
          {"a":{"dtype":"F4","shape":[7],"data_offsets":[0,4]}}                      | no size in whole bytes
          {"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,4]}}   | not valid JSON
          {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"x":1}}                | field 'x'
          {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}{}                    | goes on after
          {"a":[[[[[[[[]]]]]]]]}                                                     | must be a START_OBJECT
          {"__metadata__":{"a":1}}                                                   | must be a VALUE_STRING
          []                                                                         | must be a START_OBJECT
          {"a                                                                        | not valid JSON
          """)
  void aForgedHeaderIsRefusedInOneSentence(String header, String reason) {
    assertRefused(file(header, 4), reason);
  }

  @Test
  void aHeaderLengthBeyondTheFileIsRefused() {
    for (long length : new long[] {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, 100_000_001, 99}) {
      ByteBuffer bytes = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
      bytes.putLong(length).put("{}                ".getBytes(StandardCharsets.UTF_8));
      assertRefused(bytes.array(), "claims a header of");
    }
    assertRefused(new byte[7], "too few");
  }

  @Test
  void deepNestingAndLongNumbersAreRefused() {
    String deep = "[".repeat(1_000_000);
    assertRefused(file("{\"__metadata__\":{},\"a\":" + deep, 0), "must be a START_OBJECT");
    String digits = "9".repeat(1_000_000);
    assertRefused(
        file("{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0," + digits + "]}}", 0),
        "not valid JSON");
  }

  @Test
  void aTruncatedFileIsRefusedAtEveryByte() throws IOException {
    byte[] whole = file("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4);
    assertNotNull(Safetensors.of(MemorySegment.ofArray(whole), "whole"));
    for (int length = 0; length < whole.length; length++) {
      assertRefused(java.util.Arrays.copyOf(whole, length), "");
    }
  }

  static byte[] file(String header, int dataBytes) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .array();
  }

  private static void assertRefused(byte[] file, String reason) {
    String message =
        assertThrows(
                CheckpointException.class,
                () -> Safetensors.of(MemorySegment.ofArray(file), "forged.safetensors"))
            .getMessage();
    assertTrue(message.contains(reason), message);
    assertTrue(message.contains("forged.safetensors"), message);
    assertTrue(message.length() < 600 && message.lines().count() == 1, message);
  }
}
