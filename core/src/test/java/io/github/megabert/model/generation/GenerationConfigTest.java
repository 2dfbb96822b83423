// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.model.Fixtures;
import io.github.megabert.model.MegatronBertForCausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** End tokens and settings of a model's files, and beams that are drawn. */
class GenerationConfigTest {
  private static final int[] PROMPT = {5, 6, 7};

  @TempDir Path folder;

  private void copyModel(String eosTokenId) throws IOException {
    Path model = Fixtures.folder("transformers/generation");
    Files.copy(model.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    ObjectNode config =
        (ObjectNode) JsonMapper.shared().readTree(Files.readString(model.resolve("config.json")));
    config.set("eos_token_id", JsonMapper.shared().readTree(eosTokenId));
    Files.writeString(folder.resolve("config.json"), config.toString());
  }

  @Test
  void settingsAreReadUnderTheNamesOfTransformers() throws IOException {
    assertEquals(GenerationOptions.DEFAULT, GenerationConfig.EMPTY.options().build());
    Files.writeString(
        folder.resolve("generation_config.json"),
        """
        {"max_new_tokens": 33, "min_new_tokens": 2, "num_beams": 3, "num_return_sequences": 2,
         "length_penalty": 0.5, "early_stopping": "never", "do_sample": true, "temperature": 0.7,
         "top_k": 9, "top_p": 0.8, "min_p": 0.1, "repetition_penalty": 1.2,
         "no_repeat_ngram_size": 4, "eos_token_id": [2, 8], "pad_token_id": 0}
        """);
    GenerationOptions options = GenerationConfig.of(folder).options().build();
    assertEquals(33, options.maxNewTokens());
    assertEquals(2, options.minNewTokens());
    assertEquals(3, options.beams());
    assertEquals(2, options.returnSequences());
    assertEquals(0.5, options.lengthPenalty());
    assertEquals(GenerationOptions.EarlyStopping.NEVER, options.earlyStopping());
    assertTrue(options.sample());
    assertEquals(0.7, options.temperature());
    assertEquals(9, options.topK());
    assertEquals(0.8, options.topP());
    assertEquals(0.1, options.minP());
    assertEquals(1.2, options.repetitionPenalty());
    assertEquals(4, options.noRepeatNgramSize());
    assertEquals(Set.of(2, 8), options.endTokens());
    Files.writeString(folder.resolve("generation_config.json"), "{\"num_beams\": \"four\"}");
    GenerationConfig wrong = GenerationConfig.of(folder);
    Exception refusal = assertThrows(IllegalArgumentException.class, wrong::options);
    assertTrue(refusal.getMessage().contains("\"num_beams\" is \"four\""), refusal.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "max_new_tokens | 0 | a whole number from 1 on",
        "max_new_tokens | 5000000000 | a whole number from 1 on",
        "min_new_tokens | -1 | a whole number from 0 on",
        "num_beams | 1000000000 | a whole number from 1 to 4096",
        "num_return_sequences | {} | a whole number from 1 to 4096",
        "repetition_penalty | 1e400 | a positive number",
        "do_sample | \"yes\" | true or false",
        "eos_token_id | [[]] | a token id or a list of them",
      })
  void aSettingOutOfItsRangeIsNamedWithItsFile(String name, String value, String expected)
      throws IOException {
    Path file = folder.resolve("generation_config.json");
    Files.writeString(file, "{\"" + name + "\": " + value + "}");
    GenerationConfig config = GenerationConfig.of(folder);
    String message = assertThrows(IllegalArgumentException.class, config::options).getMessage();
    assertTrue(message.startsWith(file + ": \"" + name + "\" is "), message);
    assertTrue(message.endsWith(" where " + expected + " is expected"), message);
  }

  @Test
  void whatContradictsTheFileIsToldWithIt() throws IOException {
    Path file = folder.resolve("generation_config.json");
    Files.writeString(file, "{\"num_return_sequences\": 3}");
    GenerationConfig several = GenerationConfig.of(folder);
    assertEquals(
        file
            + ": \"num_return_sequences\" is 3, which needs as many beams, or sampling; the beams"
            + " are 2",
        refusal(several.options(false, 2)));
    assertEquals(3, several.options(false, 4).build().returnSequences());
    assertEquals(3, several.options(true, 0).build().returnSequences());
    assertEquals(2, several.options(false, 2).returnSequences(2).build().returnSequences());
    String own = refusal(several.options(false, 2).returnSequences(4));
    assertEquals("4 results need as many beams, or sampling; there are 2 beams", own);

    Files.writeString(file, "{\"min_new_tokens\": 30}");
    GenerationConfig least = GenerationConfig.of(folder);
    String message = refusal(least.options());
    assertTrue(message.startsWith(file + ": at least 30 and at most 20 new tokens"), message);
    assertEquals(40, least.options().maxNewTokens(40).build().maxNewTokens());
    assertTrue(refusal(GenerationConfig.EMPTY.options().minNewTokens(30)).startsWith("minNew"));
  }

  private static String refusal(GenerationOptions.Builder builder) {
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, builder::build).getMessage());
  }

  /** As transformers, which warns of them; files that were saved with such settings are common. */
  @Test
  void settingsThatCannotTakeEffectAreLeftOut() throws IOException {
    for (String json :
        new String[] {
          "{\"do_sample\": false, \"temperature\": 0.7, \"top_k\": 9, \"top_p\": 0.5, \"min_p\": 0.1}",
          "{\"temperature\": 0.0, \"top_p\": 0}",
          "{\"num_beams\": 1, \"length_penalty\": 2.0, \"early_stopping\": true}",
          "{\"length_penalty\": 0.5, \"early_stopping\": \"never\"}"
        }) {
      Files.writeString(folder.resolve("generation_config.json"), json);
      assertEquals(
          GenerationOptions.DEFAULT.toString(),
          dropped(GenerationConfig.of(folder).options()),
          json);
    }
    Files.writeString(
        folder.resolve("generation_config.json"),
        "{\"do_sample\": false, \"temperature\": 0.7, \"num_beams\": 4, \"length_penalty\": 2.0}");
    GenerationConfig both = GenerationConfig.of(folder);
    GenerationOptions searched = both.options().build();
    assertEquals(2, searched.lengthPenalty());
    assertEquals(1, searched.temperature());
    // The caller's choice comes first, and what it makes useless is left out then as well.
    GenerationOptions drawn = both.options(true, 1).build();
    assertEquals(0.7, drawn.temperature());
    assertEquals(1, drawn.lengthPenalty());
  }

  private static String dropped(GenerationOptions.Builder builder) {
    return builder
        .stopCondition(GenerationOptions.DEFAULT.stopCondition())
        .listener(GenerationOptions.DEFAULT.listener())
        .build()
        .toString();
  }

  @Test
  void theFileOfGenerationComesBeforeTheModelsConfiguration() throws IOException {
    copyModel("[4, 9]");
    try (MegaBert bert = MegaBert.load(folder)) {
      assertEquals(Set.of(4, 9), bert.generationOptions().build().endTokens());
    }
    Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": 8}");
    try (MegaBert bert = MegaBert.load(folder)) {
      assertEquals(Set.of(8), bert.generationOptions().build().endTokens());
    }
  }

  @Test
  void anyOfSeveralEndTokensEndsAText() throws IOException {
    copyModel("2");
    try (MegaBert bert = MegaBert.load(folder)) {
      Generator generator = new Generator(bert.model(MegatronBertForCausalLM.class));
      GenerationOptions.Builder options = GenerationOptions.builder().maxNewTokens(6);
      int first = generator.generate(List.of(PROMPT), options.build()).getFirst().tokenIds()[3];
      int other = first == 0 ? 1 : 0;
      GeneratedSequence ended =
          generator
              .generate(List.of(PROMPT), options.endTokens(Set.of(other, first)).build())
              .getFirst();
      assertArrayEquals(new int[] {5, 6, 7, first}, ended.tokenIds());
      assertEquals(GeneratedSequence.Reason.END_TOKEN, ended.reason());
    }
  }

  @Test
  void drawnBeamsAreThoseOfBeamSearchInTheColdAndFollowTheirSeed() throws IOException {
    copyModel("2");
    try (MegaBert bert = MegaBert.load(folder)) {
      Generator generator = new Generator(bert.model(MegatronBertForCausalLM.class));
      GenerationOptions.Builder options =
          GenerationOptions.builder().maxNewTokens(8).beams(3).endTokens(Set.of(2));
      int[] searched = generator.generate(List.of(PROMPT), options.build()).getFirst().tokenIds();
      options.sample(true).topK(0);
      int[] cold =
          generator
              .generate(List.of(PROMPT), options.temperature(1e-5).build())
              .getFirst()
              .tokenIds();
      assertArrayEquals(searched, cold);
      options.temperature(3);
      long different =
          LongStream.range(0, 20)
              .mapToObj(
                  seed -> {
                    GenerationOptions drawn = options.seed(seed).build();
                    int[] once = generator.generate(List.of(PROMPT), drawn).getFirst().tokenIds();
                    assertArrayEquals(
                        once, generator.generate(List.of(PROMPT), drawn).getFirst().tokenIds());
                    return Arrays.stream(once).boxed().toList();
                  })
              .distinct()
              .count();
      assertTrue(different > 5, different + " different results of 20");
    }
  }
}
