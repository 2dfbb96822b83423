// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** The loading of a model in a recording of the JDK's Flight Recorder. */
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
