// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A forward pass in a recording of the JDK's Flight Recorder. */
@Name("io.github.megabert.ForwardPass")
@Label("Forward Pass")
@Category("MegaBERT")
@Description("A batch through the model, from its first operation until its first result is there")
@StackTrace(false)
final class ForwardPassEvent extends Event {
  @Label("Rows")
  @Description("Tokens of all sequences together; in decoding the new ones")
  int rows;

  @Label("Sequences")
  int sequences;
}
