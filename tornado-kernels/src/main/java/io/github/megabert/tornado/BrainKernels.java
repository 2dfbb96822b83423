package io.github.megabert.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Before and after a product in bfloat16. Matrices are float32 between the products, so a residual
 * loses nothing.
 */
final class BrainKernels {
  private static final KernelContext CONTEXT = new KernelContext();

  /** x, out, count. */
  static final Kernel NARROW =
      new Kernel(
          "narrow",
          (graph, task, a) ->
              graph.task(
                  task,
                  BrainKernels::narrow,
                  CONTEXT,
                  (FloatArray) a[0],
                  (BFloat16Array) a[1],
                  (Integer) a[2]));

  /** product, bias, residual, out, activation, has residual (0 or 1), columns, count. */
  static final Kernel COMPLETE =
      new Kernel(
          "complete",
          (graph, task, a) ->
              graph.task(
                  task,
                  BrainKernels::complete,
                  CONTEXT,
                  (BFloat16Array) a[0],
                  (FloatArray) a[1],
                  (FloatArray) a[2],
                  (FloatArray) a[3],
                  (Integer) a[4],
                  (Integer) a[5],
                  (Integer) a[6],
                  (Integer) a[7]));

  private BrainKernels() {}

  /** Rounds to bfloat16; a thread an element. */
  static void narrow(KernelContext context, FloatArray x, BFloat16Array out, int count) {
    int i = context.globalIdx;
    if (i < count) {
      out.set(i, BFloat16.bf16FromFloat(x.get(i)));
    }
  }

  /** {@code out = activation(product + bias) + residual}; a thread an element. */
  static void complete(
      KernelContext context,
      BFloat16Array product,
      FloatArray bias,
      FloatArray residual,
      FloatArray out,
      int activation,
      int hasResidual,
      int columns,
      int count) {
    int i = context.globalIdx;
    if (i < count) {
      float sum = BFloat16.bf16ToFloat(product.get(i)) + bias.get(i % columns);
      float value = DeviceMath.activate(activation, sum);
      if (hasResidual == 1) {
        value += residual.get(i);
      }
      out.set(i, value);
    }
  }
}
