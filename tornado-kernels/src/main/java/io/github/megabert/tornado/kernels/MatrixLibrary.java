// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.cuda.CublasLibrary;
import io.github.megabert.tornado.recording.Kernel;
import io.github.megabert.tornado.recording.Operand;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/**
 * Matrix products by NVIDIA's libraries, as library tasks of TornadoVM's CUDA backend.
 *
 * <p>The libraries are column-major: the row-major {@code C = x·Wᵀ} is their {@code Cᵀ = W·xᵀ}. The
 * tasks are described here rather than through the SDK's cuBLAS module, which an SDK without CUDA
 * lacks. Arguments of every kernel: weight, x, out, rows, outputs, inputs, beta (1 adds to what
 * {@code out} holds), and for those with a bias the bias at the end.
 */
public final class MatrixLibrary {
  private static final int TRANSPOSED = 1;
  private static final int PLAIN = 0;

  /** {@code out = x·Wᵀ + bias + beta·out} in binary16, sums in float32. */
  public static final Kernel HALF_BIAS =
      new Kernel("cublasLtBias", (graph, task, a) -> addHalf(graph, task, "ltMatmulBiasFP16", a));

  /** {@code out = gelu(x·Wᵀ + bias)} in binary16, with the tanh form of GELU. */
  public static final Kernel HALF_BIAS_GELU_TANH =
      new Kernel(
          "cublasLtBiasGelu", (graph, task, a) -> addHalf(graph, task, "ltMatmulGeluBiasFP16", a));

  /** {@code out = x·Wᵀ + beta·out} in float32. */
  public static final Kernel FLOAT =
      new Kernel("cublasFloat", (graph, task, a) -> addFloat(graph, task, false, a));

  /** The same with factors rounded to TF32. */
  public static final Kernel TF32 =
      new Kernel("cublasTf32", (graph, task, a) -> addFloat(graph, task, true, a));

  /** {@code out = x·Wᵀ + beta·out} in bfloat16, sums in float32. */
  public static final Kernel BFLOAT16 =
      new Kernel(
          "cublasBFloat16",
          (graph, task, a) ->
              graph.libraryTask(
                  task,
                  (BFloat16Array weight, BFloat16Array x, BFloat16Array out) ->
                      descriptor("nvidia/cublas", "cublasGemmExBF16", weight, x, out, a),
                  (BFloat16Array) a[0],
                  (BFloat16Array) a[1],
                  (BFloat16Array) a[2]));

  /** {@code dX = dOut·W + beta·dX} in float32: weight, dOut, dX, rows, outputs, inputs, beta. */
  public static final Kernel INPUT =
      new Kernel("cublasInput", (graph, task, a) -> addGradient(graph, task, a, true, false));

  /** The same with factors rounded to TF32. */
  public static final Kernel INPUT_TF32 =
      new Kernel("cublasInputTf32", (graph, task, a) -> addGradient(graph, task, a, true, true));

  /** {@code dW = dOutᵀ·x + beta·dW} in float32: x, dOut, dW, rows, outputs, inputs, beta. */
  public static final Kernel WEIGHT =
      new Kernel("cublasWeight", (graph, task, a) -> addGradient(graph, task, a, false, false));

  /** The same with factors rounded to TF32. */
  public static final Kernel WEIGHT_TF32 =
      new Kernel("cublasWeightTf32", (graph, task, a) -> addGradient(graph, task, a, false, true));

  /**
   * {@code C = alpha · op(A)·op(B) + beta · C}, column-major, of factors in bfloat16 and a float32
   * result: A, B, C, op(A), op(B), m, n, k, leading dimensions of A, B and C, alpha, beta, products
   * in the batch, elements from one A to the next, B and C likewise.
   */
  public static final Kernel MIXED =
      new Kernel(
          "cublasMixed",
          (graph, task, a) ->
              graph.libraryTask(
                  task,
                  (BFloat16Array left, BFloat16Array right, FloatArray out) ->
                      mixedDescriptor(left, right, out, a),
                  (BFloat16Array) a[0],
                  (BFloat16Array) a[1],
                  (FloatArray) a[2]));

  /** {@link #MIXED} with a result that is rounded to bfloat16. */
  public static final Kernel MIXED_ROUNDED =
      new Kernel(
          "cublasRounded",
          (graph, task, a) ->
              graph.libraryTask(
                  task,
                  (BFloat16Array left, BFloat16Array right, BFloat16Array out) ->
                      mixedDescriptor(left, right, out, a),
                  (BFloat16Array) a[0],
                  (BFloat16Array) a[1],
                  (BFloat16Array) a[2]));

  private MatrixLibrary() {}

  private static LibraryTaskDescriptor mixedDescriptor(
      Object left, Object right, Object out, Object[] a) {
    Object[] parameters = {
      a[3], a[4], a[5], a[6], a[7], a[11], left, a[8], right, a[9], a[12], out, a[10], a[13], a[14],
      a[15], a[16]
    };
    Access[] accesses = new Access[parameters.length];
    Arrays.fill(accesses, Access.READ_ONLY);
    accesses[11] = Access.READ_WRITE;
    return new LibraryTaskDescriptor()
        .withLibrary(CublasLibrary.NAME)
        .withFunction(CublasLibrary.PRODUCT)
        .withParameters(parameters)
        .withAccess(accesses);
  }

  /** The arguments of one product for {@link #MIXED}. */
  public static List<Object> product(
      Operand left,
      Operand right,
      Operand out,
      boolean transposedLeft,
      boolean transposedRight,
      int m,
      int n,
      int k,
      float beta) {
    List<Object> arguments =
        factors(left, right, out, transposedLeft, transposedRight, m, n, k, 1f, beta);
    arguments.addAll(List.of(1, 0, 0, 0));
    return arguments;
  }

  /** The arguments of products of matrices that lie one behind the other, for {@link #MIXED}. */
  public static List<Object> products(
      Operand left,
      Operand right,
      Operand out,
      boolean transposedLeft,
      boolean transposedRight,
      int m,
      int n,
      int k,
      float alpha,
      int products) {
    List<Object> arguments =
        factors(left, right, out, transposedLeft, transposedRight, m, n, k, alpha, 0f);
    arguments.addAll(List.of(products, m * k, n * k, m * n));
    return arguments;
  }

  /** The arguments up to beta, for the caller to complete. */
  private static List<Object> factors(
      Operand left,
      Operand right,
      Operand out,
      boolean transposedLeft,
      boolean transposedRight,
      int m,
      int n,
      int k,
      float alpha,
      float beta) {
    return new ArrayList<>(
        List.of(
            left,
            right,
            out,
            transposedLeft ? TRANSPOSED : PLAIN,
            transposedRight ? TRANSPOSED : PLAIN,
            m,
            n,
            k,
            transposedLeft ? k : m,
            transposedRight ? n : k,
            m,
            alpha,
            beta));
  }

  private static void addGradient(
      TaskGraph graph, String task, Object[] a, boolean ofInput, boolean tf32) {
    graph.libraryTask(
        task,
        (FloatArray left, FloatArray dOut, FloatArray gradient) -> {
          LibraryTaskDescriptor product = gradientDescriptor(left, dOut, gradient, a, ofInput);
          return tf32 ? product.withTuning(tf32Options()) : product;
        },
        (FloatArray) a[0],
        (FloatArray) a[1],
        (FloatArray) a[2]);
  }

  /** Column-major: {@code dXᵀ = Wᵀ·dOutᵀ}, {@code dWᵀ = xᵀ·dOut}. */
  private static LibraryTaskDescriptor gradientDescriptor(
      Object left, Object dOut, Object gradient, Object[] a, boolean ofInput) {
    int rows = (Integer) a[3];
    int outputs = (Integer) a[4];
    int inputs = (Integer) a[5];
    Object[] parameters = {
      PLAIN,
      ofInput ? PLAIN : TRANSPOSED,
      inputs,
      ofInput ? rows : outputs,
      ofInput ? outputs : rows,
      1f,
      left,
      inputs,
      dOut,
      outputs,
      (Float) a[6],
      gradient,
      inputs
    };
    Access[] accesses = new Access[parameters.length];
    Arrays.fill(accesses, Access.READ_ONLY);
    accesses[11] = Access.READ_WRITE;
    return new LibraryTaskDescriptor()
        .withLibrary("nvidia/cublas")
        .withFunction("cublasSgemm")
        .withParameters(parameters)
        .withAccess(accesses);
  }

  private static void addHalf(TaskGraph graph, String task, String function, Object[] a) {
    graph.libraryTask(
        task,
        (HalfFloatArray weight, HalfFloatArray x, HalfFloatArray out, HalfFloatArray bias) ->
            descriptor("nvidia/cublaslt", function, weight, x, out, a, bias),
        (HalfFloatArray) a[0],
        (HalfFloatArray) a[1],
        (HalfFloatArray) a[2],
        (HalfFloatArray) a[7]);
  }

  private static void addFloat(TaskGraph graph, String task, boolean tf32, Object[] a) {
    graph.libraryTask(
        task,
        (FloatArray weight, FloatArray x, FloatArray out) -> {
          LibraryTaskDescriptor product =
              descriptor("nvidia/cublas", "cublasSgemm", weight, x, out, a);
          return tf32 ? product.withTuning(tf32Options()) : product;
        },
        (FloatArray) a[0],
        (FloatArray) a[1],
        (FloatArray) a[2]);
  }

  /** The SDK's {@code new CuBlasOptions().withMathMode(CUBLAS_TF32_TENSOR_OP_MATH)}. */
  private static Object tf32Options() {
    try {
      Class<?> options = Class.forName("uk.ac.manchester.tornado.cublas.CuBlasOptions");
      Class<?> modes = Class.forName("uk.ac.manchester.tornado.cublas.enums.CuBlasMathMode");
      Object mode = modes.getField("CUBLAS_TF32_TENSOR_OP_MATH").get(null);
      return options
          .getMethod("withMathMode", modes)
          .invoke(options.getConstructor().newInstance(), mode);
    } catch (ReflectiveOperationException missing) {
      throw new UnsupportedOperationException(
          "TF32 needs the cuBLAS module of the TornadoVM SDK, which this SDK lacks: install an SDK"
              + " with the CUDA backend or use the precision f32.",
          missing);
    }
  }

  private static LibraryTaskDescriptor descriptor(
      String library,
      String function,
      Object weight,
      Object x,
      Object out,
      Object[] a,
      Object... bias) {
    int rows = (Integer) a[3];
    int outputs = (Integer) a[4];
    int inputs = (Integer) a[5];
    float beta = (Float) a[6];
    Object[] parameters = new Object[13 + bias.length];
    Object[] product = {
      TRANSPOSED, PLAIN, outputs, rows, inputs, 1f, weight, inputs, x, inputs, beta, out, outputs
    };
    System.arraycopy(product, 0, parameters, 0, product.length);
    System.arraycopy(bias, 0, parameters, product.length, bias.length);
    Access[] accesses = new Access[parameters.length];
    Arrays.fill(accesses, Access.READ_ONLY);
    accesses[11] = Access.READ_WRITE;
    return new LibraryTaskDescriptor()
        .withLibrary(library)
        .withFunction(function)
        .withParameters(parameters)
        .withAccess(accesses);
  }
}
