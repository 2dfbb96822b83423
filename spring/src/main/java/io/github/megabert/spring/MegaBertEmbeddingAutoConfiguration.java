// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import io.github.megabert.MegaBert;
import io.github.megabert.task.EmbeddingConfig;
import io.github.megabert.task.Pooling;
import io.github.megabert.task.TextEmbedding;
import java.util.List;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.context.annotation.Bean;

/** The embedding model of an application that has Spring AI, unless another starter's is chosen. */
@AutoConfiguration(after = MegaBertAutoConfiguration.class)
@ConditionalOnClass(EmbeddingModel.class)
@ConditionalOnProperty(
    name = "spring.ai.model.embedding",
    havingValue = "megabert",
    matchIfMissing = true)
@ConditionalOnBean(ModelWarmUp.class)
public class MegaBertEmbeddingAutoConfiguration {
  @Bean
  @ConditionalOnMissingBean
  MegaBertEmbeddingModel megaBertEmbeddingModel(MegaBert bert, MegaBertProperties properties) {
    TextEmbedding.Options options = options(bert, properties);
    try {
      return MegaBertEmbeddingModel.of(bert, options);
    } catch (IllegalArgumentException unfit) {
      // Poolings that nobody named are the model's own, as are the layers that do not take them.
      throw properties.embedding().pooling() == null
          ? ConfiguredModel.refused("model", properties.model(), unfit)
          : ConfiguredModel.refused("embedding.pooling", options.pooling(), unfit);
    }
  }

  private static TextEmbedding.Options options(MegaBert bert, MegaBertProperties properties) {
    MegaBertProperties.Embedding wanted = properties.embedding();
    List<Pooling> pooling = wanted.pooling();
    if (pooling != null && pooling.isEmpty()) {
      throw new InvalidConfigurationPropertyValueException(
          "megabert.embedding.pooling", pooling, "at least one is needed");
    }
    EmbeddingConfig files = bert.embeddingConfig();
    TextEmbedding.Options options;
    try {
      // A pooling that is named serves where the folder's own is not known.
      options = (pooling == null ? files : files.withPooling(pooling)).searchOptions();
    } catch (IllegalArgumentException unknown) {
      throw ConfiguredModel.refused("model", properties.model(), unknown);
    }
    if (pooling != null) {
      options = options.withPooling(pooling);
    }
    if (wanted.normalize() != null) {
      options = options.withNormalize(wanted.normalize());
    }
    if (wanted.longText() != null) {
      options = options.withLongText(wanted.longText());
    }
    if (wanted.prompt() != null) {
      options = options.withPrompt(wanted.prompt());
    }
    return options;
  }
}
