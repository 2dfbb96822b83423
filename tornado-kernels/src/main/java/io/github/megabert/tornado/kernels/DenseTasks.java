// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.recording.Kernel;
import java.util.Arrays;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** cuDNN's attention and {@link DenseKernels} as tasks. */
public final class DenseTasks {
  private static final KernelContext CONTEXT = new KernelContext();

  /** q, k, v, out, sequences, heads, queries, keys, width, scale, causal (0 or 1). */
  public static final Kernel ATTENTION =
      new Kernel(
          "cudnnAttention",
          (graph, task, a) ->
              graph.libraryTask(
                  task,
                  (HalfFloatArray q, HalfFloatArray k, HalfFloatArray v, HalfFloatArray out) ->
                      descriptor(q, k, v, out, a),
                  (HalfFloatArray) a[0],
                  (HalfFloatArray) a[1],
                  (HalfFloatArray) a[2],
                  (HalfFloatArray) a[3]));

  public static final Kernel PACK =
      new Kernel(
              "pack",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DenseKernels::pack,
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
                      (Integer) a[9],
                      (Integer) a[10],
                      (Integer) a[11],
                      (Integer) a[12]))
          .withSizes(1, 2, 8, 12);

  public static final Kernel PACK_TOGETHER =
      new Kernel(
              "packTogether",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DenseKernels::packTogether,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2],
                      (HalfFloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (HalfFloatArray) a[8],
                      (HalfFloatArray) a[9],
                      (HalfFloatArray) a[10],
                      (Integer) a[11],
                      (Integer) a[12],
                      (Integer) a[13],
                      (Integer) a[14],
                      (Integer) a[15]))
          .withSizes(1, 2, 12, 15);

  /** {@link #PACK_TOGETHER} of rows in float32. */
  public static final Kernel PACK_TOGETHER_FLOAT =
      new Kernel(
              "packTogetherFloat",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DenseFloatKernels::packTogether,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (HalfFloatArray) a[8],
                      (HalfFloatArray) a[9],
                      (HalfFloatArray) a[10],
                      (Integer) a[11],
                      (Integer) a[12],
                      (Integer) a[13],
                      (Integer) a[14],
                      (Integer) a[15]))
          .withSizes(1, 2, 12, 15);

  public static final Kernel UNPACK =
      new Kernel(
              "unpack",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DenseKernels::unpack,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (HalfFloatArray) a[2],
                      (HalfFloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (Integer) a[9]))
          .withSizes(1, 6, 9);

  public static final Kernel PACK_FLOAT =
      new Kernel(
              "packFloat",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DenseFloatKernels::pack,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5],
                      (HalfFloatArray) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (Integer) a[9],
                      (Integer) a[10],
                      (Integer) a[11],
                      (Integer) a[12]))
          .withSizes(1, 2, 8, 12);

  /** What {@link #UNPACK_FLOAT} writes: rows between the sequences stay. */
  public static final int SOME_ROWS = 0;

  /** The first of the groups that write all rows together. */
  public static final int ALL_ROWS = 1;

  /** A further one of them. */
  public static final int MORE_ROWS = 2;

  /** Its last argument, one of the three above, is for the fusion of calls in bfloat16. */
  public static final Kernel UNPACK_FLOAT =
      new Kernel(
              "unpackFloat",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DenseFloatKernels::unpack,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (HalfFloatArray) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (Integer) a[9]))
          .withSizes(1, 6, 9);

  private DenseTasks() {}

  private static LibraryTaskDescriptor descriptor(
      Object q, Object k, Object v, Object out, Object[] a) {
    Object[] parameters = {q, k, v, out, a[4], a[5], a[6], a[7], a[8], a[9], (Integer) a[10] != 0};
    Access[] accesses = new Access[parameters.length];
    Arrays.fill(accesses, Access.READ_ONLY);
    accesses[3] = Access.READ_WRITE;
    return new LibraryTaskDescriptor()
        .withLibrary("nvidia/cudnn")
        .withFunction("sdpaForward")
        .withParameters(parameters)
        .withAccess(accesses);
  }
}
