// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.UnsupportedOptionException;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.host.HostResidentMatrix;
import io.github.megabert.backend.vector.attention.Attention;
import io.github.megabert.backend.vector.gemm.FmaPeak;
import io.github.megabert.backend.vector.gemm.Gemm;
import io.github.megabert.backend.vector.gemm.MachineNarrowTiles;
import io.github.megabert.backend.vector.gemm.MachineTiles;
import io.github.megabert.backend.vector.gemm.PackedLinear;
import io.github.megabert.backend.vector.gemm.Packing;
import io.github.megabert.backend.vector.gemm.ReadAhead;
import io.github.megabert.backend.vector.memory.HostParameter;
import io.github.megabert.backend.vector.memory.SecondLevelCache;
import io.github.megabert.backend.vector.rows.LayerNormRow;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.WarmUp;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tensor.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Keeps parameters in native memory and computes at once, on all threads of its team. */
public final class VectorBackend implements Backend {
  static {
    // Interpreted, the Vector API makes heap segments. If their classes were loaded only then,
    // every
    // kernel compiled for native segments alone would be thrown away: seconds of interpretation.
    for (MemorySegment heap :
        new MemorySegment[] {
          MemorySegment.ofArray(new byte[1]),
          MemorySegment.ofArray(new short[1]),
          MemorySegment.ofArray(new int[1]),
          MemorySegment.ofArray(new long[1]),
          MemorySegment.ofArray(new float[1]),
          MemorySegment.ofArray(new double[1]),
        }) {
      heap.fill((byte) 0);
    }
  }

  /** Weights of a model that is worth compiling for before its first question. */
  private static final long LARGE = 60_000_000;

  /** Weights, in float32, beyond which not all stay in a core's own cache. */
  private static final long CACHED = SecondLevelCache.bytes() / Float.BYTES;

  /** Nanoseconds that closing waits for computations of other threads. */
  private static final long PATIENCE = 30_000_000_000L;

  private final Arena arena = Arena.ofShared();
  private final Workers workers;
  private final Precision precision;
  private final boolean packing;
  private final Forms forms;
  private final ReadAhead readAhead = new ReadAhead();
  private final AtomicLong packedWeights = new AtomicLong();
  private final AtomicLong parameterBytes = new AtomicLong();

  /** Whether a layer has been made that is to be trained. */
  private final AtomicBoolean isTraining = new AtomicBoolean();

  private final ArrayDeque<Workspace> idle = new ArrayDeque<>();

  /** Threads with a computation that is not closed, once for each. Guarded by {@link #idle}. */
  private final List<Thread> computing = new ArrayList<>();

  private boolean closed;

  public VectorBackend(BackendOptions options) {
    this(options, Forms.WARMING);
  }

  public VectorBackend(BackendOptions options, Forms forms) {
    this.forms = forms;
    precision = options.precision();
    packing = options.packing();
    workers = new Workers(options.threads());
    if (forms == Forms.WARMING) {
      WarmUp.PROCESS.opened();
      MachineTiles.prepare();
    }
  }

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public String device() {
    return deviceLine(workers.threads());
  }

  /** The machine in words. */
  static String deviceLine(int threads) {
    return Lanes.COUNT
        + " float lanes ("
        + Lanes.COUNT * Float.SIZE
        + " bits), "
        + threads
        + (threads == 1 ? " thread, " : " threads, ")
        + SecondLevelCache.text();
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public double measurePeak() {
    return FmaPeak.gigaflops(workers.threads());
  }

  @Override
  public Parameter parameter(Tensor values) {
    requireOpen();
    HostParameter parameter = HostParameter.of(values, arena);
    parameterBytes.addAndGet(parameter.segment().byteSize());
    return parameter;
  }

  @Override
  public Linear linear(List<Tensor> weights, List<@Nullable Tensor> biases) {
    requireOpen();
    long elements = weights.stream().mapToLong(Tensor::elements).sum();
    long packed = packedWeights.addAndGet(elements);
    if (packed > LARGE && forms == Forms.WARMING) {
      WarmUp.PROCESS.anticipate(kernels());
    }
    boolean inWords = forms == Forms.WARMING;
    PackedLinear linear =
        !packing && Packing.areShared(weights)
            ? Packing.leave(arena, weights, biases)
            : Packing.pack(workers, arena, precision, weights, biases, packed > CACHED, inWords);
    parameterBytes.addAndGet(linear.memory());
    return linear;
  }

  /** What the first batch of a model of usual size needs, what takes longest first. */
  private Set<Kernel> kernels() {
    Set<Kernel> kernels = new LinkedHashSet<>(Attention.kernels());
    kernels.addAll(Gemm.kernels(precision));
    if (MachineRows.get(Forms.WARMING) == null) {
      kernels.add(LayerNormRow.KERNEL);
    }
    return kernels;
  }

  @Override
  public Parameter parameter(ResidentMatrix values) {
    requireOpen();
    return HostParameter.live(HostMatrix.of(values));
  }

  @Override
  public Linear linear(ResidentMatrix weight, ResidentMatrix bias) {
    requireOpen();
    if (precision != Precision.F32 && precision != Precision.BF16) {
      throw new UnsupportedOptionException(
          UnsupportedOptionException.Option.PRECISION,
          "the vector backend trains in f32 or bf16, not in "
              + precision.optionName()
              + "; choose one of them as the precision (--dtype)");
    }
    if (forms == Forms.WARMING && isTraining.compareAndSet(false, true)) {
      // Training is never over in a moment: its kernels are compiled while the model is loaded.
      WarmUp.PROCESS.prepare(TrainingWorkspace.kernels(precision));
    }
    return PackedLinear.live(
        precision, HostMatrix.of(weight), HostMatrix.ofElements(bias, "the bias", weight.rows()));
  }

  @Override
  public ResidentMatrix resident(int rows, int columns) {
    requireOpen();
    return new HostResidentMatrix(rows, columns);
  }

  @Override
  public OptionalLong parameterBytes() {
    return OptionalLong.of(parameterBytes.get());
  }

  @Override
  public CompletableFuture<Void> warmUp() {
    requireOpen();
    return forms == Forms.WARMING
        ? WarmUp.PROCESS.warm(kernels())
        : CompletableFuture.completedFuture(null);
  }

  @Override
  public Computation begin() {
    requireOpen();
    // What is slow until compiled are the tiles above all, unless they are machine code.
    boolean needsNoWarmUp =
        (precision == Precision.F32 && MachineTiles.serve())
            || MachineNarrowTiles.of(precision) != null;
    if (forms == Forms.WARMING && !needsNoWarmUp) {
      WarmUp.PROCESS.awaitAnticipated();
    }
    Workspace workspace;
    synchronized (idle) {
      requireOpen();
      workspace = idle.poll();
      computing.add(Thread.currentThread());
      workers.enter();
    }
    return new VectorComputation(
        this, workspace == null ? new Workspace(workers, forms, readAhead) : workspace);
  }

  /** Takes a workspace back when the computation that a thread began is closed. */
  void release(Workspace workspace, Thread owner) {
    workspace.slabs.reset();
    workers.leave();
    synchronized (idle) {
      computing.remove(owner);
      idle.notifyAll();
      if (!closed) {
        idle.push(workspace);
        return;
      }
    }
    workspace.close();
  }

  private void requireOpen() {
    synchronized (idle) {
      if (closed) {
        throw new IllegalStateException("the vector backend is closed");
      }
    }
  }

  /**
   * Refuses new computations, lets those of other threads end, some seconds at most, and frees
   * everything.
   */
  @Override
  public void close() {
    synchronized (idle) {
      if (closed) {
        return;
      }
      closed = true;
      awaitOthers();
      idle.forEach(Workspace::close);
      idle.clear();
    }
    if (forms == Forms.WARMING) {
      WarmUp.PROCESS.closed();
    }
    workers.close();
    arena.close();
    parameterBytes.set(0);
  }

  /** Holding {@link #idle}. */
  private void awaitOthers() {
    long end = System.nanoTime() + PATIENCE;
    Thread mine = Thread.currentThread();
    while (computing.stream().anyMatch(thread -> thread != mine && thread.isAlive())) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return;
      }
      try {
        idle.wait(left);
      } catch (InterruptedException interrupted) {
        mine.interrupt();
        return;
      }
    }
  }
}
