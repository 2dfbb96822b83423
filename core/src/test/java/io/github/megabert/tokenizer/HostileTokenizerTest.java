// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.testing.RandomInput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizer files that nobody means well with are refused in one sentence. */
class HostileTokenizerTest {
  private static final String SPECIAL = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

  @TempDir Path folder;

  @Test
  void tokensOfMoreThanAThousandCharacters() throws IOException {
    write("vocab.txt", SPECIAL + "y".repeat(1000) + "\n");
    assertEquals(6, BertTokenizer.load(folder).vocabularySize());
    write("vocab.txt", SPECIAL + "y".repeat(1001) + "\n");
    assertRefused("entry 5 has 1001 characters, at most 1000");
    write("vocab.txt", SPECIAL + "\u001b".repeat(700_000) + "\n");
    assertRefused("entry 5 has 700000 characters");
  }

  /** A word that comes out uneven costs the square of its length. */
  @Test
  void wordsOfMoreThanAThousandCharacters() throws IOException {
    String json =
        """
        {"model": {"type": "WordPiece", "max_input_chars_per_word": MOST, "vocab":
          {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": 5, "##a": 6}},
         "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"}}
        """;
    for (String most : new String[] {"1001", "2147483647", "1e9", "0"}) {
      write("tokenizer.json", json.replace("MOST", most));
      assertRefused("\"max_input_chars_per_word\" is");
      assertRefused("a number from 1 to 1000");
    }
    write("tokenizer.json", json.replace("MOST", "1000"));
    BertTokenizer tokenizer = BertTokenizer.load(folder);
    assertEquals(1000, tokenizer.encode("a".repeat(1000)).ids().length);
    assertEquals(1, tokenizer.encode("a".repeat(1001)).ids().length);
  }

  /** The steps of a search must not depend on which edges a vocabulary has. */
  @Test
  void noVocabularyIsMadeToCollide() {
    // These fell on neighbouring places of the table when its multiplier was 0x9E3779B97F4A7C15.
    List<String> tokens = new ArrayList<>();
    int mask = (1 << 16) - 1;
    for (int node = 0; node < 18_000; ) {
      StringBuilder token = new StringBuilder().append((char) (0x4e00 + tokens.size()));
      for (node++; token.length() < 900; node++) {
        char best = 0;
        int least = Integer.MAX_VALUE;
        for (int unit = 0x4e00; unit < 0x9fa5; unit += 7) {
          int slot = (int) (((((long) node << 16) | unit) * 0x9E3779B97F4A7C15L) >>> 32) & mask;
          if (slot < least) {
            least = slot;
            best = (char) unit;
          }
        }
        token.append(best);
      }
      tokens.add(token.toString());
    }
    PieceTrie trie = new PieceTrie();
    for (int i = 0; i < tokens.size(); i++) {
      trie.put(tokens.get(i), 0, i);
    }
    assertTrue(trie.longestProbe() < 500, "steps to an edge: " + trie.longestProbe());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"tokenizer_class\": []}",
        "{\"tokenizer_class\": {\"a\": 1}}",
        "{\"do_lower_case\": \"no\"}",
        "{\"model_max_length\": []}",
        "{\"unk_token\": {\"content\": {}}}",
        "{\"added_tokens_decoder\": {\"0\": []}}",
        "{\"added_tokens_decoder\": {\"-1\": {\"content\": \"x\"}}}",
        "{\"added_tokens_decoder\": {\"4294967295\": {\"content\": \"x\"}}}",
        "{\"added_tokens_decoder\": {\"2147483647\": {\"content\": \"x\"}}}",
        "{\"added_tokens_decoder\": {\"7\": {\"content\": \"\\u001b[2J\", \"lstrip\": 1}}}"
      })
  void settingsOfAnotherType(String json) throws IOException {
    write("vocab.txt", SPECIAL);
    write("tokenizer_config.json", json);
    assertRefused("");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{\"x\": -5}", "{\"x\": 4294967295}", "{\"x\": 2147483647}", "{\"x\": \"6\"}"})
  void addedTokensOutOfPlace(String json) throws IOException {
    write("vocab.txt", SPECIAL);
    write("added_tokens.json", json);
    assertRefused("x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"model\": 1}",
        "{\"model\": {\"type\": {}}}",
        "{\"model\": {\"type\": []}, \"normalizer\": {\"type\": {}}}",
        "{\"model\": {\"type\": \"WordPiece\"}, \"normalizer\": {\"type\": {\"a\": []}}}",
        "{\"model\": {\"type\": \"WordPiece\"}, \"normalizer\": {\"type\": \"BertNormalizer\"},"
            + " \"pre_tokenizer\": {\"type\": {}}}",
        "{\"model\": {\"type\": \"WordPiece\"}, \"normalizer\": {\"type\": \"BertNormalizer\"},"
            + " \"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"},"
            + " \"post_processor\": {\"type\": {}}}",
        "{\"model\": {\"type\": \"WordPiece\"}, \"normalizer\": {\"type\": \"BertNormalizer\"},"
            + " \"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"},"
            + " \"post_processor\": {\"type\": \"TemplateProcessing\","
            + " \"single\": [{\"SpecialToken\": {\"id\": {}, \"type_id\": []}}]}}",
        "{\"model\": {\"type\": \"WordPiece\"}, \"normalizer\": {\"type\": \"BertNormalizer\"},"
            + " \"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"}, \"decoder\": {\"type\": {}}}"
      })
  void sectionsOfAnotherType(String json) throws IOException {
    write("tokenizer.json", json);
    assertRefused("tokenizer.json");
  }

  @Test
  void whatIsNoRegularFileIsNotOpened() throws Exception {
    Files.createSymbolicLink(folder.resolve("vocab.txt"), Path.of("/dev/zero"));
    assertRefused("a pipe or a device where a file was expected");
    Files.delete(folder.resolve("vocab.txt"));
    assertEquals(0, new ProcessBuilder("mkfifo", folder + "/vocab.txt").start().waitFor());
    assertRefused("a pipe or a device where a file was expected");
    Files.delete(folder.resolve("vocab.txt"));
    write("vocab.txt", SPECIAL);
    assertEquals(
        0, new ProcessBuilder("mkfifo", folder + "/tokenizer_config.json").start().waitFor());
    assertRefused("a pipe or a device where a file was expected");
  }

  @Test
  void aLineWithoutEnd() throws IOException {
    Path file = folder.resolve("vocab.txt");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {'a'}), 3L << 30);
    }
    assertRefused("bytes that are read of such a file");
  }

  /** 5 × 10⁸ steps if every place in the text were compared with the whole token. */
  @Test
  void aLongAddedTokenAgainstALongRun() {
    AddedTokenMatcher matcher =
        new AddedTokenMatcher(
            List.of(
                AddedToken.special("a".repeat(999) + "b").withId(1),
                AddedToken.special("a".repeat(998) + "c").withId(2)),
            List.of("a".repeat(999) + "b", "a".repeat(998) + "c"));
    CountingText text = new CountingText("a".repeat(500_000) + "b" + "a".repeat(500_000));
    List<String> found = pieces(matcher, text);
    assertEquals(List.of("0-499001", "1:499001-500001", "500001-1000001"), found);
    assertTrue(text.reads < 5L * text.length(), "characters read: " + text.reads);
  }

  @Test
  void theLeftmostAndThenTheLongestIsFound() {
    RandomInput.check(
        500,
        input -> {
          List<String> patterns = input.list(6, () -> letters(input, 1, 4));
          String text = letters(input, 0, 40);
          List<AddedToken> tokens = new ArrayList<>();
          for (int i = 0; i < patterns.size(); i++) {
            tokens.add(AddedToken.special(patterns.get(i)).withId(i));
          }
          List<String> expected = new ArrayList<>();
          int plain = 0;
          for (int at = 0; at < text.length(); ) {
            int best = -1;
            for (int i = 0; i < patterns.size(); i++) {
              if (text.startsWith(patterns.get(i), at)
                  && (best < 0 || patterns.get(i).length() > patterns.get(best).length())) {
                best = i;
              }
            }
            if (best < 0) {
              at++;
              continue;
            }
            if (plain < at) {
              expected.add(plain + "-" + at);
            }
            int end = at + patterns.get(best).length();
            expected.add(best + ":" + at + "-" + end);
            at = end;
            plain = end;
          }
          if (plain < text.length()) {
            expected.add(plain + "-" + text.length());
          }
          assertEquals(expected, pieces(new AddedTokenMatcher(tokens, patterns), text));
        });
  }

  @Test
  void addedTokensOfSurrogatePairs() throws IOException {
    write("vocab.txt", SPECIAL + "a\n");
    write("added_tokens.json", "{\"😀😁\": 6, \"😁\": 7}");
    assertArrayEquals(
        new int[] {2, 5, 6, 7, 1, 3}, BertTokenizer.load(folder).encode("a😀😁😁😀").ids());
  }

  private static String letters(RandomInput input, int min, int max) {
    StringBuilder text = new StringBuilder();
    for (int length = input.between(min, max); text.length() < length; ) {
      text.append(input.of('a', 'b'));
    }
    return text.toString();
  }

  private static List<String> pieces(AddedTokenMatcher matcher, CharSequence text) {
    List<String> pieces = new ArrayList<>();
    matcher.split(
        text,
        0,
        text.length(),
        new AddedTokenMatcher.Pieces() {
          @Override
          public void text(int from, int to) {
            pieces.add(from + "-" + to);
          }

          @Override
          public void added(int id, int from, int to) {
            pieces.add(id + ":" + from + "-" + to);
          }
        });
    return pieces;
  }

  /** Counts how often a character is read. */
  private static final class CountingText implements CharSequence {
    private final String text;
    private long reads;

    CountingText(String text) {
      this.text = text;
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      reads++;
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private void assertRefused(String part) {
    String message =
        String.valueOf(
            assertThrows(TokenizerException.class, () -> BertTokenizer.load(folder)).getMessage());
    assertTrue(message.contains(part), message);
    assertTrue(
        message.length() < 700 && message.chars().noneMatch(Character::isISOControl), message);
  }
}
