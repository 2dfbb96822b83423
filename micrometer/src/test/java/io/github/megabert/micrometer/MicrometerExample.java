// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.micrometer;

import io.github.megabert.MegaBert;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;

/** What docs/observability.md shows. */
final class MicrometerExample {
  private MicrometerExample() {}

  static MegaBertMetrics meters(MeterRegistry registry, MegaBert bert) {
    MegaBertMetrics metrics = new MegaBertMetrics(Map.of("my-model", bert));
    metrics.bindTo(registry);
    return metrics;
  }
}
