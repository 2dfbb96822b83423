// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import io.github.megabert.MegaBert;
import io.github.megabert.micrometer.MegaBertMetrics;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Map;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Meters in an application that has Micrometer: Spring Boot binds them to its registry. Models have
 * the names of their beans.
 */
@AutoConfiguration(after = MegaBertAutoConfiguration.class)
@ConditionalOnClass(MeterBinder.class)
@ConditionalOnBean(MegaBert.class)
@ConditionalOnBooleanProperty(
    prefix = "megabert",
    name = {"enabled", "metrics"},
    matchIfMissing = true)
public class MegaBertMetricsAutoConfiguration {
  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean
  MegaBertMetrics megaBertMetrics(Map<String, MegaBert> models) {
    return new MegaBertMetrics(models);
  }
}
