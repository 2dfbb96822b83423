// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.megabert.MegaBert;
import io.github.megabert.Task;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.micrometer.MegaBertMetrics;
import io.github.megabert.task.LongText;
import io.github.megabert.task.Pooling;
import io.github.megabert.task.TextEmbedding;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** What there is in an application's context, on the demo model by the scalar backend. */
class MegaBertAutoConfigurationTest {
  @TempDir private Path folder;

  private final ApplicationContextRunner bare =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  MegaBertAutoConfiguration.class,
                  MegaBertEmbeddingAutoConfiguration.class,
                  MegaBertHealthAutoConfiguration.class,
                  MegaBertMetricsAutoConfiguration.class));

  private final ApplicationContextRunner runner =
      bare.withPropertyValues("megabert.backend=scalar", "megabert.warm-up=off");

  private static MegaBert demo() {
    try {
      return MegaBert.builder().backend(Backends.SCALAR).demo();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theModelIsABeanThatTheContextCloses() {
    AtomicReference<MegaBert> opened = new AtomicReference<>();
    runner.run(
        context -> {
          MegaBert bert = context.getBean(MegaBert.class);
          assertThat(bert.backend().name()).isEqualTo("scalar");
          assertThat(bert.fillMask().best("a dog is a [MASK].", 5)).hasSize(5);
          opened.set(bert);
        });
    assertThatThrownBy(() -> opened.get().fillMask())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageEndingWith("is closed");
  }

  @Test
  void propertiesAreBoundAndUsed() {
    bare.withPropertyValues(
            "megabert.backend=vector",
            "megabert.precision=bf16",
            "megabert.threads=1",
            "megabert.max-length=17",
            "megabert.token-budget=100",
            "megabert.warm-up=off",
            "megabert.tasks=fill-mask,text-embedding",
            "megabert.embedding.pooling=cls,mean",
            "megabert.embedding.normalize=false",
            "megabert.embedding.long-text=truncate",
            "megabert.embedding.prompt=query: ")
        .run(
            context -> {
              MegaBertProperties properties = context.getBean(MegaBertProperties.class);
              assertThat(properties.tokenBudget()).isEqualTo(100);
              assertThat(properties.packing()).isTrue();
              assertThat(properties.tasks())
                  .containsExactlyInAnyOrder(Task.FILL_MASK, Task.TEXT_EMBEDDING);
              MegaBert bert = context.getBean(MegaBert.class);
              assertThat(bert.backend().name()).isEqualTo("vector");
              assertThat(bert.backend().device()).containsPattern(", 1 thread\\b");
              assertThat(bert.backend().precision()).isEqualTo(Precision.BF16);
              assertThat(bert.maxLength()).isEqualTo(17);
              EmbeddingModel model = context.getBean(EmbeddingModel.class);
              assertThat(model.dimensions()).isEqualTo(2 * bert.config().hiddenSize());
              TextEmbedding.Options options =
                  TextEmbedding.Options.DEFAULT
                      .withPooling(Pooling.CLS, Pooling.MEAN)
                      .withLongText(LongText.TRUNCATE)
                      .withPrompt("query: ");
              assertThat(model.embed("a dog"))
                  .containsExactly(bert.textEmbedding().apply("a dog", options).vector());
            });
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
        "megabert.model|nobody-who-is/nothing-that-is|megabert.pull=true fetches it",
        "megabert.tokenizer|/no/such/vocab.txt|there is no such file",
        "megabert.config|/no/such/config.json|there is no such file",
        "megabert.pull|true|only a model that is named ORGANIZATION/NAME can be fetched",
        "megabert.tasks|question-answering|the model can do fill-mask, ",
        "megabert.embedding.pooling|''|at least one is needed",
      })
  void aValueThatCannotBeIsRefusedByThePropertysName(String property, String value, String why) {
    runner
        .withPropertyValues(property + "=" + value)
        .run(
            context -> {
              assertThat(context).hasFailed();
              InvalidConfigurationPropertyValueException refusal =
                  find(context.getStartupFailure());
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

  private static String messages(Throwable failure) {
    StringBuilder all = new StringBuilder();
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      all.append(cause.getMessage()).append('\n');
    }
    return all.toString();
  }

  @Test
  void withoutAModelTheAnalysisSaysWhatToSet() {
    // Where the demo model is looked for in place of its artifact.
    runner
        .withSystemProperties("megabert.demo=" + folder.resolve("nothing"))
        .run(
            context -> {
              assertThat(context).hasFailed();
              FailureAnalysis analysis =
                  new NoModelFailureAnalyzer().analyze(context.getStartupFailure());
              assertThat(analysis.getDescription())
                  .isEqualTo(
                      "MegaBERT cannot open a model: the property megabert.model is not set, and"
                          + " there is no demo model.");
              assertThat(analysis.getAction()).startsWith("Set megabert.model to");
            });
  }

  @Test
  void embeddingsAreThoseOfTheModel() {
    runner.run(
        context -> {
          MegaBert bert = context.getBean(MegaBert.class);
          TextEmbedding.Options normalized = TextEmbedding.Options.DEFAULT.withNormalize(true);
          EmbeddingModel model = context.getBean(EmbeddingModel.class);
          List<String> texts = List.of("a dog", "a cat sleeps", "no");
          List<TextEmbedding.Embedding> expected = bert.textEmbedding().applyAll(texts, normalized);
          assertThat(model.dimensions()).isEqualTo(bert.textEmbedding().dimension());
          assertThat(model.embed("a dog")).containsExactly(expected.getFirst().vector());
          List<float[]> vectors = model.embed(texts);
          assertThat(vectors).hasSize(3);
          var response = model.embedForResponse(texts);
          int tokens = 0;
          for (int i = 0; i < 3; i++) {
            assertThat(vectors.get(i)).containsExactly(expected.get(i).vector());
            assertThat(response.getResults().get(i).getOutput())
                .containsExactly(expected.get(i).vector());
            assertThat(response.getResults().get(i).getIndex()).isEqualTo(i);
            tokens += expected.get(i).tokens();
          }
          assertThat(response.getMetadata().getUsage().getPromptTokens()).isEqualTo(tokens);
          assertThat(response.getMetadata().getModel()).isEqualTo(bert.checkpoint().source());
        });
  }

  @Test
  void aRequestForOtherVectorsIsRefused() {
    runner.run(
        context -> {
          EmbeddingModel model = context.getBean(EmbeddingModel.class);
          assertThatThrownBy(
                  () ->
                      model.call(
                          new EmbeddingRequest(
                              List.of("a dog"), EmbeddingOptions.builder().dimensions(3).build())))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessage("vectors of the embedding model have 256 dimensions, not 3");
          assertThatThrownBy(
                  () ->
                      model.call(
                          new EmbeddingRequest(
                              List.of("a dog"), EmbeddingOptions.builder().model("x").build())))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessage("the embedding model is the demo model, not x");
          EmbeddingOptions own = EmbeddingOptions.builder().dimensions(256).build();
          assertThat(model.call(new EmbeddingRequest(List.of("a dog"), own)).getResults())
              .hasSize(1);
        });
  }

  @Test
  void severalModelsAreMeasuredAndNoneIsChosen() {
    runner
        .withBean("one", MegaBert.class, MegaBertAutoConfigurationTest::demo)
        .withBean("two", MegaBert.class, MegaBertAutoConfigurationTest::demo)
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(context).doesNotHaveBean(EmbeddingModel.class);
              assertThat(context).doesNotHaveBean(HealthIndicator.class);
              SimpleMeterRegistry registry = new SimpleMeterRegistry();
              context.getBean(MegaBertMetrics.class).bindTo(registry);
              assertThat(registry.get("megabert.model.memory").gauges())
                  .extracting(gauge -> gauge.getId().getTag("model"))
                  .containsExactlyInAnyOrder("one", "two");
            });
  }

  @Test
  void anotherStartersEmbeddingModelMayBeChosen() {
    runner
        .withPropertyValues("spring.ai.model.embedding=openai")
        .run(context -> assertThat(context).doesNotHaveBean(EmbeddingModel.class));
    runner
        .withPropertyValues("spring.ai.model.embedding=megabert")
        .run(context -> assertThat(context).hasSingleBean(EmbeddingModel.class));
  }

  @Test
  void whatTheApplicationLacksIsLeftOut() {
    runner
        .withClassLoader(
            new FilteredClassLoader(
                EmbeddingModel.class,
                MeterBinder.class,
                HealthIndicator.class,
                ConditionalOnEnabledHealthIndicator.class))
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(context).hasSingleBean(MegaBert.class);
              assertThat(context).doesNotHaveBean("megaBertEmbeddingModel");
              assertThat(context).doesNotHaveBean("megaBertMetrics");
              assertThat(context).doesNotHaveBean("megabertHealthIndicator");
            });
    runner
        .withPropertyValues("management.health.megabert.enabled=false")
        .run(context -> assertThat(context).doesNotHaveBean(HealthIndicator.class));
  }

  @Test
  void aModelOfTheApplicationsOwnIsTaken() {
    runner
        .withPropertyValues("megabert.model=/not/opened")
        .withBean("mine", MegaBert.class, MegaBertAutoConfigurationTest::demo)
        .run(
            context -> {
              assertThat(context).hasSingleBean(MegaBert.class);
              assertThat(context).hasBean("mine");
              assertThat(context).hasSingleBean(EmbeddingModel.class);
              assertThat(context).hasSingleBean(MegaBertMetrics.class);
            });
  }

  @Test
  void allOfItCanBeSwitchedOff() {
    bare.withPropertyValues("megabert.enabled=false", "megabert.model=/not/opened")
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(context).doesNotHaveBean(MegaBert.class);
              assertThat(context).doesNotHaveBean(EmbeddingModel.class);
            });
  }
}
