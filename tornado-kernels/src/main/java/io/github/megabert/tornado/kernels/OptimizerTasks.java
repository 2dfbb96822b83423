// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.recording.Kernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@link OptimizerKernels} as tasks; their arguments are those of the kernels, in order. */
public final class OptimizerTasks {
  private static final KernelContext CONTEXT = new KernelContext();

  public static final Kernel SQUARES =
      new Kernel(
              "squares",
              (graph, task, a) ->
                  graph.task(
                      task,
                      OptimizerKernels::squares,
                      CONTEXT,
                      (FloatArray) a[0],
                      (DoubleArray) a[1],
                      (Integer) a[2],
                      (Integer) a[3],
                      (Integer) a[4],
                      (Integer) a[5]))
          .withSizes(2, 3, 4);

  public static final Kernel SQUARES_OF_VECTORS =
      new Kernel(
          "squaresOfVectors",
          (graph, task, a) ->
              graph.task(
                  task,
                  OptimizerKernels::squaresOfVectors,
                  CONTEXT,
                  (FloatArray) a[0],
                  (DoubleArray) a[1],
                  (FloatArray) a[2],
                  (FloatArray) a[3],
                  (FloatArray) a[4],
                  (FloatArray) a[5],
                  (FloatArray) a[6],
                  (FloatArray) a[7],
                  (FloatArray) a[8],
                  (FloatArray) a[9],
                  (Integer) a[10]));

  public static final Kernel CLIP =
      new Kernel(
          "clip",
          (graph, task, a) ->
              graph.task(
                  task,
                  OptimizerKernels::clip,
                  CONTEXT,
                  (FloatArray) a[0],
                  (DoubleArray) a[1],
                  (DoubleArray) a[2],
                  (Integer) a[3]));

  public static final Kernel UNCLIPPED =
      new Kernel(
          "unclipped",
          (graph, task, a) ->
              graph.task(task, OptimizerKernels::unclipped, CONTEXT, (DoubleArray) a[0]));

  public static final Kernel ADAM_W =
      new Kernel(
              "adamW",
              5,
              (graph, task, a) ->
                  graph.task(
                      task,
                      OptimizerKernels::adamW,
                      CONTEXT,
                      (FloatArray) a[0],
                      (DoubleArray) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (FloatArray) a[4],
                      (FloatArray) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Integer) a[8]))
          .withSizes(6, 7, 8);

  public static final Kernel ADAM_W_OF_VECTORS =
      new Kernel(
          "adamWOfVectors",
          17,
          (graph, task, a) ->
              graph.task(
                  task,
                  OptimizerKernels::adamWOfVectors,
                  CONTEXT,
                  (FloatArray) a[0],
                  (DoubleArray) a[1],
                  (FloatArray) a[2],
                  (FloatArray) a[3],
                  (FloatArray) a[4],
                  (FloatArray) a[5],
                  (FloatArray) a[6],
                  (FloatArray) a[7],
                  (FloatArray) a[8],
                  (FloatArray) a[9],
                  (FloatArray) a[10],
                  (FloatArray) a[11],
                  (FloatArray) a[12],
                  (FloatArray) a[13],
                  (FloatArray) a[14],
                  (FloatArray) a[15],
                  (FloatArray) a[16],
                  (FloatArray) a[17]));

  private OptimizerTasks() {}
}
