// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The model that training begins with, and the tokenizer that is copied beside its result. */
sealed interface ModelFiles {
  /** What a tokenizer may consist of. */
  List<String> TOKENIZER_FILES =
      List.of(
          "vocab.txt",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json");

  /** Opens both. */
  Opened open() throws IOException;

  /** A model on the disk; its tokenizer is beside it unless one is named. */
  static ModelFiles at(Path model, @Nullable Path tokenizer) {
    return new OnDisk(model, tokenizer);
  }

  /** A model that is open. */
  static ModelFiles of(Checkpoint checkpoint, BertTokenizer tokenizer) {
    return new Open(checkpoint, tokenizer);
  }

  /** A model on the disk. */
  record OnDisk(Path model, @Nullable Path tokenizer) implements ModelFiles {
    @Override
    public Opened open() throws IOException {
      BertTokenizer words =
          tokenizer == null ? BertTokenizer.beside(model) : BertTokenizer.load(tokenizer);
      Path place = tokenizer == null ? model : tokenizer;
      if (!Files.isDirectory(place)) {
        return Opened.of(Checkpoint.open(model), true, words);
      }
      Map<String, Path> files = new LinkedHashMap<>();
      for (String name : TOKENIZER_FILES) {
        if (Files.isRegularFile(place.resolve(name))) {
          files.put(name, place.resolve(name));
        }
      }
      return new Opened(Checkpoint.open(model), true, words, files, null);
    }
  }

  /** A model that the caller opened and closes. */
  record Open(Checkpoint checkpoint, BertTokenizer tokenizer) implements ModelFiles {
    @Override
    public Opened open() throws IOException {
      return Opened.of(checkpoint, false, tokenizer);
    }
  }

  /**
   * An open model and its tokenizer.
   *
   * @param isOwned whether the checkpoint is closed with this
   * @param tokenizerFiles by the names that they get beside a saved model
   * @param temporary a folder that is removed with this, or null
   */
  record Opened(
      Checkpoint checkpoint,
      boolean isOwned,
      BertTokenizer tokenizer,
      Map<String, Path> tokenizerFiles,
      @Nullable Path temporary)
      implements AutoCloseable {

    /** With the tokenizer's files written into a temporary folder. */
    private static Opened of(Checkpoint checkpoint, boolean isOwned, BertTokenizer tokenizer)
        throws IOException {
      Path folder = Files.createTempDirectory("megabert-tokenizer");
      Map<String, Path> files = new LinkedHashMap<>();
      Opened opened = new Opened(checkpoint, isOwned, tokenizer, files, folder);
      try {
        tokenizer.save(folder);
        try (Stream<Path> written = Files.list(folder)) {
          written.forEach(file -> files.put(String.valueOf(file.getFileName()), file));
        }
        return opened;
      } catch (IOException | RuntimeException failure) {
        opened.close();
        throw failure;
      }
    }

    @Override
    public void close() throws IOException {
      if (isOwned) {
        checkpoint.close();
      }
      if (temporary != null) {
        try (Stream<Path> entries = Files.walk(temporary)) {
          for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
            Files.delete(entry);
          }
        }
      }
    }
  }
}
