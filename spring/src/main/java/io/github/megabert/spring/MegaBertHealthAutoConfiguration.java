// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import io.github.megabert.MegaBert;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** {@code megabert} in the health of an application that has Spring Boot's health. */
@AutoConfiguration(after = MegaBertAutoConfiguration.class)
@ConditionalOnClass(ConditionalOnEnabledHealthIndicator.class)
@ConditionalOnBean(ModelWarmUp.class)
public class MegaBertHealthAutoConfiguration {
  @Bean
  @ConditionalOnEnabledHealthIndicator("megabert")
  @ConditionalOnMissingBean(name = "megabertHealthIndicator")
  HealthIndicator megabertHealthIndicator(MegaBert bert, ModelWarmUp warmUp) {
    return new MegaBertHealthIndicator(bert, warmUp);
  }
}
