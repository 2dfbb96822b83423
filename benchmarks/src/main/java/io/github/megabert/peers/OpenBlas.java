// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.peers;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.benchmarks.RandomTensor;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * Our matrix kernel and OpenBLAS's {@code cblas_sgemm} in turns, on the same numbers: {@code y =
 * x·Wᵀ}. OpenBLAS packs W at every call, as its interface has it; ours was packed once.
 *
 * <pre>OpenBlas [THREADS [LIBRARY]]</pre>
 */
public final class OpenBlas {
  private static final int ROUNDS = 21;
  private static final double WARM_UP_SECONDS = 1.5;

  /**
   * Between two turns: OpenBLAS's threads wait for work, busily, for up to a tenth of a second
   * unless OPENBLAS_THREAD_TIMEOUT says less.
   */
  private static final long PAUSE_MILLIS = 250;

  /** Nanoseconds of calls before those that are timed. */
  private static final long AWAKE_NANOS = 20_000_000;

  /** Rows × outputs × inputs. */
  private static final int[][] SHAPES = {
    {504, 4096, 1024},
    {128, 3072, 1024},
    {128, 1024, 1024},
    {128, 4096, 1024},
    {128, 1024, 4096},
    {129, 1024, 1024},
    {13, 1024, 1024},
    {7, 1024, 1024},
    {1, 1024, 1024}
  };

  // From cblas.h.
  private static final int ROW_MAJOR = 101;
  private static final int NO_TRANSPOSE = 111;
  private static final int TRANSPOSE = 112;

  private final MethodHandle multiply;

  private OpenBlas(SymbolLookup library, int threads) throws Throwable {
    Linker linker = Linker.nativeLinker();
    ValueLayout.OfInt i = ValueLayout.JAVA_INT;
    ValueLayout.OfFloat f = ValueLayout.JAVA_FLOAT;
    multiply =
        linker.downcallHandle(
            library.findOrThrow("cblas_sgemm"),
            FunctionDescriptor.ofVoid(
                i,
                i,
                i,
                i,
                i,
                i,
                f,
                ValueLayout.ADDRESS,
                i,
                ValueLayout.ADDRESS,
                i,
                f,
                ValueLayout.ADDRESS,
                i));
    linker
        .downcallHandle(
            library.findOrThrow("openblas_set_num_threads"), FunctionDescriptor.ofVoid(i))
        .invokeExact(threads);
    MemorySegment name =
        (MemorySegment)
            linker
                .downcallHandle(
                    library.findOrThrow("openblas_get_corename"),
                    FunctionDescriptor.of(ValueLayout.ADDRESS))
                .invokeExact();
    System.out.printf(
        "OpenBLAS with its %s kernels, %d threads%n%n", name.reinterpret(64).getString(0), threads);
  }

  private void multiply(int[] shape, Tensor x, Tensor weight, MemorySegment out) {
    int rows = shape[0];
    int outputs = shape[1];
    int inputs = shape[2];
    try {
      multiply.invokeExact(
          ROW_MAJOR,
          NO_TRANSPOSE,
          TRANSPOSE,
          rows,
          outputs,
          inputs,
          1f,
          x.segment(),
          inputs,
          weight.segment(),
          inputs,
          0f,
          out,
          outputs);
    } catch (Throwable t) {
      throw new IllegalStateException(t);
    }
  }

  /** Measures. */
  public static void main(String[] arguments) throws Throwable {
    int threads = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1;
    String library = arguments.length > 1 ? arguments[1] : "libopenblas.so.0";
    try (Arena arena = Arena.ofShared();
        Backend backend = Backends.open("vector", new BackendOptions(threads, Precision.F32, 0))) {
      OpenBlas openBlas = new OpenBlas(SymbolLookup.libraryLookup(library, arena), threads);
      System.out.println("| rows × outputs × inputs | MegaBERT | OpenBLAS | faster | difference |");
      System.out.println("|---|---|---|---|---|");
      for (int[] shape : SHAPES) {
        openBlas.compare(shape, arena, backend);
      }
    }
  }

  private void compare(int[] shape, Arena arena, Backend backend) throws InterruptedException {
    Tensor x = RandomTensor.of(arena, shape[0], shape[2]);
    Tensor weight = RandomTensor.of(arena, shape[1], shape[2]);
    Backend.Linear linear = backend.linear(List.of(weight), Collections.singletonList(null));
    Tensor theirs = Tensor.allocate(arena, DType.F32, Shape.of(shape[0], shape[1]));
    try (Computation computation = backend.begin()) {
      Matrix input = computation.upload(x);
      Matrix output = computation.matrix(shape[0], shape[1]);
      Runnable our = () -> computation.linear(input, linear, Activation.IDENTITY, null, output);
      Runnable their = () -> multiply(shape, x, weight, theirs.segment());
      double flops = 2.0 * shape[0] * shape[1] * shape[2];
      int repeats = (int) Math.max(1, 2e9 / flops);
      warmUp(our);
      warmUp(their);
      double[] ourTimes = new double[ROUNDS];
      double[] theirTimes = new double[ROUNDS];
      for (int round = 0; round < ROUNDS; round++) {
        ourTimes[round] = time(our, repeats);
        theirTimes[round] = time(their, repeats);
      }
      Arrays.sort(ourTimes);
      Arrays.sort(theirTimes);
      Tensor ours = Tensor.allocate(arena, DType.F32, Shape.of(shape[0], shape[1]));
      computation.read(output, ours.segment());
      double difference = 0;
      for (long i = 0; i < ours.elements(); i++) {
        difference = Math.max(difference, Math.abs(ours.getFloat(i) - theirs.getFloat(i)));
      }
      double ourMedian = ourTimes[ROUNDS / 2];
      double theirMedian = theirTimes[ROUNDS / 2];
      System.out.printf(
          Locale.ROOT,
          "| %d×%d×%d | %.0f GFLOP/s | %.0f GFLOP/s | %.2f | %.1e |%n",
          shape[0],
          shape[1],
          shape[2],
          flops / ourMedian / 1e9,
          flops / theirMedian / 1e9,
          theirMedian / ourMedian,
          difference);
    }
  }

  private static void warmUp(Runnable product) {
    long until = System.nanoTime() + (long) (1e9 * WARM_UP_SECONDS);
    do {
      product.run();
    } while (System.nanoTime() < until);
  }

  private static double time(Runnable product, int repeats) throws InterruptedException {
    Thread.sleep(PAUSE_MILLIS);
    // After a pause, a thread that is woken may wait for milliseconds on its caller's processor.
    long awake = System.nanoTime() + AWAKE_NANOS;
    do {
      product.run();
    } while (System.nanoTime() < awake);
    long start = System.nanoTime();
    for (int i = 0; i < repeats; i++) {
      product.run();
    }
    return (System.nanoTime() - start) / 1e9 / repeats;
  }
}
