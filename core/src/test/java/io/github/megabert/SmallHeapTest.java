// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With 64 MB of heap, files made to fill it end in a sentence and not in an Error. */
class SmallHeapTest {
  private static final String SPECIAL = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

  @TempDir Path folder;

  @Test
  void everyReaderKeepsToTheHeapThereIs() throws Exception {
    write("brackets/config.json", "[".repeat(8 << 20), 1);
    write("values/config.json", "{\"a\":[", 1, "[],", 800_000, "0]}");
    write("text/config.json", "{\"a\":\"", 1, "y", 2_500_000, "\"}");
    for (String name : new String[] {"brackets", "values", "text"}) {
      Files.write(folder.resolve(name + "/model.safetensors"), header("{}"));
    }
    write("lines/vocab.txt", SPECIAL, 1, "\n", 2_500_000);
    write("token/vocab.txt", SPECIAL, 1, "y", 2_500_000);
    write("line/vocab.txt", SPECIAL, 1, "y", 27_000_000);
    try (BufferedWriter out = vocabulary("words")) {
      for (int i = 0; i < 500_000; i++) {
        out.write(Integer.toString(i, 36) + "\n");
      }
    }
    try (BufferedWriter out = vocabulary("tries")) {
      for (int i = 0; i < 2_000; i++) {
        out.write((char) (0x4e00 + i));
        out.write("x".repeat(990) + "\n");
      }
    }
    write("json/tokenizer.json", "{\"model\":{\"a\":[", 1, "{\"b\":[]},", 270_000, "0]}}");
    Files.createDirectories(folder.resolve("names"));
    StringBuilder names = new StringBuilder("{");
    for (int i = 0; i < 40_000; i++) {
      names
          .append(i == 0 ? "" : ",")
          .append("\"" + "n".repeat(60) + i + "\":{\"dtype\":\"F32\",\"shape\":[0],")
          .append("\"data_offsets\":[0,0]}");
    }
    Files.write(folder.resolve("names/model.safetensors"), header(names.append("}").toString()));
    write("names/config.json", "{}", 1);

    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                SmallHeapTest.class.getName(),
                folder.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    assertEquals(
        "brackets refused, json refused, line refused, lines refused, names read, text read,"
            + " token refused, tries refused, values refused, words refused",
        output.lines().toList().getLast(),
        output);
  }

  private BufferedWriter vocabulary(String name) throws IOException {
    Path file = folder.resolve(name + "/vocab.txt");
    Files.createDirectories(file.getParent());
    BufferedWriter out = Files.newBufferedWriter(file);
    out.write(SPECIAL);
    return out;
  }

  /** Writes texts, each so many times. */
  private void write(String name, Object... textsAndTimes) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (int i = 0; i < textsAndTimes.length; i += 2) {
        int times = i + 1 < textsAndTimes.length ? (Integer) textsAndTimes[i + 1] : 1;
        for (int n = 0; n < times; n++) {
          out.write((String) textsAndTimes[i]);
        }
      }
    }
  }

  private static byte[] header(String json) {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .array();
  }

  /** Opens each folder below the first argument; anything but a refusal ends the process. */
  public static void main(String[] arguments) throws IOException {
    List<String> outcomes = new ArrayList<>();
    List<Path> folders;
    try (Stream<Path> all = Files.list(Path.of(arguments[0]))) {
      folders = all.sorted().toList();
    }
    for (Path folder : folders) {
      try {
        if (Files.exists(folder.resolve("config.json"))) {
          Checkpoint.open(folder).close();
        } else {
          BertTokenizer.load(folder);
        }
        outcomes.add(folder.getFileName() + " read");
      } catch (IOException refusal) {
        System.out.println(refusal.getMessage());
        outcomes.add(folder.getFileName() + " refused");
      }
    }
    System.out.println(String.join(", ", outcomes));
  }
}
