// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.recording.Kernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The kernels over {@link FloatArray}s. {@code HalfKernelSet}, over binary16, is derived from this
 * file at build time.
 */
public final class FloatKernelSet {
  /** TornadoVM replaces it by the device's own; one serves all tasks. */
  private static final KernelContext CONTEXT = new KernelContext();

  public static final KernelSet SET =
      new KernelSet(
          new Kernel(
                  "embed",
                  (graph, task, a) ->
                      graph.task(
                          task,
                          FloatRowKernels::embed,
                          CONTEXT,
                          (IntArray) a[0],
                          (Integer) a[1],
                          (Integer) a[2],
                          (Integer) a[3],
                          (FloatArray) a[4],
                          (FloatArray) a[5],
                          (FloatArray) a[6],
                          (FloatArray) a[7],
                          (Integer) a[8],
                          (Integer) a[9]))
              .withSizes(1, 2, 3, 8),
          new Kernel(
              "layerNorm",
              (graph, task, a) ->
                  graph.task(
                      task,
                      FloatRowKernels::layerNorm,
                      CONTEXT,
                      (FloatArray) a[0],
                      float32(a[1]),
                      float32(a[2]),
                      (FloatArray) a[3],
                      (Integer) a[4],
                      (Float) a[5])),
          new Kernel(
                  "product",
                  (graph, task, a) ->
                      graph.task(
                          task,
                          FloatMatrixKernels::product,
                          CONTEXT,
                          (FloatArray) a[0],
                          (FloatArray) a[1],
                          float32(a[2]),
                          (FloatArray) a[3],
                          (FloatArray) a[4],
                          (Integer) a[5],
                          (Integer) a[6],
                          (Integer) a[7],
                          (Integer) a[8],
                          (Integer) a[9]))
              .withSizes(5),
          new Kernel(
                  "biasActivation",
                  (graph, task, a) ->
                      graph.task(
                          task,
                          FloatRowKernels::biasActivation,
                          CONTEXT,
                          (FloatArray) a[0],
                          float32(a[1]),
                          (Integer) a[2],
                          (Integer) a[3],
                          (Integer) a[4]))
              .withSizes(3),
          new Kernel(
                  "attention",
                  (graph, task, a) ->
                      graph.task(
                          task,
                          FloatAttentionKernels::attention,
                          CONTEXT,
                          (IntArray) a[0],
                          (Integer) a[1],
                          (Integer) a[2],
                          (FloatArray) a[3],
                          (Integer) a[4],
                          (Integer) a[5],
                          (FloatArray) a[6],
                          (Integer) a[7],
                          (Integer) a[8],
                          (FloatArray) a[9],
                          (Integer) a[10],
                          (Integer) a[11],
                          (FloatArray) a[12],
                          (Integer) a[13],
                          (Integer) a[14],
                          (Float) a[15]))
              .withSizes(1, 2),
          new Kernel(
                  "attentionWithProbabilities",
                  (graph, task, a) ->
                      graph.task(
                          task,
                          FloatAttentionKernels::attentionWithProbabilities,
                          CONTEXT,
                          (IntArray) a[0],
                          (Integer) a[1],
                          (Integer) a[2],
                          (FloatArray) a[3],
                          (Integer) a[4],
                          (Integer) a[5],
                          (FloatArray) a[6],
                          (Integer) a[7],
                          (Integer) a[8],
                          (FloatArray) a[9],
                          (Integer) a[10],
                          (Integer) a[11],
                          (FloatArray) a[12],
                          (Integer) a[13],
                          (Integer) a[14],
                          (Float) a[15],
                          (FloatArray) a[16]))
              .withSizes(1, 2),
          new Kernel(
                  "gatherRows",
                  (graph, task, a) ->
                      graph.task(
                          task,
                          FloatRowKernels::gatherRows,
                          CONTEXT,
                          (IntArray) a[0],
                          (Integer) a[1],
                          (FloatArray) a[2],
                          (FloatArray) a[3],
                          (Integer) a[4],
                          (Integer) a[5]))
              .withSizes(1, 4),
          new Kernel(
                  "scatterRows",
                  (graph, task, a) ->
                      graph.task(
                          task,
                          FloatRowKernels::scatterRows,
                          CONTEXT,
                          (IntArray) a[0],
                          (Integer) a[1],
                          (FloatArray) a[2],
                          (Integer) a[3],
                          (Integer) a[4],
                          (FloatArray) a[5],
                          (Integer) a[6],
                          (Integer) a[7]))
              .withSizes(1, 6),
          new Kernel(
                  "crossEntropy",
                  (graph, task, a) ->
                      graph.task(
                          task,
                          FloatRowKernels::crossEntropy,
                          CONTEXT,
                          (IntArray) a[0],
                          (Integer) a[1],
                          (FloatArray) a[2],
                          (FloatArray) a[3],
                          (Integer) a[4]))
              .withSizes(1),
          new Kernel(
                  "copy",
                  (graph, task, a) ->
                      graph.task(
                          task,
                          FloatRowKernels::copy,
                          CONTEXT,
                          (FloatArray) a[0],
                          (FloatArray) a[1],
                          (Integer) a[2]))
              .withSizes(2),
          new Kernel(
                  "upload",
                  (graph, task, a) ->
                      graph.task(
                          task,
                          FloatRowKernels::upload,
                          CONTEXT,
                          float32(a[0]),
                          (FloatArray) a[1],
                          (Integer) a[2]))
              .withSizes(2),
          new Kernel(
                  "clear",
                  (graph, task, a) ->
                      graph.task(
                          task, FloatRowKernels::clear, CONTEXT, (FloatArray) a[0], (Integer) a[1]))
              .withSizes(1),
          new Kernel(
                  "activation",
                  (graph, task, a) ->
                      graph.task(
                          task,
                          FloatRowKernels::activation,
                          CONTEXT,
                          (FloatArray) a[0],
                          (Integer) a[1],
                          (Integer) a[2]))
              .withSizes(2));

  private FloatKernelSet() {}

  /** An argument that is float32 in both sets. */
  private static FloatArray float32(Object array) {
    return (FloatArray) array;
  }
}
