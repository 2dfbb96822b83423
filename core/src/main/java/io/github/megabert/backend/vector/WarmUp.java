package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Gets vector kernels compiled while plain ones serve. A thread of its own runs each kernel that
 * has been asked for, on small operands, until a call is as fast as only compiled code can be.
 *
 * <p>It begins only after {@link #PATIENCE} multiply-adds, about a tenth of a second of plain
 * loops: a process that answers one question and ends would pay for compilations that it never
 * uses.
 */
@SuppressWarnings("EnumOrdinal") // The numbers of kernels never leave the process.
final class WarmUp {
  /** Plain multiply-adds before the warm-up begins. */
  private static final long PATIENCE = 1L << 27;

  /** Calls after which a kernel that never gets fast is left plain. */
  private static final int CALLS = 100_000;

  /** Fast calls in a row that count as proof. */
  private static final int PROOF = 20;

  /**
   * Nanoseconds of a call that is not fast. Compiled, the largest takes about 1 µs; with vectors as
   * objects none takes less than 30 µs.
   */
  private static final long SLOW = 12_000;

  private static final int TILES = 0;
  private static final int ACTIVATIONS = 12;
  static final int BIAS_AND_RESIDUAL = ACTIVATIONS + Activation.values().length;
  static final int RESIDUAL = BIAS_AND_RESIDUAL + 1;
  static final int LAYER_NORM = RESIDUAL + 1;
  static final int MAX = LAYER_NORM + 1;
  static final int SCALE_AND_ADD = MAX + 1;
  static final int EXPONENTIALS = SCALE_AND_ADD + 1;
  static final int SUM_OF_EXPONENTIALS = EXPONENTIALS + 1;
  static final int SCALE = SUM_OF_EXPONENTIALS + 1;
  private static final int KERNELS = SCALE + 1;

  private static final int COLD = 0;
  private static final int WANTED = 1;
  private static final int READY = 2;
  private static final int HOPELESS = 3;

  private final AtomicIntegerArray states = new AtomicIntegerArray(KERNELS);
  private final AtomicLong plainWork = new AtomicLong();
  private final AtomicBoolean running = new AtomicBoolean();

  /** The number of the tile of that height. */
  static int tile(int rows) {
    return TILES + rows - 1;
  }

  /** The number of the kernel that adds a bias and applies an activation. */
  static int activation(Activation activation) {
    return ACTIVATIONS + activation.ordinal();
  }

  /** Whether the vector kernel is compiled; if not, it is asked for and {@code work} noted. */
  boolean isReady(int kernel, long work) {
    int state = states.get(kernel);
    if (state == READY) {
      return true;
    }
    if (state == COLD) {
      states.compareAndSet(kernel, COLD, WANTED);
    }
    if (plainWork.get() > PATIENCE) {
      if (states.get(kernel) == WANTED && running.compareAndSet(false, true)) {
        Thread.ofPlatform().daemon().name("megabert-warm-up").start(this::warm);
      }
    } else {
      plainWork.addAndGet(work);
    }
    return false;
  }

  private void warm() {
    try (Arena arena = Arena.ofShared()) {
      Exercise exercise = new Exercise(arena);
      boolean any = true;
      while (any) {
        any = false;
        for (int kernel = 0; kernel < KERNELS; kernel++) {
          if (states.get(kernel) == WANTED) {
            any = true;
            states.set(kernel, becomesFast(exercise, kernel) ? READY : HOPELESS);
          }
        }
      }
    } finally {
      running.set(false);
    }
  }

  private static boolean becomesFast(Exercise exercise, int kernel) {
    int fast = 0;
    for (int call = 0; call < CALLS; call++) {
      long start = System.nanoTime();
      exercise.run(kernel, call);
      fast = System.nanoTime() - start < SLOW ? fast + 1 : 0;
      if (fast == PROOF) {
        return true;
      }
    }
    return false;
  }

  /** One small call of each kernel; odd and even calls take both sides of their branches. */
  private static final class Exercise {
    private static final int DEPTH = 48;
    private static final int COUNT = 6 * Lanes.COUNT + 3;
    private static final long STRIDE = 1024;

    private final VectorKernels kernels = new VectorKernels();
    private final MemorySegment operand;
    private final MemorySegment panel;
    private final MemorySegment result;

    Exercise(Arena arena) {
      operand = arena.allocate(12 * STRIDE, 64);
      panel = arena.allocate((long) DEPTH * Lanes.PANEL_BYTES, 64);
      result = arena.allocate(12 * STRIDE, 64);
    }

    void run(int kernel, int call) {
      int count = (call & 1) == 0 ? COUNT : COUNT - 3;
      if (kernel < ACTIVATIONS) {
        int rows = kernel - TILES + 1;
        boolean add = (call & 1) == 1;
        kernels.panel(rows, DEPTH, operand, 0, STRIDE, panel, 0, result, 0, STRIDE, add);
      } else if (kernel < BIAS_AND_RESIDUAL) {
        Activation activation = Activation.values()[kernel - ACTIVATIONS];
        kernels.biasAndActivation(activation, result, 0, operand, 0, count);
      } else if (kernel == BIAS_AND_RESIDUAL) {
        kernels.biasAndResidual(operand, panel, result, 0, operand, 0, count);
      } else if (kernel == RESIDUAL) {
        kernels.residual(operand, panel, result, 0, count);
      } else if (kernel == LAYER_NORM) {
        kernels.layerNorm(operand, result, 0, panel, panel, count, 1e-5f, result, STRIDE);
      } else if (kernel == MAX) {
        kernels.max(operand, 0, count);
      } else if (kernel == SCALE_AND_ADD) {
        kernels.scaleAndAdd(result, 0, count, 0.5f, STRIDE);
      } else if (kernel == SCALE) {
        kernels.scale(operand, 0, count, 0.5f, result, 0);
      } else {
        boolean store = kernel == EXPONENTIALS;
        kernels.exponentials(result, 0, count, 0, 1, store, operand, 0);
      }
    }
  }
}
