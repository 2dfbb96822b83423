// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** What preprocess and samples write is what Megatron-LM's own code wrote. */
class CorpusCommandsTest {
  private static final Path MEGATRON =
      Path.of("..", "core", "src", "test", "resources", "fixtures", "training", "megatron_data");
  private static final List<String> PADDED =
      List.of("text", "types", "labels", "padding_mask", "loss_mask", "is_random", "truncated");

  @TempDir private Path folder;

  private static JsonNode json(String name) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(MEGATRON.resolve(name)));
  }

  private static Terminal succeed(String... arguments) {
    Terminal terminal = Terminal.run(arguments);
    assertEquals(0, terminal.exitCode(), terminal.err());
    return terminal;
  }

  /** The recorded documents, in lines or as lists of sentences. */
  private Path texts(String name, int count) throws IOException {
    boolean isJson = name.endsWith(".jsonl");
    JsonNode documents = json("documents.json");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      if (isJson) {
        ArrayNode sentences = JsonNodeFactory.instance.arrayNode();
        documents.get(i).forEach(sentences::add);
        text.append(JsonNodeFactory.instance.objectNode().set("body", sentences)).append('\n');
      } else {
        documents.get(i).forEach(line -> text.append(line.asString()).append("\r\n"));
        text.append('\n');
      }
    }
    return Files.writeString(folder.resolve(name), text);
  }

  private static void assertSame(Path written, String recorded) throws IOException {
    for (String suffix : new String[] {".bin", ".idx"}) {
      assertArrayEquals(
          Files.readAllBytes(MEGATRON.resolve(recorded + suffix)),
          Files.readAllBytes(written.resolveSibling(written.getFileName() + suffix)),
          suffix);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void textsBecomeMegatronLmsFiles(int workers) throws IOException {
    Path output = folder.resolve("corpus");
    Terminal terminal =
        succeed(
            "preprocess",
            "--input",
            texts("documents.txt", 70).toString(),
            "--workers",
            String.valueOf(workers),
            "--output",
            output.toString(),
            "--json");
    JsonNode told = JsonMapper.shared().readTree(terminal.out());
    assertEquals(70, told.get("documents").asInt());
    assertEquals(389, told.get("sequences").asInt());
    assertEquals(6321, told.get("tokens").asInt());
    assertEquals("uint16", told.get("dtype").asString());
    assertSame(output, "text_sentence");
  }

  @Test
  void jsonIsReadByItsKeyAndWrittenInTheTypeAskedFor() throws IOException {
    Path output = folder.resolve("corpus");
    succeed(
        "preprocess",
        "--input",
        texts("documents.jsonl", 9).toString(),
        "--json-key",
        "body",
        "--dtype",
        "int32",
        "--output",
        output.toString());
    assertSame(output, "text_int32");
  }

  @Test
  void severalInputsAndMergedCorporaAreOneCorpus() throws IOException {
    String text = texts("nine.txt", 9).toString();
    Path twice = folder.resolve("twice");
    succeed("preprocess", "--input", text, text, "--output", twice.toString());
    Path once = folder.resolve("once");
    succeed("preprocess", "--input", text, "--output", once.toString());
    Path merged = folder.resolve("merged");
    succeed(
        "preprocess", "--merge", once.toString(), once.toString(), "--output", merged.toString());
    for (String suffix : new String[] {".bin", ".idx"}) {
      assertArrayEquals(
          Files.readAllBytes(folder.resolve("twice" + suffix)),
          Files.readAllBytes(folder.resolve("merged" + suffix)));
    }
  }

  @Test
  void sentencesAreFoundWhereverLinesBreak() throws IOException {
    Path text =
        Files.writeString(
            folder.resolve("broken.txt"),
            "A dog barks. It\nis an animal! Is it?\n\n\n \nAnother document.\n");
    Terminal terminal =
        succeed(
            "preprocess",
            "--input",
            text.toString(),
            "--split-sentences",
            "--output",
            folder.resolve("broken").toString());
    assertTrue(terminal.err().contains("2 documents, 4 sequences"), terminal.err());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 9, 11})
  void samplesEqualMegatronLms(int number) throws IOException {
    JsonNode options = json("cases.json").get(number);
    Path output = folder.resolve("samples.safetensors");
    List<String> line =
        new ArrayList<>(
            List.of(
                "samples",
                "--data",
                MEGATRON.resolve("text_sentence").toString(),
                "--output",
                output.toString(),
                "--documents",
                options.get("documents").get(0) + ":" + options.get("documents").get(1),
                "--seed",
                options.get("seed").toString(),
                "--num-samples",
                options.get("num_samples").toString(),
                "--seq-length",
                options.get("sequence_length").toString(),
                "--count",
                options.get("recorded").toString(),
                "--masking-probability",
                options.get("masking_probability").toString(),
                "--short-sequence-probability",
                options.get("short_sequence_probability").toString(),
                "--max-ngram",
                options.get("masking_max_ngram").toString(),
                "--objective",
                options.get("classification_head").asBoolean() ? "mlm+sop" : "mlm"));
    if (!options.get("masking_do_full_word").asBoolean()) {
      line.add("--no-whole-word");
    }
    if (options.get("masking_use_longer_ngrams").asBoolean()) {
      line.add("--longer-ngrams");
    }
    if (options.get("masking_use_geometric_distribution").asBoolean()) {
      line.add("--geometric");
    }
    succeed(line.toArray(String[]::new));
    try (Safetensors expected = Safetensors.open(MEGATRON.resolve("samples.safetensors"));
        Safetensors written = Safetensors.open(output)) {
      String prefix = "case" + number + ".";
      assertArrayEquals(
          longs(expected.tensor(prefix + "sample_index")), longs(written.tensor("sample_index")));
      for (String name : PADDED) {
        Tensor tensor = expected.tensor(prefix + name);
        assertEquals(tensor.shape(), written.shape(name), name);
        assertArrayEquals(tensor.toIntArray(), written.tensor(name).toIntArray(), name);
      }
    }
  }

  private static long[] longs(Tensor tensor) {
    return LongStream.range(0, tensor.elements()).map(tensor::getLong).toArray();
  }

  @Test
  void weightsBlendCorpora() throws IOException {
    Path output = folder.resolve("samples.safetensors");
    succeed(
        "samples",
        "--data",
        "0.7",
        MEGATRON.resolve("text_sentence").toString(),
        "0.3",
        MEGATRON.resolve("text_int32").toString(),
        "--num-samples",
        "20",
        "--seq-length",
        "64",
        "--output",
        output.toString());
    try (Safetensors written = Safetensors.open(output)) {
      assertArrayEquals(
          new long[] {0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0},
          longs(written.tensor("dataset_index")));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "samples --data $M/text_int32 --output $T/x --documents 0:10 | has 9 documents",
        "samples --data $M/text_int32 --output $T/x --documents 3:3 | 3 to 3 are none",
        "samples --data $M/text_int32 --output $T/x --documents a:3 | \"a:3\" is no range",
        "samples --data $M/text_int32 --output $T/x --seq-length 4 | the sequence length is 4",
        "samples --data 0 $M/text_int32 --output $T/x | the weight of a corpus must be above 0",
        "samples --data 1 $M/text_int32 --output $T/x | weighted corpora have no epoch",
        "samples --data $M/text_int32 --output $T/x --split 1 --part test | no document",
        "samples --data $M/text_int32 --output $T/x --objective clm | clm has no masked samples",
        "samples --data $M/text_int32 --output $T/x --vocab ../docs/session/vocab.txt | the vocabulary has",
        "preprocess --input none.txt --output $T/x | there is no file none.txt",
        "preprocess --input pom.xml none.txt --output $T/x | there is no file none.txt",
        "preprocess --input pom.xml --output $T/no/x | no/x.bin cannot be written: there is no folder",
        "preprocess --input none.txt --merge x --output $T/x | either --input or --merge",
        "preprocess --merge $M/text_int32 --append-eod --output $T/x | --append-eod",
        "preprocess --merge $M/text_int32 $M/text_sentence --output $T/x | stores tokens as uint16",
        "preprocess --input none.txt --dtype uint8 --output $T/x | holds ids up to 255",
        "preprocess --input none.txt --json-key a --output $T/x | --json-key is for files in JSON",
        "preprocess --output $T/x | either --input or --merge",
        "preprocess --input pom.xml --output= | --output is empty"
      })
  void faultsAreSentences(String line, String sentence) {
    Terminal terminal =
        Terminal.run(
            line.replace("$M", MEGATRON.toString()).replace("$T", folder.toString()).split(" "));
    assertTrue(terminal.exitCode() > 0, line);
    assertTrue(terminal.err().contains(sentence), terminal.err());
    assertEquals(
        1, terminal.err().lines().filter(said -> !said.contains(" see ")).count(), terminal.err());
  }

  @Test
  void aCorpusWithoutTwoSentencesIsRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("one.txt"), "A dog barks.\n\nA cat sleeps.\n");
    Path corpus = folder.resolve("one");
    succeed("preprocess", "--input", text.toString(), "--output", corpus.toString());
    Terminal terminal =
        Terminal.run(
            "samples", "--data", corpus.toString(), "--output", folder.resolve("x").toString());
    assertEquals(1, terminal.exitCode());
    assertTrue(
        terminal
            .err()
            .contains(
                "gives no sample: of 2 documents 2 have fewer than 2 sentences, and 0 have one of"
                    + " more than 512 tokens; were the texts split into sentences?"),
        terminal.err());
    succeed(
        "samples",
        "--objective",
        "mlm",
        "--data",
        corpus.toString(),
        "--output",
        folder.resolve("x").toString());
  }

  @Test
  void documentsThatGiveNoSampleAreCounted() throws IOException {
    Path text =
        Files.writeString(
            folder.resolve("few.jsonl"),
            """
            {"text": "A dog barks.\\nIt runs."}
            {"text": "One sentence."}
            {"text": ""}
            {"text": "%s\\nA cat."}
            """
                .formatted("long ".repeat(513)));
    Path corpus = folder.resolve("few");
    succeed("preprocess", "--input", text.toString(), "--output", corpus.toString());
    Path output = folder.resolve("samples");
    Terminal terminal =
        succeed(
            "samples",
            "--num-samples",
            "3",
            "--data",
            corpus.toString(),
            "--output",
            output.toString());
    assertTrue(
        terminal
            .err()
            .contains(
                "documents that give no sample: 1 empty, 1 of one sentence, 1 with a sentence of"
                    + " more than 512 tokens"),
        terminal.err());
    assertTrue(terminal.err().contains("3 of 3 samples written"), terminal.err());
  }
}
