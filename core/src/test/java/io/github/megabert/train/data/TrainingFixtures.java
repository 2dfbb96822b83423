// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reference files of training; one that is missing fails the test. */
public final class TrainingFixtures {
  private TrainingFixtures() {}

  /** A fixture's file. */
  public static Path file(String name) {
    URL url = TrainingFixtures.class.getResource("/fixtures/training/" + name);
    if (url == null) {
      throw new AssertionError("the fixture training/" + name + " is missing");
    }
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /** A fixture in JSON. */
  public static JsonNode json(String name) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(file(name)));
  }

  /** The prefix of a corpus that Megatron-LM wrote. */
  public static Path corpus(String name) {
    Path index = file("megatron_data/" + name + ".idx");
    return index.resolveSibling(name);
  }

  /** The tokenizer that the corpora were made with. */
  public static BertTokenizer tokenizer() throws IOException {
    Path vocabulary =
        Path.of("..", "demo-model", "src", "main", "resources", "io", "github", "megabert", "demo")
            .resolve("vocab.txt");
    return BertTokenizer.of(Files.readAllLines(vocabulary), TokenizerConfig.UNCASED);
  }
}
