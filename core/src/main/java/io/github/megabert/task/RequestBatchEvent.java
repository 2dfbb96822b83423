// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A batch of a {@link RequestBatcher} in a recording of the JDK's Flight Recorder. */
@Name("io.github.megabert.RequestBatch")
@Label("Request Batch")
@Category("MegaBERT")
@Description("Requests of several callers, computed together; lasts as long as computing takes")
@StackTrace(false)
final class RequestBatchEvent extends Event {
  @Label("Requests")
  int requests;

  @Label("Length")
  @Description("Of all requests together, in the unit of the batcher's budget: tokens, of a task")
  long length;

  @Label("Waiting")
  @Description("Requests that waited for the next batch when this one was done")
  int waiting;

  @Label("Longest Wait")
  @Description("From the arrival of the batch's oldest request until it was taken up")
  @Timespan(Timespan.NANOSECONDS)
  long longestWait;
}
