// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointConverter;
import io.github.megabert.checkpoint.Fixtures;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written and read is the same where a country has digits or letters of its own. */
class OtherDigitsTest {
  private final Locale usual = Locale.getDefault();

  @TempDir Path folder;
  private Path checkpoint;

  @BeforeEach
  void find() {
    checkpoint = Fixtures.transformers("MegatronBertModel");
  }

  @AfterEach
  void restore() {
    Locale.setDefault(usual);
  }

  @ParameterizedTest
  @ValueSource(strings = {"fa-IR", "ar-EG-u-nu-arab", "tr-TR", "th-TH-u-nu-thai"})
  void writersAndReadersKeepToOne(String tag) throws IOException {
    Path usually = folder.resolve("usual");
    write(usually);
    Locale.setDefault(Locale.forLanguageTag(tag));
    if (!tag.startsWith("tr")) {
      assertNotEquals("7", String.format(Locale.getDefault(), "%d", 7));
    }
    Path here = folder.resolve("here");
    write(here);
    List<String> files = files(usually);
    assertEquals(files, files(here));
    for (String file : files) {
      assertArrayEquals(
          Files.readAllBytes(usually.resolve(file)), Files.readAllBytes(here.resolve(file)), file);
    }

    Path run = here.resolve("megatron");
    Files.move(run.resolve("release"), run.resolve("iter_0000100"));
    Files.writeString(run.resolve("latest_checkpointed_iteration.txt"), "100");
    try (Checkpoint read = Checkpoint.open(run);
        Checkpoint original = Checkpoint.open(checkpoint)) {
      assertEquals(original.names().size(), read.names().size());
    }
    BertTokenizer tokenizer = BertTokenizer.load(here.resolve("tokenizer"));
    assertArrayEquals(new int[] {2, 5, 1, 6, 3}, tokenizer.encode("TITI ıı 12").ids());
  }

  private void write(Path to) throws IOException {
    Files.createDirectories(to);
    try (Checkpoint input = Checkpoint.open(checkpoint)) {
      new CheckpointConverter(input).toMegatron(to.resolve("megatron"), 1, 2);
      new CheckpointConverter(input).toHuggingFace(to.resolve("huggingface"));
    }
    BertTokenizer.of(
            List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "titi", "12"),
            TokenizerConfig.builder().modelMaxLength(512).build())
        .save(to.resolve("tokenizer"));
  }

  private static List<String> files(Path root) throws IOException {
    try (Stream<Path> walk = Files.walk(root)) {
      return walk.filter(Files::isRegularFile)
          .map(file -> root.relativize(file).toString())
          .sorted()
          .toList();
    }
  }
}
