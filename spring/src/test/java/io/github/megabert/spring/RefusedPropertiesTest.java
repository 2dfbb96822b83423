// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** What an application hears that does not start: which property is at fault, and why. */
class RefusedPropertiesTest {
  private static final Path DENSE =
      Path.of("../core/src/test/resources/fixtures/sentence_transformers/mean_dense");

  @TempDir private Path folder;

  private final ApplicationContextRunner runner =
      MegaBertAutoConfigurationTest.starter()
          .withPropertyValues("megabert.backend=scalar", "megabert.warm-up=off");

  private static void assertRefused(
      ApplicationContextRunner application, String property, String why) {
    application.run(
        context -> {
          assertThat(context).hasFailed();
          InvalidConfigurationPropertyValueException refusal = find(context.getStartupFailure());
          assertThat(refusal.getName()).isEqualTo(property);
          assertThat(refusal.getReason()).contains(why);
        });
  }

  private static InvalidConfigurationPropertyValueException find(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof InvalidConfigurationPropertyValueException found) {
        return found;
      }
    }
    throw new AssertionError("no property is named", failure);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "megabert.threads|0|threads must be in 1",
        "megabert.device|-1|device must not be negative",
        "megabert.max-length|0|the greatest length must be positive",
        "megabert.token-budget|0|tokenBudget and readAhead must be at least 1",
        "megabert.backend|abacus|there are auto, scalar, ",
        "megabert.precision|int8|int8",
        "megabert.model|/no/such/model|/no/such/model",
        "megabert.model|nobody-who-is/nothing-that-is|fetches it, and so does megabert.pull=true",
        "megabert.tokenizer|/no/such/vocab.txt|there is no such file",
        "megabert.config|/no/such/config.json|there is no such file",
        "megabert.pull|true|only a model that is named ORGANIZATION/NAME can be fetched",
        "megabert.tasks|question-answering|the model can do fill-mask, ",
        "megabert.embedding.pooling|''|at least one is needed",
      })
  void aValueThatCannotBeIsRefusedByThePropertysName(String property, String value, String why) {
    assertRefused(runner.withPropertyValues(property + "=" + value), property, why);
  }

  @ParameterizedTest
  @CsvSource({"tokenizer,vocab.txt", "config,config.json"})
  void aFileThatIsMalformedIsRefusedByItsPropertysName(String property, String name)
      throws IOException {
    Path file = Files.writeString(folder.resolve(name), "[no such thing");
    assertRefused(
        runner.withPropertyValues("megabert." + property + "=" + file), "megabert." + property, "");
  }

  @Test
  void aModelsOwnFilesAreRefusedByTheModelsName() throws IOException {
    Path model = folder.resolve("model");
    copy(DENSE, model);
    Files.writeString(model.resolve("config.json"), "[no such thing");
    assertRefused(
        runner.withPropertyValues(
            "megabert.model=" + model, "megabert.tokenizer=" + DENSE.resolve("tokenizer.json")),
        "megabert.model",
        "config.json");
  }

  @Test
  void poolingIsToBlameWhereItIsNamedAndTheModelWhereNot() throws IOException {
    String why = "the model's Dense module takes vectors of 32 numbers, they have 64";
    assertRefused(
        runner.withPropertyValues("megabert.model=" + DENSE, "megabert.embedding.pooling=mean,max"),
        "megabert.embedding.pooling",
        why);
    Path model = folder.resolve("model");
    copy(DENSE, model);
    Files.writeString(
        model.resolve("1_Pooling/config.json"),
        "{\"word_embedding_dimension\": 32, \"pooling_mode_mean_tokens\": true,"
            + " \"pooling_mode_max_tokens\": true}");
    assertRefused(runner.withPropertyValues("megabert.model=" + model), "megabert.model", why);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "megabert.threads,many",
    "megabert.precision,f23",
    "megabert.warm-up,later",
    "megabert.tasks,cooking",
    "megabert.thraeds,2",
  })
  void whatCannotBeBoundIsNamed(String property, String value) {
    runner
        .withPropertyValues(property + "=" + value)
        .run(
            context -> {
              assertThat(context).hasFailed();
              assertThat(messages(context.getStartupFailure())).contains(property);
            });
  }

  @Test
  void systemPropertiesThatThereAreNotArePassedOver() {
    runner
        .withSystemProperties("megabert.thraeds=2")
        .run(context -> assertThat(context).hasNotFailed());
  }

  private static String messages(Throwable failure) {
    StringBuilder all = new StringBuilder();
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      all.append(cause.getMessage()).append('\n');
    }
    return all.toString();
  }

  /** What an application without a model says, with the demo model looked for in a folder. */
  private void assertAnalysis(Path demo, String description, String action) {
    runner
        .withSystemProperties("megabert.demo=" + demo)
        .run(
            context -> {
              assertThat(context).hasFailed();
              FailureAnalysis analysis =
                  new NoModelFailureAnalyzer().analyze(context.getStartupFailure());
              assertThat(analysis.getDescription()).startsWith(description);
              assertThat(analysis.getAction()).startsWith("Set megabert.model to").contains(action);
            });
  }

  @Test
  void withoutAModelTheAnalysisSaysWhatToSet() throws IOException {
    assertAnalysis(
        folder.resolve("nothing"),
        "MegaBERT cannot open a model: the property megabert.model is not set, and there is no"
            + " demo model.",
        "add the artifact megabert-demo-model");
    Files.writeString(folder.resolve("model.safetensors"), "cut");
    assertAnalysis(
        folder,
        "MegaBERT cannot open a model: the property megabert.model is not set, and the demo model"
            + " cannot be opened: the demo model",
        "renew the artifact megabert-demo-model");
  }
}
