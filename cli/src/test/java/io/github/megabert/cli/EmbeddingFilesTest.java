// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** What a folder of sentence-transformers says decides how texts are embedded; options win. */
class EmbeddingFilesTest {
  private static final Path DEMO =
      Path.of("..", "demo-model", "src", "main", "resources", "io", "github", "megabert", "demo");
  private static final String MODULES =
      """
      [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
       {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
       {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
      """;
  private static final String TEXT = "a dog is a domesticated animal that likes to bark";

  @TempDir private static Path folder;

  @BeforeAll
  static void copyModel() throws IOException {
    for (String name :
        new String[] {"config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json"}) {
      Files.copy(DEMO.resolve(name), folder.resolve(name));
    }
    Files.createDirectories(folder.resolve("1_Pooling"));
    Files.createDirectories(folder.resolve("2_Normalize"));
  }

  private static void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private static String plain(String... options) {
    return embed(DEMO, options).out();
  }

  private static Terminal embed(Path model, String... options) {
    String[] arguments = new String[4 + options.length];
    arguments[0] = "embed";
    arguments[1] = "--model";
    arguments[2] = model.toString();
    System.arraycopy(options, 0, arguments, 3, options.length);
    arguments[3 + options.length] = TEXT;
    return Terminal.run(arguments);
  }

  @Test
  void theFilesDecideAndOptionsWinAndSaySo() throws IOException {
    write("modules.json", MODULES);
    write("1_Pooling/config.json", "{\"pooling_mode\": \"cls\"}");
    Terminal filed = embed(folder);
    assertEquals(plain("--pooling", "cls", "--normalize"), filed.out());
    Terminal other = embed(folder, "--pooling", "max", "--no-normalize");
    assertEquals(plain("--pooling", "max"), other.out());
    assertTrue(
        other.err().contains("--pooling max is used; the model's files say cls"), other.err());
    assertTrue(
        other.err().contains("--normalize false is used; the model's files say true"), other.err());
    // The older way to write it, and texts cut at so many tokens.
    write(
        "1_Pooling/config.json",
        "{\"pooling_mode_cls_token\": false, \"pooling_mode_mean_tokens\": true}");
    write("sentence_bert_config.json", "{\"max_seq_length\": 6, \"do_lower_case\": false}");
    assertEquals(plain("--normalize", "--truncate", "--max-length", "6"), embed(folder).out());
    Terminal longer = embed(folder, "--max-length", "200");
    assertEquals(plain("--normalize"), longer.out());
    assertTrue(longer.err().contains("--max-length 200 is used"), longer.err());

    write("generation_config.json", "{\"max_new_tokens\": 7}");
    Path converted = folder.resolve("converted");
    Terminal conversion = Terminal.run("convert", folder.toString(), converted.toString());
    assertEquals(0, conversion.exitCode(), conversion.err());
    assertEquals(embed(folder).out(), embed(converted).out());
    assertEquals(
        JsonMapper.shared().readTree(MODULES),
        JsonMapper.shared().readTree(Files.readString(converted.resolve("modules.json"))));

    assertEquals(
        "{\"max_new_tokens\": 7}", Files.readString(converted.resolve("generation_config.json")));

    write("1_Pooling/config.json", "{\"pooling_mode\": \"attention\"}");
    Terminal unknown = embed(folder);
    assertEquals(1, unknown.exitCode());
    assertTrue(unknown.err().contains("asks for the pooling attention"), unknown.err());
    assertEquals(0, embed(folder, "--pooling", "mean").exitCode());
    write("modules.json", MODULES.replace("Normalize\"", "LSTM\""));
    write("1_Pooling/config.json", "{\"pooling_mode\": \"mean\"}");
    assertTrue(embed(folder).err().contains("modules.json has the module LSTM"));
  }
}
