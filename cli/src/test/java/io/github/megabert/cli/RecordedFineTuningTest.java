// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.Tape;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.Loss;
import io.github.megabert.model.MegatronBertForSequenceClassification;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.model.Regularization;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.model.TrainableParameters;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.EncodingOptions;
import io.github.megabert.tokenizer.Truncation;
import io.github.megabert.train.optim.AdamW;
import io.github.megabert.train.optim.AdamWOptions;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Sixty steps of fine-tuning the demo model on definitions of WordNet 3.0 go as PyTorch recorded
 * them with transformers 5.17: batches of 16, no dropout, AdamW with gradients clipped to 1.
 */
class RecordedFineTuningTest {
  private static final int STEPS = 60;
  private static final int BATCH = 16;
  private static final int MOST_TOKENS = 64;

  /** A text and the number of its class. */
  private record Example(String text, int label) {}

  private static Path resource(String name) throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(RecordedFineTuningTest.class.getResource("/lexname/" + name), name)
            .toURI());
  }

  private static List<Example> examples(String name, List<String> labels)
      throws IOException, URISyntaxException {
    List<Example> examples = new ArrayList<>();
    for (String line : Files.readAllLines(resource(name)).stream().skip(1).toList()) {
      String[] cells = line.split("\t", -1);
      int label = labels.indexOf(cells[0]);
      assertTrue(label >= 0, cells[0]);
      examples.add(new Example(cells[1], label));
    }
    return examples;
  }

  private static Batch batch(BertTokenizer tokenizer, List<Example> examples) {
    EncodingOptions options =
        EncodingOptions.DEFAULT.withTruncation(Truncation.LONGEST_FIRST, MOST_TOKENS);
    List<Encoding> encodings =
        examples.stream().map(example -> tokenizer.encode(example.text(), options)).toList();
    return Batch.of(encodings);
  }

  /** The demo model's tensors under a configuration with these labels. */
  private static Checkpoint withLabels(List<String> labels) throws IOException {
    Checkpoint demo = MegaBert.demoCheckpoint();
    Map<String, Object> config = new LinkedHashMap<>(demo.config());
    Map<String, String> names = new LinkedHashMap<>();
    for (int i = 0; i < labels.size(); i++) {
      names.put(String.valueOf(i), labels.get(i));
    }
    config.put("id2label", names);
    config.put("problem_type", "single_label_classification");
    return Checkpoint.of(config, demo);
  }

  /**
   * How near a run comes: bounds of relative errors.
   *
   * @param early of the loss in the first twenty steps
   * @param late of the loss after that
   * @param norm of the gradients' norm
   * @param logits of the logits after the last step, in the Euclidean norm
   */
  private record Bounds(double early, double late, double norm, double logits) {}

  @Test
  void sixtyStepsGoAsPyTorchRecordedThem() throws Exception {
    compare(Precision.F32, new Bounds(2e-4, 2e-3, 1e-2, 1e-2));
  }

  /** The recorded run was in float32. */
  @Test
  void sixtyStepsInBFloat16GoAlmostSo() throws Exception {
    compare(Precision.BF16, new Bounds(1e-3, 1e-3, 2e-2, 1e-2));
  }

  private static void compare(Precision precision, Bounds bounds) throws Exception {
    JsonNode expected;
    try (InputStream in = Files.newInputStream(resource("expected.json"))) {
      expected = JsonMapper.shared().readTree(in);
    }
    List<String> labels = new ArrayList<>();
    expected.get("labels").forEach(label -> labels.add(label.asString()));
    List<Example> training = examples("steps.tsv", labels);
    assertEquals(STEPS * BATCH, training.size());
    BertTokenizer tokenizer = MegaBert.demoTokenizer();
    LoadOptions options =
        LoadOptions.ofClass(ModelClass.SEQUENCE_CLASSIFICATION).withMissingHead(1);
    // The recorded learning rates are the factors of a peak of 1.
    AdamWOptions adam = AdamWOptions.DEFAULT.withLearningRate(1);
    try (Checkpoint checkpoint = withLabels(labels);
        Safetensors tensors = Safetensors.open(resource("tensors.safetensors"));
        Backend backend = Backends.open("vector", BackendOptions.DEFAULT.withPrecision(precision));
        TrainableModel model = TrainableModel.load(checkpoint, backend, options, spec -> false);
        AdamW optimizer = new AdamW(model.parameters(), adam)) {
      TrainableParameters.Parameter classifier = model.parameters().parameter("classifier.weight");
      model
          .parameters()
          .write(tensors.tensor("classifier.weight"), classifier, classifier.block().value());
      for (int step = 0; step < STEPS; step++) {
        List<Example> examples = training.subList(step * BATCH, (step + 1) * BATCH);
        JsonNode recorded = expected.get("steps").get(step);
        double loss = addGradients(model, backend, batch(tokenizer, examples), examples);
        double wanted = recorded.get("loss").asDouble();
        double bound = step < 20 ? bounds.early() : bounds.late();
        assertEquals(wanted, loss, bound * wanted, "loss of step " + step);
        try (Computation computation = backend.begin()) {
          double norm = optimizer.step(computation, recorded.get("lr").asDouble());
          double wantedNorm = recorded.get("grad_norm").asDouble();
          assertEquals(
              wantedNorm, norm, bounds.norm() * wantedNorm, "gradient norm of step " + step);
          computation.finish();
        }
      }
      assertLogits(
          bounds.logits(),
          tensors.tensor("validation_logits"),
          ((MegatronBertForSequenceClassification) model.model())
              .forward(
                  batch(tokenizer, examples("validation.tsv", labels)), null, OutputOptions.NONE)
              .logits());
    }
  }

  private static double addGradients(
      TrainableModel model, Backend backend, Batch batch, List<Example> examples) {
    int[] classes = examples.stream().mapToInt(Example::label).toArray();
    try (Tape tape = new Tape(backend.begin(), model.parameters(), false)) {
      model.parameters().clearGradients(tape);
      Loss loss =
          model.model().loss(tape, batch, new Labels.OfSequences(classes), Regularization.NONE);
      double value = loss.read(tape);
      loss.backward(tape, 1);
      tape.finish();
      return value;
    }
  }

  private static void assertLogits(double bound, Tensor expected, Tensor actual) {
    assertEquals(expected.shape(), actual.shape());
    double difference = 0;
    double norm = 0;
    for (long i = 0; i < expected.elements(); i++) {
      double d = (double) actual.getFloat(i) - expected.getFloat(i);
      difference += d * d;
      norm += (double) expected.getFloat(i) * expected.getFloat(i);
    }
    double error = Math.sqrt(difference / norm);
    assertTrue(error <= bound, "logits are off by " + error);
  }
}
