// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import java.lang.reflect.Method;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoTaskGraphInterface;

/**
 * Lets several task graphs use one array on the device.
 *
 * <p>Every task graph keeps device buffers of its own, and a plan hands them on only from the graph
 * that ran last. Weights, however, belong to the graph that uploaded them and are read by the
 * graphs of every program. TornadoVM has the operation (it carries out {@code consumeFromDevice})
 * but not in the public part of its API, so the implementation of a graph is reached by reflection,
 * into a package that the SDK opens.
 */
final class GraphLinks {
  private GraphLinks() {}

  /** The implementation behind a snapshot. */
  static TornadoTaskGraphInterface implementation(ImmutableTaskGraph graph) {
    try {
      Method taskGraph = ImmutableTaskGraph.class.getDeclaredMethod("getTaskGraph");
      taskGraph.setAccessible(true);
      Method implementation = TaskGraph.class.getDeclaredMethod("getTaskGraphImpl");
      implementation.setAccessible(true);
      return (TornadoTaskGraphInterface) implementation.invoke(taskGraph.invoke(graph));
    } catch (ReflectiveOperationException changed) {
      throw new IllegalStateException(
          "this TornadoVM is not the version that MegaBERT was built for, 5.2.0-jdk25", changed);
    }
  }

  /** Gives {@code target} the buffers of all arrays that it declared to consume from the owner. */
  static void link(TornadoTaskGraphInterface target, TornadoTaskGraphInterface owner) {
    target.setLastExecutedTaskGraph(owner);
    target.updatePersistedObjectState();
    target.setLastExecutedTaskGraph(target);
  }
}
