// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.indexed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.EncodingOptions;
import io.github.megabert.train.data.TrainingDataException;
import io.github.megabert.train.data.TrainingFixtures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Files that Megatron-LM wrote are read, written again to the byte, and refused when damaged. */
class IndexedDatasetTest {
  /** Bytes of an index before its lengths. */
  private static final int HEADER = 34;

  @TempDir private Path folder;

  @Test
  void tokensAreThoseOfTheTexts() throws IOException {
    BertTokenizer tokenizer = TrainingFixtures.tokenizer();
    EncodingOptions bare = EncodingOptions.DEFAULT.withSpecialTokens(false);
    JsonNode texts = TrainingFixtures.json("megatron_data/documents.json");
    try (IndexedDataset data = IndexedDataset.open(TrainingFixtures.corpus("text_sentence"))) {
      assertEquals(TokenType.UINT16, data.type());
      assertFalse(data.hasModes());
      assertEquals(texts.size(), data.documents());
      int sequence = 0;
      for (int document = 0; document < texts.size(); document++) {
        assertEquals(sequence, data.firstSequence(document));
        for (JsonNode sentence : texts.get(document)) {
          int[] expected = tokenizer.encode(sentence.asString(), bare).ids();
          assertArrayEquals(expected, data.read(sequence++));
        }
      }
      assertEquals(sequence, data.sequences());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"text_sentence", "text_int32"})
  void whatIsWrittenIsWhatMegatronLmWrites(String name) throws IOException {
    Path copy = folder.resolve("copy");
    try (IndexedDataset data = IndexedDataset.open(TrainingFixtures.corpus(name));
        IndexedDatasetWriter writer = IndexedDatasetWriter.create(copy, data.type())) {
      writer.append(data);
      assertEquals(data.documents(), writer.documents());
      assertEquals(data.sequences(), writer.sequences());
      assertEquals(data.tokens(0, data.sequences()), writer.tokens());
      writer.commit();
    }
    for (String suffix : new String[] {".bin", ".idx"}) {
      assertArrayEquals(
          Files.readAllBytes(TrainingFixtures.file("megatron_data/" + name + suffix)),
          Files.readAllBytes(folder.resolve("copy" + suffix)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyTypeKeepsIds(TokenType type) throws IOException {
    int[] ids = {0, 1, 2, type.most() - 1, type.most()};
    Path prefix = folder.resolve("ids");
    try (IndexedDatasetWriter writer = IndexedDatasetWriter.create(prefix, type)) {
      writer.add(ids, ids.length);
      writer.add(ids, 0);
      writer.endDocument();
      writer.endDocument();
      int tooGreat = type.most() + 1;
      assertThrows(IllegalArgumentException.class, () -> writer.add(new int[] {tooGreat}, 1));
      writer.commit();
    }
    try (IndexedDataset data = IndexedDataset.open(prefix)) {
      assertEquals(type, data.type());
      assertEquals(2, data.documents());
      assertArrayEquals(ids, data.read(0));
      assertArrayEquals(new int[0], data.read(1));
      assertEquals(2, data.firstSequence(1));
    }
  }

  @Test
  void theSmallestTypeHoldsTheVocabulary() {
    assertEquals(TokenType.UINT8, TokenType.smallestFor(256));
    assertEquals(TokenType.UINT16, TokenType.smallestFor(257));
    assertEquals(TokenType.UINT16, TokenType.smallestFor(65_499));
    assertEquals(TokenType.INT32, TokenType.smallestFor(65_500));
  }

  @Test
  void anUncommittedCorpusLeavesNothing() throws IOException {
    try (IndexedDatasetWriter writer =
        IndexedDatasetWriter.create(folder.resolve("half"), TokenType.INT32)) {
      writer.add(new int[] {1, 2}, 2);
    }
    try (var left = Files.list(folder)) {
      assertEquals(0, left.count());
    }
  }

  @Test
  void corporaOfTwoTypesAreNotMerged() throws IOException {
    try (IndexedDataset data = IndexedDataset.open(TrainingFixtures.corpus("text_int32"));
        IndexedDatasetWriter writer =
            IndexedDatasetWriter.create(folder.resolve("merged"), TokenType.UINT16)) {
      TrainingDataException refusal =
          assertThrows(TrainingDataException.class, () -> writer.append(data));
      assertTrue(refusal.getMessage().contains("stores tokens as int32"));
    }
  }

  /** What is written at which place of the index, and what the refusal says. */
  @ParameterizedTest
  @CsvSource({
    "0, 1, 78, does not begin with MMIDIDX",
    "9, 8, 2, has version 2",
    "17, 1, 9, has the type code 9",
    "18, 8, 4611686018427387904, claims 4611686018427387904 sequences",
    "18, 8, -1, claims 18446744073709551615 sequences",
    "26, 8, 4611686018427387904, claims 4611686018427387904 document boundaries",
    "26, 8, 0, claims 0 document boundaries",
    "26, 8, 72, bytes; 389 sequences and 71 documents take 5278",
    "34, 4, -1, gives sequence 0 the length -1",
    "34, 4, 2147483647, places sequence 0 of 2147483647 tokens",
    "1590, 8, -2, places sequence 0",
    "1598, 8, 0, inside the one before it",
    "4702, 8, 1, begins document 0 with sequence 1",
    "4710, 8, 390, begins document 1 with sequence 390",
    "4710, 8, -1, begins document 1 with sequence -1"
  })
  void aDamagedIndexIsRefused(int place, int bytes, long value, String sentence)
      throws IOException {
    Path prefix = copy();
    byte[] index = Files.readAllBytes(IndexedDataset.indexFile(prefix));
    byte[] number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    System.arraycopy(number, 0, index, place, bytes);
    Files.write(IndexedDataset.indexFile(prefix), index);
    String message =
        assertThrows(TrainingDataException.class, () -> IndexedDataset.open(prefix).close())
            .getMessage();
    assertTrue(message.contains(sentence), message);
    assertTrue(message.startsWith(IndexedDataset.indexFile(prefix).toString()), message);
  }

  @Test
  void cutFilesAreRefused() throws IOException {
    Path prefix = copy();
    byte[] index = Files.readAllBytes(IndexedDataset.indexFile(prefix));
    for (int size = 0; size < index.length; size += size < HEADER ? 1 : 97) {
      Files.write(IndexedDataset.indexFile(prefix), Arrays.copyOf(index, size));
      assertThrows(TrainingDataException.class, () -> IndexedDataset.open(prefix).close());
    }
    Files.write(IndexedDataset.indexFile(prefix), index);
    byte[] data = Files.readAllBytes(IndexedDataset.dataFile(prefix));
    Files.write(IndexedDataset.dataFile(prefix), Arrays.copyOf(data, data.length - 1));
    assertThrows(TrainingDataException.class, () -> IndexedDataset.open(prefix).close());
    Files.delete(IndexedDataset.dataFile(prefix));
    assertThrows(CheckpointException.class, () -> IndexedDataset.open(prefix).close());
  }

  @Test
  void aChangeIsNoticed() throws IOException {
    Path prefix = copy();
    try (IndexedDataset data = IndexedDataset.open(prefix)) {
      data.requireUnchanged();
      long checksum = data.checksum();
      Path file = IndexedDataset.dataFile(prefix);
      byte[] bytes = Files.readAllBytes(file);
      bytes[100] ^= 1;
      Files.delete(file);
      Files.write(file, bytes);
      assertThrows(TrainingDataException.class, data::requireUnchanged);
      try (IndexedDataset changed = IndexedDataset.open(prefix)) {
        assertFalse(changed.checksum() == checksum);
      }
    }
  }

  private Path copy() throws IOException {
    for (String suffix : new String[] {".bin", ".idx"}) {
      Files.copy(
          TrainingFixtures.file("megatron_data/text_sentence" + suffix),
          folder.resolve("corpus" + suffix));
    }
    return folder.resolve("corpus");
  }
}
