// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/**
 * The loading of a model in a recording of the JDK's Flight Recorder.
 *
 * <p>The first class of events that is initialized makes the recorder ready, which takes 60 ms of a
 * small command's half second. So this one and its like are only touched once somebody has asked
 * for a recorder.
 */
@Name("io.github.megabert.ModelLoad")
@Label("Model Load")
@Category("MegaBERT")
@Description("A model's parameters out of a checkpoint into a backend")
@StackTrace(false)
final class ModelLoadEvent extends Event {
  @Label("Class")
  @Nullable String className;

  @Label("Source")
  @Description("The file or folder that the parameters came from")
  @Nullable String source;

  @Label("Backend")
  @Nullable String backend;
}
