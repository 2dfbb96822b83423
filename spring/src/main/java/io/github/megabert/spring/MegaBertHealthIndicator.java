// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import io.github.megabert.MegaBert;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Up once the model is warm, out of service before, down if it cannot be warmed. */
final class MegaBertHealthIndicator extends AbstractHealthIndicator {
  private final MegaBert bert;
  private final ModelWarmUp warmUp;

  MegaBertHealthIndicator(MegaBert bert, ModelWarmUp warmUp) {
    super("MegaBERT's health cannot be found out");
    this.bert = bert;
    this.warmUp = warmUp;
  }

  @Override
  protected void doHealthCheck(Health.Builder health) {
    switch (warmUp.state()) {
      case COLD, WARMING ->
          health.outOfService().withDetail("reason", "the model is being warmed up");
      case WARM -> health.up();
      case FAILED -> {
        Throwable failure = warmUp.failure();
        health.down().withDetail("reason", String.valueOf(failure));
      }
    }
    health
        .withDetail("model", bert.checkpoint().source())
        .withDetail("backend", bert.backend().name())
        .withDetail("device", bert.backend().device())
        .withDetail("precision", bert.backend().precision().optionName());
  }
}
