// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.task.LongText;

/** Fields that many routes have. */
final class TextOptions {
  private TextOptions() {}

  /** {@code truncate} and {@code truncation_direction}. */
  static LongText longText(JsonBody body, Limits limits) {
    body.findText("truncation_direction")
        .filter(direction -> !direction.equalsIgnoreCase("right"))
        .ifPresent(
            direction -> {
              throw body.wrong(
                  "truncation_direction",
                  body.value("truncation_direction"),
                  "'Right': texts are cut at their end");
            });
    return body.flag("truncate", limits.truncate()) ? LongText.TRUNCATE : LongText.REFUSE;
  }
}
