package io.github.megabert.train;

import io.github.megabert.input.InputFile;
import io.github.megabert.json.JsonMap;
import io.github.megabert.json.JsonText;
import io.github.megabert.json.JsonTree;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where a run stands, beside its parameters and moments: {@code state.json} of a checkpoint.
 *
 * @param step steps done
 * @param updates of the optimizer
 * @param bestStep the step of the best evaluation, or 0 if there was none
 * @param bestValue its value
 * @param evaluationsSinceBest evaluations after it
 * @param lossSum of all steps
 * @param tokens trained on
 * @param fingerprint of options and data, which must be those of the run that goes on
 */
record RunState(
    int step,
    long updates,
    int bestStep,
    double bestValue,
    int evaluationsSinceBest,
    double lossSum,
    long tokens,
    String fingerprint) {

  void write(Path file) throws IOException {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("step", step);
    json.put("updates", updates);
    json.put("best_step", bestStep);
    json.put("best_value_bits", Double.doubleToLongBits(bestValue));
    json.put("evaluations_since_best", evaluationsSinceBest);
    json.put("loss_sum_bits", Double.doubleToLongBits(lossSum));
    json.put("tokens", tokens);
    json.put("fingerprint", fingerprint);
    Files.writeString(
        file, JsonText.compact(JsonMap.toObject(json)) + "\n", StandardCharsets.UTF_8);
  }

  /** Bytes of a state's file, at most. */
  private static final long LARGEST = 1 << 20;

  static RunState read(Path file) throws IOException {
    try (InputStream in = InputFile.stream(file, LARGEST)) {
      if (JsonTree.read(in, file.toString(), LARGEST) instanceof ObjectNode json) {
        return new RunState(
            json.path("step").asInt(),
            json.path("updates").asLong(),
            json.path("best_step").asInt(),
            Double.longBitsToDouble(json.path("best_value_bits").asLong()),
            json.path("evaluations_since_best").asInt(),
            Double.longBitsToDouble(json.path("loss_sum_bits").asLong()),
            json.path("tokens").asLong(),
            json.path("fingerprint").asString());
      }
    } catch (JacksonException malformed) {
      throw new IOException(file + " is damaged" + JsonTree.reason(malformed), malformed);
    }
    throw new IOException(file + " is damaged: it holds no JSON object");
  }
}
