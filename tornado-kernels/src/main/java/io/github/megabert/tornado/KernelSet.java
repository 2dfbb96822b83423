package io.github.megabert.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The kernels of one element type. LayerNorm's parameters and the biases are float32 in both.
 *
 * @param embed integers, ids at, types at, positions at, words, types, positions, out, rows,
 *     columns
 * @param layerNorm x, weight, bias, out, columns, eps
 * @param product x, weight, bias, residual, out, rows, outputs, inputs, activation, has residual
 * @param biasActivation x, bias, activation, rows, columns
 * @param attention integers, tiles at, mask at, three times (matrix, stride, column), out, stride,
 *     head dim, scale
 * @param attentionWithProbabilities as for attention, with the probabilities at the end
 * @param gatherRows integers, rows at, x, out, rows, columns
 * @param scatterRows integers, rows at, x, columns of x, first column, out, rows, columns
 * @param softmax x, columns
 * @param crossEntropy integers, labels at, logits, out, columns
 * @param copy x, out, count
 * @param upload uploaded floats, out, count
 * @param clear out, count
 * @param activation x, activation, count
 */
record KernelSet(
    Kernel embed,
    Kernel layerNorm,
    Kernel product,
    Kernel biasActivation,
    Kernel attention,
    Kernel attentionWithProbabilities,
    Kernel gatherRows,
    Kernel scatterRows,
    Kernel softmax,
    Kernel crossEntropy,
    Kernel copy,
    Kernel upload,
    Kernel clear,
    Kernel activation) {
  /** TornadoVM replaces it by the device's own; one serves all tasks. */
  private static final KernelContext CONTEXT = new KernelContext();

  /** Over {@link FloatArray}s. */
  static final KernelSet FLOAT =
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
                      (Integer) a[9])),
          new Kernel(
              "layerNorm",
              (graph, task, a) ->
                  graph.task(
                      task,
                      FloatRowKernels::layerNorm,
                      CONTEXT,
                      (FloatArray) a[0],
                      (FloatArray) a[1],
                      (FloatArray) a[2],
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
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (FloatArray) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (Integer) a[9])),
          new Kernel(
              "biasActivation",
              (graph, task, a) ->
                  graph.task(
                      task,
                      FloatRowKernels::biasActivation,
                      CONTEXT,
                      (FloatArray) a[0],
                      (FloatArray) a[1],
                      (Integer) a[2],
                      (Integer) a[3],
                      (Integer) a[4])),
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
                      (Float) a[15])),
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
                      (FloatArray) a[16])),
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
                      (Integer) a[5])),
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
                      (Integer) a[7])),
          new Kernel(
              "softmax",
              (graph, task, a) ->
                  graph.task(
                      task, FloatRowKernels::softmax, CONTEXT, (FloatArray) a[0], (Integer) a[1])),
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
                      (Integer) a[4])),
          new Kernel(
              "copy",
              (graph, task, a) ->
                  graph.task(
                      task,
                      FloatRowKernels::copy,
                      CONTEXT,
                      (FloatArray) a[0],
                      (FloatArray) a[1],
                      (Integer) a[2])),
          new Kernel(
              "upload",
              (graph, task, a) ->
                  graph.task(
                      task,
                      FloatRowKernels::upload,
                      CONTEXT,
                      (FloatArray) a[0],
                      (FloatArray) a[1],
                      (Integer) a[2])),
          new Kernel(
              "clear",
              (graph, task, a) ->
                  graph.task(
                      task, FloatRowKernels::clear, CONTEXT, (FloatArray) a[0], (Integer) a[1])),
          new Kernel(
              "activation",
              (graph, task, a) ->
                  graph.task(
                      task,
                      FloatRowKernels::activation,
                      CONTEXT,
                      (FloatArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2])));

  /** Over {@link HalfFloatArray}s. */
  static final KernelSet HALF =
      new KernelSet(
          new Kernel(
              "embed",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfRowKernels::embed,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2],
                      (Integer) a[3],
                      (HalfFloatArray) a[4],
                      (HalfFloatArray) a[5],
                      (HalfFloatArray) a[6],
                      (HalfFloatArray) a[7],
                      (Integer) a[8],
                      (Integer) a[9])),
          new Kernel(
              "layerNorm",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfRowKernels::layerNorm,
                      CONTEXT,
                      (HalfFloatArray) a[0],
                      (FloatArray) a[1],
                      (FloatArray) a[2],
                      (HalfFloatArray) a[3],
                      (Integer) a[4],
                      (Float) a[5])),
          new Kernel(
              "product",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfMatrixKernels::product,
                      CONTEXT,
                      (HalfFloatArray) a[0],
                      (HalfFloatArray) a[1],
                      (FloatArray) a[2],
                      (HalfFloatArray) a[3],
                      (HalfFloatArray) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (Integer) a[9])),
          new Kernel(
              "biasActivation",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfRowKernels::biasActivation,
                      CONTEXT,
                      (HalfFloatArray) a[0],
                      (FloatArray) a[1],
                      (Integer) a[2],
                      (Integer) a[3],
                      (Integer) a[4])),
          new Kernel(
              "attention",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfAttentionKernels::attention,
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
                      (Float) a[15])),
          new Kernel(
              "attentionWithProbabilities",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfAttentionKernels::attentionWithProbabilities,
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
                      (Float) a[15],
                      (HalfFloatArray) a[16])),
          new Kernel(
              "gatherRows",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfRowKernels::gatherRows,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (HalfFloatArray) a[2],
                      (HalfFloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5])),
          new Kernel(
              "scatterRows",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfRowKernels::scatterRows,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (HalfFloatArray) a[2],
                      (Integer) a[3],
                      (Integer) a[4],
                      (HalfFloatArray) a[5],
                      (Integer) a[6],
                      (Integer) a[7])),
          new Kernel(
              "softmax",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfRowKernels::softmax,
                      CONTEXT,
                      (HalfFloatArray) a[0],
                      (Integer) a[1])),
          new Kernel(
              "crossEntropy",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfRowKernels::crossEntropy,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (HalfFloatArray) a[2],
                      (HalfFloatArray) a[3],
                      (Integer) a[4])),
          new Kernel(
              "copy",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfRowKernels::copy,
                      CONTEXT,
                      (HalfFloatArray) a[0],
                      (HalfFloatArray) a[1],
                      (Integer) a[2])),
          new Kernel(
              "upload",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfRowKernels::upload,
                      CONTEXT,
                      (FloatArray) a[0],
                      (HalfFloatArray) a[1],
                      (Integer) a[2])),
          new Kernel(
              "clear",
              (graph, task, a) ->
                  graph.task(
                      task, HalfRowKernels::clear, CONTEXT, (HalfFloatArray) a[0], (Integer) a[1])),
          new Kernel(
              "activation",
              (graph, task, a) ->
                  graph.task(
                      task,
                      HalfRowKernels::activation,
                      CONTEXT,
                      (HalfFloatArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2])));

  /**
   * x, weight, bias, out, columns, eps; on CUDA, rows of up to {@value
   * HalfPairKernels#LARGEST_ROW}.
   */
  static final Kernel PAIR_LAYER_NORM =
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
  static final Kernel PAIR_ACTIVATION =
      new Kernel(
          "pairActivation",
          (graph, task, a) ->
              graph.task(
                  task,
                  HalfPairKernels::activation,
                  CONTEXT,
                  (HalfFloatArray) a[0],
                  (Integer) a[1],
                  (Integer) a[2]));
}
