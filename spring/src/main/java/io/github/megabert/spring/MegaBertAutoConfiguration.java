// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import io.github.megabert.MegaBert;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** An open model as a bean, of the properties {@code megabert.*}, and its warm-up. */
@AutoConfiguration
@ConditionalOnBooleanProperty(name = "megabert.enabled", matchIfMissing = true)
@EnableConfigurationProperties(MegaBertProperties.class)
public class MegaBertAutoConfiguration {
  /** The model, which the context closes. */
  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  MegaBert megaBert(MegaBertProperties properties) {
    return new ConfiguredModel(properties).open();
  }

  @Bean
  @ConditionalOnSingleCandidate(MegaBert.class)
  ModelWarmUp megaBertWarmUp(MegaBert bert, MegaBertProperties properties) {
    return new ModelWarmUp(bert, properties);
  }
}
