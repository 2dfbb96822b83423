package io.github.megabert.tornado;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.LinearShapes;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * One device. Matrices are float32 there, or binary16 with {@link Precision#F16}; one computation
 * runs at a time.
 */
final class TornadoBackend implements Backend {
  private record ProgramKey(List<Call> calls, int depth) {}

  private final TornadoDevice device;
  private final Precision precision;
  private final TornadoVMBackendType type;
  private final KernelSet kernels;
  private final Products products;
  private final DeviceMemory memory;
  private final Map<ProgramKey, Program> programs = new HashMap<>();
  private final Map<Integer, Deque<Operand>> freeResidents = new HashMap<>();
  private final ReentrantLock deviceLock = new ReentrantLock();
  private volatile boolean closed;

  private TornadoBackend(TornadoDevice device, Precision precision) {
    this.device = device;
    this.precision = precision;
    type = device.getTornadoVMBackend();
    boolean half = precision == Precision.F16;
    kernels = half ? KernelSet.HALF : KernelSet.FLOAT;
    products = new Products(kernels, type == TornadoVMBackendType.CUDA, precision);
    memory = new DeviceMemory(device, half);
  }

  static TornadoBackend open(TornadoDevice device, Precision precision) {
    if (precision == Precision.TF32 && device.getTornadoVMBackend() != TornadoVMBackendType.CUDA) {
      throw new UnsupportedOperationException(
          "tf32 needs TornadoVM's CUDA driver; "
              + Devices.name(device)
              + " computes in f32 and f16.");
    }
    return new TornadoBackend(device, precision);
  }

  @Override
  public String name() {
    return "tornado";
  }

  @Override
  public String device() {
    return Devices.name(device);
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public Parameter parameter(Tensor values) {
    requireOpen();
    int rank = values.shape().rank();
    if (rank != 1 && rank != 2) {
      throw new IllegalArgumentException(
          "a parameter is a vector or a table, not of shape " + values.shape());
    }
    return new TornadoParameter(memory, values);
  }

  @Override
  public Linear linear(List<Tensor> weights, List<@Nullable Tensor> biases) {
    requireOpen();
    return TornadoLinear.of(memory, LinearShapes.check(weights, biases), weights, biases);
  }

  @Override
  public ResidentMatrix resident(int rows, int columns) {
    requireOpen();
    int capacity = Buckets.rows(rows);
    int elements = Math.multiplyExact(capacity, Math.max(1, columns));
    Operand operand = takeResident(elements);
    TornadoMatrix matrix = new TornadoMatrix(null, operand, rows, columns, capacity);
    return new TornadoResidentMatrix(matrix, () -> giveResident(elements, operand));
  }

  /**
   * Arrays of closed resident matrices are used again: a program is compiled for the arrays that it
   * reads, so a new cache of an old size finds its programs compiled.
   */
  private Operand takeResident(int elements) {
    Operand free;
    synchronized (freeResidents) {
      free = freeResidents.computeIfAbsent(elements, e -> new ArrayDeque<>()).poll();
    }
    if (free == null) {
      return new Operand.Resident(memory.add(memory.allocate(elements)));
    }
    clear(free, elements);
    return free;
  }

  private void giveResident(int elements, Operand operand) {
    synchronized (freeResidents) {
      freeResidents.computeIfAbsent(elements, e -> new ArrayDeque<>()).push(operand);
    }
  }

  private void clear(Operand operand, int elements) {
    try (TornadoComputation computation = new TornadoComputation(this)) {
      computation.clear(operand, elements);
      computation.finish();
    }
  }

  @Override
  public Computation begin() {
    requireOpen();
    return new TornadoComputation(this);
  }

  KernelSet kernels() {
    return kernels;
  }

  Products products() {
    return products;
  }

  /** Whether the kernels over pairs run here: on CUDA, in binary16. */
  boolean hasPairs() {
    return type == TornadoVMBackendType.CUDA && precision == Precision.F16;
  }

  /** Whether cuDNN can serve attention: on CUDA, in binary16. */
  boolean fusesAttention() {
    return hasPairs();
  }

  DeviceMemory memory() {
    return memory;
  }

  /** Waits until no other thread's computation holds the device; returns how many this one has. */
  int acquireDevice() {
    deviceLock.lock();
    if (closed) {
      deviceLock.unlock();
      requireOpen();
    }
    return deviceLock.getHoldCount();
  }

  void releaseDevice() {
    deviceLock.unlock();
  }

  /** The program of these calls, built if they are new. The caller holds the device. */
  Program program(
      List<Call> calls, int depth, Map<Operand, TornadoNativeArray> arrays, int integerCount) {
    memory.upload();
    return programs.computeIfAbsent(
        new ProgramKey(calls, depth),
        key ->
            new Program(
                "program" + programs.size(),
                calls,
                Map.copyOf(arrays),
                integerCount,
                memory,
                device,
                type != TornadoVMBackendType.OPENCL));
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the tornado backend is closed");
    }
  }

  @Override
  public void close() {
    deviceLock.lock();
    try {
      if (!closed) {
        closed = true;
        programs.values().forEach(Program::close);
        programs.clear();
        memory.close();
      }
    } finally {
      deviceLock.unlock();
    }
  }
}
