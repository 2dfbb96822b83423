// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Precision;
import io.github.megabert.tornado.kernels.BFloat16Kernels;
import io.github.megabert.tornado.kernels.DeviceMath;
import io.github.megabert.tornado.kernels.FloatMatrixKernels;
import io.github.megabert.tornado.kernels.KernelSet;
import io.github.megabert.tornado.kernels.MatrixLibrary;
import io.github.megabert.tornado.kernels.PairTasks;
import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Temporary;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which calls make a linear layer: the portable kernel, which does everything at once, or a
 * library's product with the rest in a kernel of its own.
 */
final class Products {
  /** cuBLASLt wants rows of 16 bytes for its fast kernels; the portable kernel takes the others. */
  private static final int ALIGNMENT = 8;

  private final KernelSet kernels;
  private final boolean library;
  private final Precision precision;

  /**
   * Decides for a backend.
   *
   * @param library whether library tasks are available, which is on CUDA only
   */
  Products(KernelSet kernels, boolean library, Precision precision) {
    this.kernels = kernels;
    this.library = library;
    this.precision = precision;
  }

  /** What a weight of these extents is held in. */
  static Element element(Precision precision, int inputs, int outputs) {
    return switch (precision) {
      case F16 -> Element.HALF;
      case BF16 -> aligned(inputs, outputs) ? Element.BFLOAT16 : Element.FLOAT;
      default -> Element.FLOAT;
    };
  }

  /** Whether a library computes products of these extents. */
  boolean byLibrary(int inputs, int outputs) {
    return library && aligned(inputs, outputs);
  }

  private static boolean aligned(int inputs, int outputs) {
    return inputs % ALIGNMENT == 0 && outputs % ALIGNMENT == 0;
  }

  /** {@code out = activation(x·Wᵀ + b) + residual}; the shapes have been checked. */
  List<Call> calls(
      TornadoMatrix x,
      TornadoLinear linear,
      int activation,
      @Nullable TornadoMatrix residual,
      TornadoMatrix out) {
    boolean aligned = aligned(linear.inputs(), linear.outputs());
    if (precision == Precision.BF16 && aligned) {
      return bfloat16(x, linear, activation, residual, out);
    }
    boolean separable = residual == null || activation == DeviceMath.IDENTITY;
    if (!library || !aligned || !separable) {
      return List.of(portable(x, linear, activation, residual, out));
    }
    List<Call> calls = new ArrayList<>();
    int count = x.capacity() * out.columns();
    if (residual != null && !residual.operand().equals(out.operand())) {
      calls.add(
          new Call(
              kernels.copy(),
              List.of(residual.operand(), out.operand(), count),
              Grid.elements(count)));
    }
    float beta = residual == null ? 0f : 1f;
    Operand halfBias = linear.halfBias();
    if (precision == Precision.F16 && halfBias != null) {
      boolean fused = activation == DeviceMath.GELU_TANH;
      calls.add(
          new Call(
              fused ? MatrixLibrary.HALF_BIAS_GELU_TANH : MatrixLibrary.HALF_BIAS,
              List.of(
                  linear.weight(),
                  x.operand(),
                  out.operand(),
                  x.capacity(),
                  linear.outputs(),
                  linear.inputs(),
                  beta,
                  halfBias),
              null));
      if (!fused && activation != DeviceMath.IDENTITY) {
        // Rows are multiples of 8 here, so the array has two halves of pairs.
        calls.add(
            new Call(
                PairTasks.ACTIVATION,
                List.of(out.operand(), activation, count / 2),
                Grid.elements(count / 4)));
      }
      return calls;
    }
    calls.add(
        new Call(
            precision == Precision.TF32 ? MatrixLibrary.TF32 : MatrixLibrary.FLOAT,
            List.of(
                linear.weight(),
                x.operand(),
                out.operand(),
                x.capacity(),
                linear.outputs(),
                linear.inputs(),
                beta),
            null));
    calls.add(
        new Call(
            kernels.biasActivation(),
            List.of(out.operand(), linear.bias(), activation, x.capacity(), out.columns()),
            Grid.elements(count)));
    return calls;
  }

  /** Rounds x, multiplies, and does the rest in float32. */
  private static List<Call> bfloat16(
      TornadoMatrix x,
      TornadoLinear linear,
      int activation,
      @Nullable TornadoMatrix residual,
      TornadoMatrix out) {
    int inputs = x.capacity() * linear.inputs();
    int outputs = x.capacity() * linear.outputs();
    Operand factor = Temporary.FACTOR.of(inputs, Element.BFLOAT16);
    Operand product = Temporary.PRODUCT.of(outputs, Element.BFLOAT16);
    return List.of(
        BFloat16Kernels.narrow(x.operand(), factor, inputs),
        new Call(
            MatrixLibrary.BFLOAT16,
            List.of(
                linear.weight(),
                factor,
                product,
                x.capacity(),
                linear.outputs(),
                linear.inputs(),
                0f),
            null),
        new Call(
            BFloat16Kernels.COMPLETE,
            List.of(
                product,
                linear.bias(),
                residual == null ? out.operand() : residual.operand(),
                out.operand(),
                activation,
                residual == null ? 0 : 1,
                linear.outputs(),
                outputs),
            Grid.elements(outputs)));
  }

  private Call portable(
      TornadoMatrix x,
      TornadoLinear linear,
      int activation,
      @Nullable TornadoMatrix residual,
      TornadoMatrix out) {
    return new Call(
        kernels.product(),
        List.of(
            x.operand(),
            linear.weight(),
            linear.bias(),
            residual == null ? out.operand() : residual.operand(),
            out.operand(),
            x.capacity(),
            linear.outputs(),
            linear.inputs(),
            activation,
            residual == null ? 0 : 1),
        new Grid(
            Math.ceilDiv(linear.outputs(), FloatMatrixKernels.TILE),
            Math.ceilDiv(x.capacity(), FloatMatrixKernels.TILE),
            FloatMatrixKernels.THREADS));
  }
}
