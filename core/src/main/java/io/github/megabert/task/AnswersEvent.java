// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** Answers of a task in a recording of the JDK's Flight Recorder. */
@Name("io.github.megabert.Answers")
@Label("Answers")
@Category("MegaBERT")
@Description("Answers of a task that were computed together, from encoded texts to results")
@StackTrace(false)
final class AnswersEvent extends Event {
  @Label("Task")
  @Nullable String task;

  @Label("Answers")
  @Description("One for each text, pair of texts or question")
  int answers;
}
