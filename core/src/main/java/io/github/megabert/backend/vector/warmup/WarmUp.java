package io.github.megabert.backend.vector.warmup;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.gemm.NarrowWeights;
import io.github.megabert.backend.vector.gemm.ReadAhead;
import io.github.megabert.backend.vector.gemm.RowTiles;
import io.github.megabert.backend.vector.gemm.StridedRows;
import io.github.megabert.backend.vector.gemm.StridedTiles;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Gets vector kernels compiled while plain ones serve. A thread of its own runs each kernel that
 * has been asked for, on small operands, until a call is as fast as only compiled code can be.
 *
 * <p>It begins only after {@link #PATIENCE} multiply-adds, about a tenth of a second of plain
 * loops: a process that answers one question and ends would pay for compilations that it never
 * uses.
 */
@SuppressWarnings("EnumOrdinal") // The numbers of kernels never leave the process.
public final class WarmUp {
  /** Nanoseconds from the first plain kernel to the warm-up. */
  private static final long PATIENCE = 200_000_000;

  /** Calls that certainly get a kernel into the compiler's queue. */
  private static final int CALLS = 700;

  /**
   * Calls of one kernel before it is another's turn. After a branch that compiled code had not seen
   * C2 wants some hundred more, so there are as many in later turns.
   */
  private static final int TURN = 100;

  /**
   * Nanoseconds between turns, at first, once the compiler has all that is wanted in its queue.
   * Each pause is twice as long as the one before until something is fast: a kernel that never
   * becomes so must not keep a core busy.
   */
  private static final long PAUSE = 2_000_000;

  private static final long LONGEST_PAUSE = 1_000_000_000;

  /** Nanoseconds from an anticipation on in which a first computation waits for it. */
  private static final long LONGEST_WAIT = 3_000_000_000L;

  /** Nanoseconds between two looks while it waits. */
  private static final long LOOK = 500_000;

  /** Fast calls in a row that count as proof. */
  private static final int PROOF = 20;

  /**
   * Nanoseconds of a call that is not fast. Compiled by C2, the largest takes half a microsecond;
   * interpreted, none takes less than 20 µs. The first compiler's version of a kernel on rows may
   * pass: it is no slower than the plain one, and C2's follows.
   */
  private static final long SLOW = 3_000;

  /** Tiles of one row; of two and more rows follow. */
  static final int TILES = 0;

  /** Likewise of weights in bfloat16. */
  static final int BFLOAT16_TILES = TILES + RowTiles.MAX_ROWS;

  /** Likewise of weights in 8 bits. */
  static final int BYTE_TILES = BFLOAT16_TILES + RowTiles.MAX_ROWS;

  /** The high tile of strided rows. */
  static final int HIGH_TILE = BYTE_TILES + RowTiles.MAX_ROWS;

  /** The low one. */
  static final int LOW_TILE = HIGH_TILE + 1;

  /** The high tile of strided rows and weights in bfloat16. */
  static final int HIGH_BFLOAT16_TILE = LOW_TILE + 1;

  /** The low one. */
  static final int LOW_BFLOAT16_TILE = HIGH_BFLOAT16_TILE + 1;

  /** One row and several panels of weights in 8 bits. */
  static final int BYTE_ROW = LOW_BFLOAT16_TILE + 1;

  private static final int ACTIVATIONS = BYTE_ROW + 1;
  static final int BIAS_AND_RESIDUAL = ACTIVATIONS + Activation.values().length;
  static final int RESIDUAL = BIAS_AND_RESIDUAL + 1;
  static final int LAYER_NORM = RESIDUAL + 1;
  static final int MAX = LAYER_NORM + 1;
  static final int SCALE_AND_ADD = MAX + 1;
  static final int EXPONENTIALS = SCALE_AND_ADD + 1;
  static final int SUM_OF_EXPONENTIALS = EXPONENTIALS + 1;
  static final int EXPONENTIALS_OF_PANELS = SUM_OF_EXPONENTIALS + 1;
  static final int SCALE = EXPONENTIALS_OF_PANELS + 1;
  static final int ADD_ROWS = SCALE + 1;
  static final int EXPAND_HALVES = ADD_ROWS + 1;
  static final int EXPAND_BYTES = EXPAND_HALVES + 1;
  static final int DOTS = EXPAND_BYTES + 1;
  static final int WEIGHTED_SUM = DOTS + 1;
  private static final int KERNELS = WEIGHTED_SUM + 1;

  private static final int[] NONE = {};

  private static final int COLD = 0;
  private static final int WANTED = 1;
  private static final int READY = 2;

  private final AtomicIntegerArray states = new AtomicIntegerArray(KERNELS);
  private final AtomicLong begun = new AtomicLong();
  private final AtomicBoolean running = new AtomicBoolean();

  /** Kernels that the next computation waits for. */
  private volatile int[] anticipated = NONE;

  private volatile long awaitEnd;

  /** The number of the kernel that adds a bias and applies an activation. */
  static int activation(Activation activation) {
    return ACTIVATIONS + activation.ordinal();
  }

  /** Whether the vector kernel is compiled; if not, it is asked for. */
  boolean isReady(int kernel) {
    int state = states.get(kernel);
    if (state == READY) {
      return true;
    }
    if (state == COLD) {
      states.compareAndSet(kernel, COLD, WANTED);
    }
    if (isTime()) {
      begin();
    }
    return false;
  }

  /**
   * Begins at once with what a model needs for a first batch of usual size, while its weights are
   * still being packed: one of some hundred millions of parameters is not loaded for a moment.
   *
   * @param precision how the weights of matrix products are stored
   */
  void anticipate(Precision precision) {
    boolean isBFloat16 = precision == Precision.BF16;
    int expansion =
        switch (precision) {
          case F16 -> EXPAND_HALVES;
          case INT8 -> EXPAND_BYTES;
          default -> HIGH_TILE;
        };
    int[] kernels = {
      // Attention's are of float32 always.
      HIGH_TILE,
      LOW_TILE,
      isBFloat16 ? HIGH_BFLOAT16_TILE : HIGH_TILE,
      isBFloat16 ? LOW_BFLOAT16_TILE : LOW_TILE,
      expansion,
      activation(Activation.GELU),
      activation(Activation.IDENTITY),
      LAYER_NORM,
      MAX,
      EXPONENTIALS_OF_PANELS,
      SCALE,
      ADD_ROWS,
      BIAS_AND_RESIDUAL
    };
    boolean any = false;
    for (int kernel : kernels) {
      any |= states.compareAndSet(kernel, COLD, WANTED);
    }
    if (any) {
      awaitEnd = System.nanoTime() + LONGEST_WAIT;
      anticipated = kernels;
      begin();
    }
  }

  /**
   * Waits until what was anticipated is ready, but not for ever: on two processors, plain kernels
   * would take from the compiler what it needs, and the first answer of a large model came half a
   * second later. A thread that has been interrupted does not wait.
   */
  void awaitAnticipated() {
    int[] kernels = anticipated;
    if (kernels.length == 0) {
      return;
    }
    for (int kernel : kernels) {
      while (states.get(kernel) != READY
          && System.nanoTime() - awaitEnd < 0
          && !Thread.currentThread().isInterrupted()) {
        LockSupport.parkNanos(LOOK);
      }
    }
    anticipated = NONE;
  }

  private void begin() {
    if (running.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("megabert-warm-up").start(this::warm);
    }
  }

  private boolean isTime() {
    long now = System.nanoTime();
    long first = begun.get();
    if (first == 0) {
      begun.compareAndSet(0, now | 1);
      return false;
    }
    return now - first > PATIENCE;
  }

  /**
   * Takes turns at all kernels asked for, so that one whose compilation is late keeps no other
   * waiting; ends when each is fast.
   */
  private void warm() {
    try (Arena arena = Arena.ofShared()) {
      Exercise exercise = new Exercise(arena, this);
      int[] calls = new int[KERNELS];
      long pause = PAUSE;
      boolean any = true;
      while (any) {
        any = false;
        boolean waiting = true;
        for (int kernel = 0; kernel < KERNELS; kernel++) {
          if (states.get(kernel) == WANTED) {
            any = true;
            if (isFast(exercise, kernel, calls)) {
              states.set(kernel, READY);
              pause = PAUSE;
            }
            waiting &= calls[kernel] >= CALLS;
          }
        }
        if (any && waiting) {
          LockSupport.parkNanos(pause);
          pause = Math.min(2 * pause, LONGEST_PAUSE);
        }
      }
    } finally {
      running.set(false);
    }
  }

  /** One turn of a kernel: whether enough calls in a row were fast. */
  private static boolean isFast(Exercise exercise, int kernel, int[] calls) {
    int fast = 0;
    for (int turn = 0; turn < TURN && fast < PROOF; turn++) {
      int call = calls[kernel]++;
      boolean wasFast = exercise.run(kernel, call) < SLOW;
      fast = wasFast && !Exercise.isSmall(call) ? fast + 1 : 0;
    }
    return fast == PROOF;
  }

  /**
   * Small calls of each kernel. They must leave behind compiled code that other callers reach: so
   * each goes through a call site that sees three sets of kernels, where C2 does not inline. And
   * they take every branch, because compiled code falls back to the interpreter at a branch not yet
   * taken.
   */
  private static final class Exercise {
    /**
     * Calls of a kernel that are small. A loop of many turns is compiled for its own sake first,
     * for the call that is under way, which costs C2 up to five times what the method itself does
     * and serves no later call. So the JVM shall notice the calls before it notices the loops. They
     * prove nothing: what is small is fast in the first compiler's version too.
     */
    private static final int SMALL_CALLS = 200;

    private static final int DEPTH = 48;
    private static final int SMALL_DEPTH = 4;

    /** So many times as deep, a panel has more than one group. */
    private static final int GROUPED = 3;

    /**
     * So many that {@link #CALLS} calls are enough for C2 by the JVM's own thresholds, which count
     * a loop's turns too: of short rows, LayerNorm was not compiled for a minute.
     */
    private static final int WHOLE_PANELS = 32 * Lanes.COUNT;

    private static final int ODD_COUNT = 33 * Lanes.COUNT + 3;
    private static final int SMALL_WHOLE_PANELS = 2 * Lanes.COUNT;
    private static final int SMALL_ODD_COUNT = Lanes.COUNT + 3;
    private static final long STRIDE = 4096;

    /** Rows of two high or three low tiles. */
    private static final int ROWS = 2 * StridedTiles.HIGH;

    /**
     * Of so many calls of the vector kernels, the others join one, with as little work as there is,
     * or they would be compiled too.
     */
    private static final int OTHERS = 5;

    private final Kernels[] others;
    private final Kernels vector = new VectorKernels();
    private final MemorySegment operand;
    private final MemorySegment panel;
    private final MemorySegment result;
    private final MemorySegment sums;
    private final float[] strided = new float[ROWS * StridedRows.DISTANCE];

    Exercise(Arena arena, WarmUp warmUp) {
      others = new Kernels[] {new PlainKernels(), new WarmingKernels(warmUp)};
      operand = arena.allocate(ROWS * STRIDE, 64);
      panel = arena.allocate((long) (DEPTH + 1) * Lanes.PANEL_BYTES, 64);
      result = arena.allocate(ROWS * STRIDE, 64);
      sums = arena.allocate((long) (ROWS + NarrowWeights.GROUP) * Lanes.PANEL_BYTES, 64);
    }

    static boolean isSmall(int call) {
      return call < SMALL_CALLS;
    }

    /** Runs the kernel; the nanoseconds of the vector one. */
    long run(int kernel, int call) {
      if (call % OTHERS == 0) {
        for (Kernels set : others) {
          run(set, kernel, call, 1, 1);
        }
      }
      boolean isOdd = call % 2 == 1;
      boolean isSmall = isSmall(call);
      int smallCount = isOdd ? SMALL_ODD_COUNT : SMALL_WHOLE_PANELS;
      int count = isOdd ? ODD_COUNT : WHOLE_PANELS;
      long start = System.nanoTime();
      run(vector, kernel, call, isSmall ? SMALL_DEPTH : DEPTH, isSmall ? smallCount : count);
      long nanos = System.nanoTime() - start;
      if (kernel < ACTIVATIONS) {
        panel(vector, kernel, 1 + call % 2, 2);
      }
      return nanos;
    }

    private void run(Kernels set, int kernel, int call, int depth, int count) {
      boolean odd = call % 2 == 1;
      int bytes = Lanes.PANEL_BYTES;
      if (kernel < ACTIVATIONS) {
        panel(set, kernel, 1 + call % 2, depth);
      } else if (kernel < BIAS_AND_RESIDUAL) {
        Activation activation = Activation.values()[kernel - ACTIVATIONS];
        set.biasAndActivation(activation, result, 0, bytes, result, 0, operand, 0, count);
      } else if (kernel == BIAS_AND_RESIDUAL) {
        set.biasAndResidual(operand, 0, bytes, panel, result, 0, operand, 0, count);
      } else if (kernel == RESIDUAL) {
        set.residual(operand, 0, panel, result, 0, count);
      } else if (kernel == LAYER_NORM) {
        set.layerNorm(operand, result, 0, panel, panel, count, 1e-5f, result, STRIDE);
      } else if (kernel == MAX) {
        set.max(operand, 0, bytes, count);
      } else if (kernel == SCALE_AND_ADD) {
        set.scaleAndAdd(result, 0, bytes, count, 0.5f, STRIDE);
      } else if (kernel == EXPAND_HALVES) {
        set.expandHalves(operand, 0, Math.min(count, odd ? 10 : 11), panel, 0);
      } else if (kernel == EXPAND_BYTES) {
        set.expandBytes(operand, 0, Math.min(count, odd ? 10 : 11), operand, 0, panel, 0);
      } else if (kernel == ADD_ROWS) {
        set.addRows(odd ? 3 : 2, count, operand, 0, STRIDE, result, 0, STRIDE);
      } else if (kernel == DOTS) {
        set.dots(operand, 0, count, operand, 0, STRIDE, odd ? 5 : 4, result, 0);
      } else if (kernel == WEIGHTED_SUM) {
        set.weightedSum(operand, 0, odd ? 5 : 4, operand, 0, STRIDE, count, result, 0);
      } else if (kernel == EXPONENTIALS_OF_PANELS) {
        set.exponentialsOfPanels(result, 0, bytes, count, 0, 1, strided, 0, operand, 0);
      } else if (kernel == SCALE) {
        set.scale(operand, 0, bytes, count, 0.5f, result, 0);
      } else {
        boolean store = kernel == EXPONENTIALS;
        set.exponentials(result, 0, count, 0, 1, store, operand, 0);
      }
    }

    /** A product of one or two tiles. */
    private void panel(Kernels set, int kernel, int tiles, int depth) {
      int rows = 1 + kernel % RowTiles.MAX_ROWS;
      if (kernel == BYTE_ROW) {
        // Of one group and of several.
        int deep = depth * (tiles == 1 ? 1 : GROUPED);
        set.bytePanels(deep, operand, 0, panel, 0, 0, panel, 0, 0, result, 0);
      } else if (kernel >= HIGH_TILE) {
        boolean isHigh = kernel == HIGH_TILE || kernel == HIGH_BFLOAT16_TILE;
        int tiled = tiles * (isHigh ? StridedTiles.HIGH : StridedTiles.LOW);
        Precision precision = kernel >= HIGH_BFLOAT16_TILE ? Precision.BF16 : Precision.F32;
        long bytes = NarrowWeights.bytes(precision, depth);
        ReadAhead.Way way = ReadAhead.Way.values()[(tiles + depth) % 3];
        set.stridedPanel(
            tiled, depth, strided, 0, precision, panel, 0, panel, 0, bytes, way, result, 0);
      } else if (kernel >= BYTE_TILES) {
        set.bytePanel(rows, depth, operand, 0, STRIDE, panel, 0, panel, 0, sums, 0, result, 0);
      } else if (kernel >= BFLOAT16_TILES) {
        set.bfloat16Panel(rows, depth, operand, 0, STRIDE, panel, 0, result, 0);
      } else {
        set.panel(rows, depth, operand, 0, STRIDE, panel, 0, result, 0);
      }
    }
  }
}
