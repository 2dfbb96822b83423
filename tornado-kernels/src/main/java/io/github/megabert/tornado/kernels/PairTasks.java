// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.recording.Kernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@link HalfPairKernels} as tasks. */
public final class PairTasks {
  private static final KernelContext CONTEXT = new KernelContext();

  /**
   * x, weight, bias, out, columns, eps; on CUDA, rows of up to {@value
   * HalfPairKernels#LARGEST_ROW}.
   */
  public static final Kernel LAYER_NORM =
      new Kernel(
          "pairLayerNorm",
          (graph, task, a) ->
              graph.task(
                  task,
                  HalfPairKernels::layerNorm,
                  CONTEXT,
                  (HalfFloatArray) a[0],
                  (FloatArray) a[1],
                  (FloatArray) a[2],
                  (HalfFloatArray) a[3],
                  (Integer) a[4],
                  (Float) a[5]));

  /** x, activation, half of the elements; on CUDA. */
  public static final Kernel ACTIVATION =
      new Kernel(
              "pairActivation",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfPairKernels::activation,
                      CONTEXT,
                      (HalfFloatArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2]))
          .withSizes(2);

  /** The arguments of {@link KernelSet#attention}; on CUDA. */
  public static final Kernel ATTENTION =
      new Kernel(
              "pairAttention",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfPairAttention::attention,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2],
                      (HalfFloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5],
                      (HalfFloatArray) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (HalfFloatArray) a[9],
                      (Integer) a[10],
                      (Integer) a[11],
                      (HalfFloatArray) a[12],
                      (Integer) a[13],
                      (Integer) a[14],
                      (Float) a[15]))
          .withSizes(1, 2);

  private PairTasks() {}
}
