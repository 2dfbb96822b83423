// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Answers of a task that are being computed, for a recording if there may be one.
 *
 * @param event that ends with the answers; null if nobody has asked for a recorder, as the class of
 *     events alone would make one ready
 */
record AnswersTimer(@Nullable AnswersEvent event) {
  /** Begins now. */
  static AnswersTimer begun() {
    if (!FlightRecorder.isInitialized()) {
      return new AnswersTimer(null);
    }
    AnswersEvent event = new AnswersEvent();
    event.begin();
    return new AnswersTimer(event);
  }

  /**
   * Records that the answers are there. Those that fail are not recorded.
   *
   * @param task its name, as {@code Task.label} gives it
   */
  void answered(String task, int count) {
    if (event == null) {
      return;
    }
    event.end();
    if (event.shouldCommit()) {
      event.task = task;
      event.answers = count;
      event.commit();
    }
  }
}
