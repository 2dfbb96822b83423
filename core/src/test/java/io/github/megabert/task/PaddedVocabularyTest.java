// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.model.Fixtures;
import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.model.generation.GenerationOptions;
import io.github.megabert.model.generation.Generator;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A matrix of 99 rows with fewer tokens, and with added tokens beyond it. */
class PaddedVocabularyTest {
  private static final int ROWS = 99;

  @TempDir Path folder;

  private static List<String> words(int count) {
    List<String> words =
        new ArrayList<>(List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "dog"));
    while (words.size() < count) {
      words.add("w" + words.size());
    }
    return words;
  }

  /** A model of the fixtures with a vocabulary of its own. */
  private MegaBert open(String model, List<String> words, String addedTokens) throws IOException {
    try (Stream<Path> files = Files.list(Fixtures.folder("transformers/" + model))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(String.valueOf(file.getFileName())));
      }
    }
    Files.write(folder.resolve("vocab.txt"), words);
    Files.writeString(folder.resolve("tokenizer_config.json"), addedTokens);
    return MegaBert.builder().backend("scalar").load(folder);
  }

  private static String added(String token, int id) {
    return String.format(
        Locale.ROOT,
        "{\"added_tokens_decoder\": {\"%d\": {\"content\": \"%s\", \"special\": true}}}",
        id,
        token);
  }

  @Test
  void paddingIsNoWordForAMask() throws IOException {
    // Ids 50 … 59 lie between the vocabulary and the added token.
    try (MegaBert bert = open("MegatronBertForMaskedLM", words(50), added("[NEW]", 60))) {
      FillMask.Options all = FillMask.Options.DEFAULT.withTopK(ROWS);
      List<Integer> ids =
          bert.fillMask().apply("a [MASK] dog", all).masks().getFirst().candidates().stream()
              .map(FillMask.Candidate::tokenId)
              .sorted()
              .toList();
      List<Integer> tokens = new ArrayList<>(Stream.iterate(0, i -> i + 1).limit(50).toList());
      tokens.add(60);
      assertEquals(tokens, ids);
    }
  }

  @Test
  void paddingIsNeverGenerated() throws IOException {
    try (MegaBert bert = open("generation", words(12), "{}")) {
      BertTokenizer tokenizer = bert.tokenizer();
      boolean anyWouldBe = false;
      for (GenerationOptions.Builder search :
          List.of(
              GenerationOptions.builder(),
              GenerationOptions.builder().beams(3).returnSequences(3),
              GenerationOptions.builder().beams(20).returnSequences(4),
              GenerationOptions.builder().sample(true).topK(0).temperature(9).returnSequences(8),
              GenerationOptions.builder().sample(true).topK(0).temperature(9).beams(3),
              GenerationOptions.builder().repetitionPenalty(3).noRepeatNgramSize(2))) {
        GenerationOptions options = search.maxNewTokens(6).build();
        for (TextGeneration.Generated text :
            bert.textGeneration()
                .apply("a dog", TextGeneration.Options.DEFAULT.withGeneration(options))
                .sequences()) {
          assertTrue(
              Arrays.stream(text.tokenIds()).allMatch(tokenizer::hasToken),
              options + " gave " + Arrays.toString(text.tokenIds()));
        }
        anyWouldBe |=
            new Generator(bert.model(MegatronBertForCausalLM.class))
                .generate(List.of(new int[] {2, 5, 6}), options).stream()
                    .flatMapToInt(sequence -> Arrays.stream(sequence.tokenIds()))
                    .anyMatch(id -> id >= 12);
      }
      assertTrue(anyWouldBe, "without the tokenizer rows of padding are chosen");
    }
  }

  @Test
  void anAddedTokenWithoutARowIsRefusedOnlyWhereItIsUsed() throws IOException {
    try (MegaBert bert = open("MegatronBertForMaskedLM", words(ROWS), added("[NEW]", 105))) {
      FillMask fillMask = bert.fillMask();
      assertEquals(5, fillMask.apply("a [MASK] dog").masks().getFirst().candidates().size());
      Exception refused =
          assertThrows(IllegalArgumentException.class, () -> fillMask.apply("a [MASK] [NEW] dog"));
      assertEquals(
          "the text \"a [MASK] [NEW] dog\" has the token \"[NEW]\" of id 105, for which the model"
              + " has no row (vocab_size 99); leave that token out, or take the model that it was"
              + " added for",
          refused.getMessage());
      assertFalse(bert.featureExtraction().apply("a dog").encoding().tokens().isEmpty());
      assertThrows(
          IllegalArgumentException.class, () -> bert.featureExtraction().apply("a [NEW] dog"));
      // Texts in windows too.
      TextEmbedding embedding = bert.textEmbedding();
      assertEquals(64, embedding.apply("a dog").vector().length);
      Exception embedded =
          assertThrows(
              IllegalArgumentException.class,
              () -> embedding.apply("a dog ".repeat(100) + "[NEW]"));
      assertTrue(embedded.getMessage().contains("\"[NEW]\" of id 105"), embedded.getMessage());
    }
  }
}
