package io.github.megabert.backend.vector;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.HostResidentMatrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tensor.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Keeps parameters in native memory and computes at once, on all threads of its team. */
final class VectorBackend implements Backend {
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

  private final Arena arena = Arena.ofShared();
  private final Workers workers;
  private final Precision precision;
  private final Kernels kernels;
  private final @Nullable WarmUp warmUp;
  private final AtomicLong packedWeights = new AtomicLong();
  private final ArrayDeque<Workspace> idle = new ArrayDeque<>();
  private boolean closed;

  VectorBackend(BackendOptions options) {
    this(options, new WarmUp());
  }

  private VectorBackend(BackendOptions options, WarmUp warmUp) {
    this(options, new WarmingKernels(warmUp), warmUp);
  }

  /** With kernels that need no warming up. */
  VectorBackend(BackendOptions options, Kernels kernels) {
    this(options, kernels, null);
  }

  private VectorBackend(BackendOptions options, Kernels kernels, @Nullable WarmUp warmUp) {
    this.kernels = kernels;
    this.warmUp = warmUp;
    precision = options.precision();
    workers = new Workers(options.threads());
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
        + (threads == 1 ? " thread" : " threads");
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
    return HostParameter.of(values, arena);
  }

  @Override
  public Linear linear(List<Tensor> weights, List<@Nullable Tensor> biases) {
    requireOpen();
    long packed = 0;
    for (Tensor weight : weights) {
      packed = packedWeights.addAndGet(weight.elements());
    }
    if (warmUp != null && packed > LARGE) {
      warmUp.anticipate(precision);
    }
    return Packing.pack(workers, arena, precision, weights, biases);
  }

  @Override
  public ResidentMatrix resident(int rows, int columns) {
    requireOpen();
    return new HostResidentMatrix(rows, columns);
  }

  @Override
  public Computation begin() {
    Workspace workspace;
    synchronized (idle) {
      requireOpen();
      workspace = idle.poll();
    }
    return new VectorComputation(
        this, workspace == null ? new Workspace(workers, kernels) : workspace);
  }

  /** Takes a workspace back when its computation is closed. */
  void release(Workspace workspace) {
    workspace.slabs.reset();
    synchronized (idle) {
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

  @Override
  public void close() {
    synchronized (idle) {
      if (closed) {
        return;
      }
      closed = true;
      idle.forEach(Workspace::close);
      idle.clear();
    }
    workers.close();
    arena.close();
  }
}
