// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** End tokens of the command line come before those of files. */
class GenerateCommandTest {
  private static final Path MODEL =
      Path.of("..", "core", "src", "test", "resources", "fixtures", "transformers", "generation");

  @TempDir Path folder;

  private List<Integer> generate(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("generate", "--model", folder.toString(), "--input-ids", "5,6,7", "--json"));
    arguments.addAll(List.of(more));
    Terminal terminal = Terminal.run(arguments.toArray(String[]::new));
    assertEquals(0, terminal.exitCode(), terminal.err());
    return JsonMapper.shared()
        .readTree(terminal.out())
        .get("results")
        .get(0)
        .get("token_ids")
        .valueStream()
        .map(JsonNode::intValue)
        .toList();
  }

  @Test
  void theCommandLineComesBeforeTheFileAndThatBeforeTheConfiguration() throws IOException {
    Files.copy(MODEL.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    Files.copy(MODEL.resolve("config.json"), folder.resolve("config.json"));
    // Ids beside the likeliest ones, so that nothing ends early.
    List<Integer> six = generate("--max-new-tokens", "6", "--eos-token-id", "0");
    assertEquals(9, six.size());
    int first = six.get(3);
    assertEquals(4, generate("--eos-token-id", "0," + first).size());
    Files.writeString(
        folder.resolve("generation_config.json"),
        "{\"max_new_tokens\": 5, \"eos_token_id\": [0, " + first + "]}");
    assertEquals(six.subList(0, 4), generate());
    assertEquals(six.subList(0, 8), generate("--eos-token-id", "0"));
    assertTrue(generate("--beams", "2", "--temperature", "0.5").size() > 3);
  }
}
