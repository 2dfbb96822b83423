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
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** What there is in an application's context, on the demo model by the scalar backend. */
class MegaBertAutoConfigurationTest {
  private final ApplicationContextRunner bare = starter();

  private final ApplicationContextRunner runner =
      bare.withPropertyValues("megabert.backend=scalar", "megabert.warm-up=off");

  /** A context with all that the starter brings. */
  static ApplicationContextRunner starter() {
    return new ApplicationContextRunner()
        .withConfiguration(
            AutoConfigurations.of(
                MegaBertAutoConfiguration.class,
                MegaBertEmbeddingAutoConfiguration.class,
                MegaBertHealthAutoConfiguration.class,
                MegaBertMetricsAutoConfiguration.class));
  }

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
              assertThatNothingIsBuiltOn(context);
            });
    bare.withPropertyValues("megabert.enabled=false")
        .withBean("mine", MegaBert.class, MegaBertAutoConfigurationTest::demo)
        .run(
            context -> {
              assertThat(context).hasSingleBean(MegaBert.class);
              assertThatNothingIsBuiltOn(context);
            });
  }

  private static void assertThatNothingIsBuiltOn(AssertableApplicationContext context) {
    assertThat(context).hasNotFailed();
    assertThat(context).doesNotHaveBean(ModelWarmUp.class);
    assertThat(context).doesNotHaveBean(EmbeddingModel.class);
    assertThat(context).doesNotHaveBean(HealthIndicator.class);
    assertThat(context).doesNotHaveBean(MegaBertMetrics.class);
  }

  @Test
  void metersCanBeSwitchedOff() {
    runner
        .withPropertyValues("megabert.metrics=false")
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(context).hasSingleBean(EmbeddingModel.class);
              assertThat(context).doesNotHaveBean(MegaBertMetrics.class);
            });
    runner.run(context -> assertThat(context).hasSingleBean(MegaBertMetrics.class));
  }
}
