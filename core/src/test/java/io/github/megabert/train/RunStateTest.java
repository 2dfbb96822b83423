// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run goes on from what it wrote to the bit, and not from anything else. */
class RunStateTest {
  private static final RunState STATE =
      new RunState(
          12, 40, 38, 20, Map.of("loss", Math.nextUp(0.625)), 1, -0.0, 1L << 40, "3f0c-7a");

  @TempDir Path folder;
  private Path file;

  private String refusal() {
    return String.valueOf(assertThrows(IOException.class, () -> RunState.read(file)).getMessage());
  }

  @Test
  void everyBitComesBack() throws IOException {
    file = folder.resolve("state.json");
    for (double value : new double[] {Double.NaN, -0.0, Double.MIN_VALUE, Math.nextUp(0.1)}) {
      RunState state = new RunState(0, 1, 1, 1, Map.of("f1", value), 0, value, 7, "f");
      state.write(file);
      assertEquals(state, RunState.read(file));
    }
    STATE.write(file);
    assertEquals(STATE, RunState.read(file));
  }

  @Test
  void aRunThatBeganBeforeThereWereOthersToGoOnFromHasBegunAtItsFirstStep() throws IOException {
    file = folder.resolve("state.json");
    STATE.write(file);
    String json = Files.readString(file);
    assertTrue(json.contains("\"first_step\":12,"), json);
    Files.writeString(file, json.replace("\"first_step\":12,", ""));
    assertEquals(0, RunState.read(file).firstStep());
    assertEquals(40, RunState.read(file).step());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"step\":40 | \"step\":-1 | \"step\" is -1 where a number from 0 on is expected",
        "\"step\":40 | \"step\":{} | \"step\" is {} where a number from 0 on is expected",
        "\"step\":40 | \"step\":5000000000 "
            + "| \"step\" is 5000000000 where a number from 0 on is expected",
        "\"step\":40 | \"stop\":40 | \"step\" is missing where a number from 0 on is expected",
        "\"updates\":38 | \"updates\":-38 "
            + "| \"updates\" is -38 where a number from 0 on is expected",
        "\"tokens\":1099511627776 | \"tokens\":1.5 "
            + "| \"tokens\" is 1.5 where a whole number of 64 bits is expected",
        "\"loss\":4603804719079489537 | \"loss\":0.625 "
            + "| \"loss\" is 0.625 where a whole number of 64 bits is expected",
        "\"best_metrics_bits\":{ | \"best_metrics_bits\":7, \"x\":{ "
            + "| \"best_metrics_bits\" is 7 where an object of metrics is expected",
        "\"fingerprint\":\"3f0c-7a\" | \"fingerprint\":[] "
            + "| \"fingerprint\" is [] where a text is expected",
      })
  void aFieldThatIsWrongIsNamed(String found, String other, String expected) throws IOException {
    file = folder.resolve("state.json");
    STATE.write(file);
    String json = Files.readString(file);
    assertTrue(json.contains(found), json);
    Files.writeString(file, json.replace(found, other));
    assertEquals(file + " is damaged: " + expected, refusal());
  }

  @Test
  @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void whatIsNoStateIsRefused() throws Exception {
    file = folder.resolve("state.json");
    Files.writeString(file, "[]");
    assertEquals(file + " is damaged: it holds no JSON object", refusal());
    Files.writeString(file, "{\"step\": 4");
    assertEquals(file + " is damaged near byte", refusal().replaceAll(" byte .*", " byte"));
    Files.delete(file);
    assertEquals(0, new ProcessBuilder("mkfifo", file.toString()).start().waitFor());
    assertEquals(
        file + " is a pipe or a device where a file was expected; copy its content into a file",
        refusal());
  }
}
