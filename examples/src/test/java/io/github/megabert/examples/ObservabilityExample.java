// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import java.time.Duration;
import java.util.function.Consumer;
import jdk.jfr.consumer.RecordingStream;

final class ObservabilityExample {
  private ObservabilityExample() {}

  static RecordingStream listen(Consumer<Duration> forwardPass) {
    RecordingStream events = new RecordingStream();
    events.enable("io.github.megabert.ForwardPass");
    events.onEvent(
        "io.github.megabert.ForwardPass", event -> forwardPass.accept(event.getDuration()));
    events.startAsync();
    return events;
  }
}
