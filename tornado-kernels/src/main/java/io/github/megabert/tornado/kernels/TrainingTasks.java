// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.recording.Kernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The kernels of training as tasks; their arguments are those of the kernels, in order. */
public final class TrainingTasks {
  private static final KernelContext CONTEXT = new KernelContext();

  public static final Kernel ADD =
      new Kernel(
              "add",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::add,
                      CONTEXT,
                      (FloatArray) a[0],
                      (FloatArray) a[1],
                      (Integer) a[2]))
          .withSizes(2);

  public static final Kernel ADD_COLUMNS =
      new Kernel(
              "addColumns",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::addColumns,
                      CONTEXT,
                      (FloatArray) a[0],
                      (FloatArray) a[1],
                      (Integer) a[2],
                      (Integer) a[3],
                      (Integer) a[4],
                      (Integer) a[5]))
          .withSizes(5);

  public static final Kernel CLEAR_PADDING =
      new Kernel(
              "clearPadding",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::clearPadding,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (FloatArray) a[2],
                      (Integer) a[3],
                      (Integer) a[4]))
          .withSizes(1, 4);

  public static final Kernel ACTIVATE =
      new Kernel(
              "activate",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::activate,
                      CONTEXT,
                      (FloatArray) a[0],
                      (FloatArray) a[1],
                      (Integer) a[2],
                      (Integer) a[3]))
          .withSizes(3);

  public static final Kernel ACTIVATION =
      new Kernel(
              "activationGradient",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::activation,
                      CONTEXT,
                      (FloatArray) a[0],
                      (FloatArray) a[1],
                      (FloatArray) a[2],
                      (Integer) a[3],
                      (Integer) a[4]))
          .withSizes(4);

  public static final Kernel DROPOUT =
      new Kernel(
              "dropout",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::dropout,
                      CONTEXT,
                      (IntArray) a[0],
                      (FloatArray) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5]))
          .withSizes(5);

  public static final Kernel DROPOUT_OF_QUADS =
      new Kernel(
              "dropoutOfQuads",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::dropoutOfQuads,
                      CONTEXT,
                      (IntArray) a[0],
                      (FloatArray) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5]))
          .withSizes(5);

  public static final Kernel LAYER_NORM =
      new Kernel(
          "layerNormGradient",
          (graph, task, a) ->
              graph.task(
                  task,
                  TrainingRowKernels::layerNorm,
                  CONTEXT,
                  (FloatArray) a[0],
                  (FloatArray) a[1],
                  (FloatArray) a[2],
                  (FloatArray) a[3],
                  (FloatArray) a[4],
                  (Integer) a[5],
                  (Float) a[6],
                  (Integer) a[7]));

  public static final Kernel LAYER_NORM_COLUMNS =
      new Kernel(
              "layerNormColumns",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::layerNormColumns,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (FloatArray) a[4],
                      (FloatArray) a[5],
                      (Integer) a[6],
                      (Integer) a[7]))
          .withSizes(1, 7);

  public static final Kernel SUM_BLOCKS =
      new Kernel(
              "sumBlocks",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::sumBlocks,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4]))
          .withSizes(1);

  public static final Kernel ADD_BLOCKS =
      new Kernel(
              "addBlocks",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::addBlocks,
                      CONTEXT,
                      (FloatArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4]))
          .withSizes(1, 2);

  public static final Kernel ADD_ROWS =
      new Kernel(
              "addRows",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::addRows,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5]))
          .withSizes(1, 4);

  public static final Kernel CROSS_ENTROPY =
      new Kernel(
              "smoothCrossEntropy",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::crossEntropy,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4],
                      (Float) a[5]))
          .withSizes(1);

  public static final Kernel CROSS_ENTROPY_GRADIENT =
      new Kernel(
              "crossEntropyGradient",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingRowKernels::crossEntropyGradient,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (FloatArray) a[4],
                      (Integer) a[5],
                      (Float) a[6]))
          .withSizes(1);

  public static final Kernel PRODUCT =
      new Kernel(
              "gradientProduct",
              (graph, task, a) ->
                  graph.task(
                      task,
                      TrainingMatrixKernels::product,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (FloatArray) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (Integer) a[9],
                      (Integer) a[10]))
          .withSizes(1, 5, 7);

  public static final Kernel ATTENTION =
      new Kernel(
              "attentionWithDropout",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DropoutAttentionKernels::attention,
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
                      (IntArray) a[13],
                      (Integer) a[14],
                      (Integer) a[15]))
          .withSizes(1, 2);

  public static final Kernel ATTENTION_QUERIES =
      new Kernel(
              "attentionQueries",
              (graph, task, a) ->
                  graph.task(
                      task,
                      AttentionGradientKernels::queries,
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
                      (FloatArray) a[13],
                      (FloatArray) a[14],
                      (FloatArray) a[15],
                      (IntArray) a[16],
                      (Integer) a[17],
                      (Integer) a[18]))
          .withSizes(1, 2);

  public static final Kernel ATTENTION_KEYS =
      new Kernel(
              "attentionKeys",
              (graph, task, a) ->
                  graph.task(
                      task,
                      AttentionGradientKernels::keys,
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
                      (FloatArray) a[13],
                      (FloatArray) a[14],
                      (FloatArray) a[15],
                      (IntArray) a[16],
                      (Integer) a[17],
                      (Integer) a[18]))
          .withSizes(1, 2);

  /** No task: says that nobody will read what a matrix holds, its one argument. */
  public static final Kernel DISCARD =
      new Kernel(
          "discard",
          (graph, task, a) -> {
            throw new IllegalStateException("programs leave out what is discarded");
          });

  private TrainingTasks() {}
}
