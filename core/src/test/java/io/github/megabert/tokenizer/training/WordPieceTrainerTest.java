// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.input.UnreadableFileException;
import io.github.megabert.tensor.Workers;
import io.github.megabert.tokenizer.AddedToken;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.TokenizerConfig;
import io.github.megabert.tokenizer.TokenizerException;
import io.github.megabert.tokenizer.WordSplitter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Vocabularies against those that Hugging Face's trainer made of the same corpus. */
class WordPieceTrainerTest {
  private static final Path FIXTURES =
      Path.of("src", "test", "resources", "fixtures", "wordpiece_training");
  private static final Path CORPUS = FIXTURES.resolve("corpus.txt");

  @TempDir private Path folder;

  /** A vocabulary of the reference and how it was made. */
  private record Reference(WordPieceOptions options, List<String> vocabulary) {
    static List<Reference> all() throws IOException {
      List<Reference> all = new ArrayList<>();
      JsonNode cases =
          JsonMapper.shared().readTree(Files.readString(FIXTURES.resolve("expected.json")));
      for (JsonNode node : cases) {
        List<String> vocabulary = new ArrayList<>();
        node.get("vocabulary").forEach(token -> vocabulary.add(token.stringValue()));
        all.add(
            new Reference(
                WordPieceOptions.DEFAULT
                    .withVocabularySize(node.get("vocab_size").intValue())
                    .withConfig(
                        node.get("lowercase").booleanValue()
                            ? TokenizerConfig.UNCASED
                            : TokenizerConfig.CASED)
                    .withMinFrequency(node.get("min_frequency").intValue())
                    .withLimitAlphabet(node.get("limit_alphabet").intValue()),
                vocabulary));
      }
      assertEquals(3, all.size());
      return all;
    }
  }

  @Test
  void vocabulariesHaveTheTokensOfTheReference() throws IOException {
    for (Reference reference : Reference.all()) {
      List<String> learnt = new WordPieceTrainer(reference.options).train(List.of(CORPUS)).tokens();
      assertEquals(reference.vocabulary.size(), learnt.size());
      Set<String> common = new HashSet<>(learnt);
      common.retainAll(reference.vocabulary);
      assertTrue(common.size() >= 0.995 * learnt.size(), common.size() + " of " + learnt.size());
      // Special tokens and characters at a word's beginning have fixed ids.
      int fixed = firstContinuing(reference.vocabulary);
      assertEquals(reference.vocabulary.subList(0, fixed), learnt.subList(0, fixed));
    }
  }

  /** What the reference draws by lot is the order of the continuing characters, and that alone. */
  @Test
  void withTheReferencesOrderOfCharactersVocabulariesAreEqual() throws IOException {
    for (Reference reference : Reference.all()) {
      WordPieceOptions options = reference.options;
      WordCounts counts = counts(options.config(), 2, new WordCounts());
      Pieces pieces = new Pieces();
      for (String token : reference.vocabulary) {
        if (token.codePointCount(0, token.length()) <= 1
            || options.specialTokens().contains(token)
            || (token.startsWith("##") && token.codePointCount(0, token.length()) == 3)) {
          pieces.add(token);
        }
      }
      int characters = pieces.size();
      WordSymbols words = new Alphabet(counts, options.limitAlphabet()).cut(counts, pieces);
      assertEquals(characters, pieces.size());
      new PairMerges(counts, words, pieces)
          .run(options.vocabularySize(), options.minFrequency(), size -> {});
      assertEquals(reference.vocabulary, pieces.tokens());
    }
  }

  private static int firstContinuing(List<String> vocabulary) {
    int index = 0;
    while (!vocabulary.get(index).startsWith("##")) {
      index++;
    }
    assertTrue(index > 40, "characters: " + index);
    return index;
  }

  private static WordCounts counts(TokenizerConfig config, int threads, WordCounts counts)
      throws IOException {
    try (Workers workers = new Workers(threads)) {
      CorpusCounter counter = new CorpusCounter(new WordSplitter(config), workers, counts);
      counter.count(List.of(CORPUS), bytes -> {});
      return counts;
    }
  }

  @Test
  void threadsAndFilesDoNotMatter() throws IOException {
    WordPieceOptions options = WordPieceOptions.DEFAULT.withVocabularySize(700);
    List<String> lines = Files.readAllLines(CORPUS);
    Path first = folder.resolve("first.txt");
    Path second = folder.resolve("second.txt");
    Files.write(first, lines.subList(1000, lines.size()));
    Files.write(second, lines.subList(0, 1000));
    WordPieceTrainer alone = new WordPieceTrainer(options, 1, new Progress());
    List<String> tokens = alone.train(List.of(CORPUS)).tokens();
    WordPieceTrainer team = new WordPieceTrainer(options, 3, new Progress());
    assertEquals(tokens, team.train(List.of(first, second)).tokens());
  }

  @Test
  void progressReachesTheEnd() throws IOException {
    Progress progress = new Progress();
    WordPieceOptions options = WordPieceOptions.DEFAULT.withVocabularySize(300);
    new WordPieceTrainer(options, 2, progress).train(List.of(CORPUS, CORPUS));
    assertEquals(2 * Files.size(CORPUS), progress.bytes);
    assertEquals(300, progress.tokens);
  }

  private static final class Progress implements WordPieceTrainer.Listener {
    private long bytes;
    private int tokens;

    @Override
    public void counted(long count) {
      bytes = count;
    }

    @Override
    public void learnt(int count) {
      tokens = count;
    }
  }

  @Test
  void mergesFollowCountsAndThenIds() throws IOException {
    // ##c+##d stands five times, a+##b three times, c+##d, e+##f and e+##cd twice each.
    String text = "abcd abcd abcd ecd ecd cd cd ef ef";
    assertEquals(
        List.of("a", "b", "c", "d", "e", "f", "##b", "##c", "##d", "##f"),
        small(text, 10, 2).subList(5, 15));
    assertEquals(
        List.of("##cd", "ab", "abcd", "cd", "ef", "ecd"), small(text, 100, 2).subList(15, 21));
    // No pair comes five times but one.
    assertEquals("##cd", small(text, 100, 5).getLast());
  }

  private List<String> small(String text, int pieces, int minFrequency) throws IOException {
    Path file = folder.resolve("small.txt");
    Files.writeString(file, text);
    return new WordPieceTrainer(
            WordPieceOptions.DEFAULT.withVocabularySize(5 + pieces).withMinFrequency(minFrequency))
        .train(List.of(file))
        .tokens();
  }

  @Test
  void aLongWordIsLeftOutAndSaidSo() throws IOException {
    Path file = folder.resolve("long.txt");
    Files.writeString(file, "ab ".repeat(10) + "x".repeat(3_000_000) + " ab " + "y".repeat(1000));
    TrainedVocabulary learnt = new WordPieceTrainer(WordPieceOptions.DEFAULT).train(List.of(file));
    // What has no white space is cut where a block of 2 MiB ends.
    assertEquals(2, learnt.longWords());
    assertEquals(14, learnt.words());
    assertEquals(-1, learnt.tokenizer().tokenToId("x"));
    assertTrue(learnt.tokenizer().tokenToId("##y") > 0);
  }

  @Test
  void wordsWithoutSpacesAreCutBetweenCharacters() throws IOException {
    Path file = folder.resolve("chinese.txt");
    String text = "北京東京".repeat(300_000);
    Files.writeString(file, text);
    TrainedVocabulary learnt = new WordPieceTrainer(WordPieceOptions.DEFAULT).train(List.of(file));
    assertEquals(text.length(), learnt.words());
    assertEquals(List.of("京", "北", "東"), learnt.tokens().subList(5, 8));
  }

  @Test
  void rareWordsGoWhereThereIsNoRoom() throws IOException {
    WordCounts bounded = new WordCounts(1000, 1 << 20);
    char[] word = new char[4];
    Map<String, Long> wanted = new HashMap<>();
    for (int i = 0; i < 999; i++) {
      String text = Integer.toString(1000 + i);
      text.getChars(0, 4, word, 0);
      long count = i % 3 == 0 ? 1 + i : 1;
      bounded.add(word, 0, 4, count);
      if (count > 1) {
        wanted.put(text, count);
      }
    }
    assertEquals(false, bounded.isFull());
    "last".getChars(0, 4, word, 0);
    bounded.add(word, 0, 4, 1);
    assertTrue(bounded.isFull());
    assertEquals(1, bounded.dropRare());
    Map<String, Long> kept = new HashMap<>();
    for (int i = 0; i < bounded.size(); i++) {
      kept.put(
          new String(bounded.characters(), bounded.begin(i), bounded.end(i) - bounded.begin(i)),
          bounded.count(i));
    }
    assertEquals(wanted, kept);
    bounded.add("1003".toCharArray(), 0, 4, 5);
    assertEquals(wanted.size(), bounded.size());
  }

  @Test
  void aCorpusOfTooManyWordsIsLearntFromTheFrequentOnes() throws IOException {
    WordPieceOptions options = WordPieceOptions.DEFAULT.withVocabularySize(200);
    TrainedVocabulary learnt =
        new WordPieceTrainer(options).train(List.of(CORPUS), new WordCounts(2000, 1 << 20));
    assertTrue(learnt.droppedCount() >= 1);
    assertTrue(learnt.distinctWords() < 2000);
    assertEquals(200, learnt.tokens().size());
    assertTrue(learnt.tokenizer().tokenToId("the") > 0);
  }

  @Test
  void specialTokensComeFirstAndAreFoundInText() throws IOException {
    WordPieceOptions options =
        WordPieceOptions.DEFAULT
            .withVocabularySize(200)
            .withConfig(
                TokenizerConfig.builder()
                    .lowerCase(false)
                    .addToken(AddedToken.special("[E1]"))
                    .build());
    Path output = folder.resolve("learnt");
    new WordPieceTrainer(options).train(List.of(CORPUS)).save(output);
    BertTokenizer tokenizer = BertTokenizer.load(output);
    assertEquals(0, tokenizer.padId());
    assertEquals(5, tokenizer.tokenToId("[E1]"));
    assertTrue(tokenizer.isSpecial(5));
    assertEquals(List.of("[CLS]", "[E1]", "the", "[SEP]"), tokenizer.encode("[E1]the").tokens());
    assertEquals(false, tokenizer.config().lowerCase());
    assertThrows(
        CheckpointException.class,
        () -> new WordPieceTrainer(options).train(List.of(CORPUS)).save(output));
  }

  @Test
  void aMissingFileIsRefusedBeforeTheOthersAreCounted() {
    Path missing = folder.resolve("none.txt");
    List<Long> counted = new ArrayList<>();
    WordPieceTrainer.Listener listener =
        new WordPieceTrainer.Listener() {
          @Override
          public void counted(long bytes) {
            counted.add(bytes);
          }

          @Override
          public void learnt(int tokens) {}
        };
    WordPieceTrainer trainer = new WordPieceTrainer(WordPieceOptions.DEFAULT, 1, listener);
    assertThrows(UnreadableFileException.class, () -> trainer.train(List.of(CORPUS, missing)));
    assertEquals(List.of(), counted);
  }

  @Test
  void whatCannotBeLearntFromIsRefusedInASentence() throws IOException {
    Path file = folder.resolve("corpus.txt");
    refused(file, UnreadableFileException.class, "there is no file " + file);
    Files.writeString(file, "");
    refused(file, TokenizerException.class, file + " has no words; a text is expected");
    Files.writeString(file, " \n\t\u0000\n");
    refused(file, TokenizerException.class, file + " has no words; a text is expected");
    Files.write(file, "good\nb\u00e9d\n".getBytes(StandardCharsets.ISO_8859_1));
    refused(
        file,
        TokenizerException.class,
        file + ", line 2: byte 2 of the line, 0xE9, is not UTF-8; save the file as UTF-8");
    Files.write(file, "good\ncut \u00e9".getBytes(StandardCharsets.UTF_8));
    byte[] cut = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(cut, cut.length - 1));
    refused(
        file,
        TokenizerException.class,
        file + ", line 2: byte 5 of the line, 0xC3, is not UTF-8; save the file as UTF-8");
    Files.write(file, "text".getBytes(StandardCharsets.UTF_16));
    refused(
        file,
        TokenizerException.class,
        file
            + ", line 1: byte 1 of the line, 0xFE, is not UTF-8 but the mark of UTF-16; save the"
            + " file as UTF-8");
    Files.write(file, new byte[] {0x1F, (byte) 0x8B, 8, 0});
    refused(
        file,
        TokenizerException.class,
        file + " is compressed by gzip; a text is expected: unpack it");
    refused(
        folder, UnreadableFileException.class, folder + " is a folder where a file was expected");
    WordPieceOptions tiny = WordPieceOptions.DEFAULT.withVocabularySize(9);
    Files.writeString(file, "abc abc");
    assertEquals(
        "a vocabulary of 9 tokens has no room for the 5 special tokens and the 5 of single"
            + " characters (3 characters, at a word's beginning and within); make it larger, or"
            + " limit the alphabet",
        assertThrows(
                TokenizerException.class, () -> new WordPieceTrainer(tiny).train(List.of(file)))
            .getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> WordPieceOptions.DEFAULT.withVocabularySize(0));
    assertThrows(
        IllegalArgumentException.class, () -> WordPieceOptions.DEFAULT.withLimitAlphabet(0));
    assertThrows(
        IllegalArgumentException.class, () -> WordPieceOptions.DEFAULT.withMinFrequency(-1));
  }

  private static void refused(Path file, Class<? extends IOException> kind, String sentence) {
    WordPieceTrainer trainer = new WordPieceTrainer(WordPieceOptions.DEFAULT);
    assertEquals(sentence, assertThrows(kind, () -> trainer.train(List.of(file))).getMessage());
  }

  @Test
  void theRarestCharactersAreLeftOut() throws IOException {
    Path file = folder.resolve("alphabet.txt");
    Files.writeString(file, "aaa aab abz bz y");
    WordPieceOptions options = WordPieceOptions.DEFAULT.withVocabularySize(9).withLimitAlphabet(2);
    assertEquals(
        List.of("a", "b", "##a", "##b"),
        new WordPieceTrainer(options).train(List.of(file)).tokens().subList(5, 9));
  }
}
