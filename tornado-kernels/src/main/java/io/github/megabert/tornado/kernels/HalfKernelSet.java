package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.recording.Kernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The kernels over {@link HalfFloatArray}s. */
public final class HalfKernelSet {
  /** TornadoVM replaces it by the device's own; one serves all tasks. */
  private static final KernelContext CONTEXT = new KernelContext();

  public static final KernelSet SET =
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

  private HalfKernelSet() {}
}
