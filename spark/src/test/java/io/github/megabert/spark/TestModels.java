// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Folders of small models, each with its tokenizer, as a machine of a cluster has them. */
final class TestModels {
  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
  private static final Path FIXTURES = PROJECT.resolve("core/src/test/resources/fixtures");
  private static final Path WORDS =
      PROJECT.resolve("demo-model/src/main/resources/io/github/megabert/demo/vocab.txt");
  private static final Path FEW_WORDS = PROJECT.resolve("docs/session/vocab.txt");

  /** A model of sentence-transformers. */
  static final Path SENTENCES = FIXTURES.resolve("sentence_transformers/mean");

  private TestModels() {}

  /** A model with the head for a pipeline of transformers, such as {@code token_classification}. */
  static Path pipeline(Path folder, String task) throws IOException {
    return copy(FIXTURES.resolve("pipelines").resolve(task), WORDS, folder.resolve(task));
  }

  /** A model that answers questions. */
  static Path answers(Path folder) throws IOException {
    Path from = FIXTURES.resolve("transformers/MegatronBertForQuestionAnswering");
    return copy(from, FEW_WORDS, folder.resolve("answers"));
  }

  private static Path copy(Path from, Path words, Path to) throws IOException {
    Files.createDirectory(to);
    for (String name : List.of("config.json", "model.safetensors")) {
      Files.copy(from.resolve(name), to.resolve(name));
    }
    Files.copy(words, to.resolve("vocab.txt"));
    return to;
  }
}
