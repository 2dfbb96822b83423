// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.recording.Kernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The kernels of divided classes as tasks; their arguments are those of the kernels, in order. */
public final class DividedLossTasks {
  private static final KernelContext CONTEXT = new KernelContext();

  public static final Kernel STATISTICS =
      new Kernel(
              "logitStatistics",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DividedLossKernels::statistics,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5]))
          .withSizes(1);

  public static final Kernel GRADIENT =
      new Kernel(
              "dividedCrossEntropyGradient",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DividedLossKernels::gradient,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (FloatArray) a[4],
                      (FloatArray) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Float) a[8],
                      (Float) a[9],
                      (Integer) a[10]))
          .withSizes(1, 10);

  public static final Kernel SIDE_BY_SIDE =
      new Kernel(
              "sideBySide",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DividedLossKernels::sideBySide,
                      CONTEXT,
                      (FloatArray) a[0],
                      (FloatArray) a[1],
                      (Integer) a[2],
                      (Integer) a[3],
                      (Integer) a[4],
                      (Integer) a[5]))
          .withSizes(2, 5);

  private DividedLossTasks() {}
}
