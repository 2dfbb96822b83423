package io.github.megabert.tornado;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.spi.LinearShapes;
import io.github.megabert.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Arrays;
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
  private final @Nullable CudaDriver driver;
  private final DeviceMemory memory;
  private final Map<ProgramKey, Program> programs = new HashMap<>();
  private final Map<Integer, Deque<Operand>> freeResidents = new HashMap<>();
  private final Spares spares = new Spares();
  private final ReentrantLock deviceLock = new ReentrantLock();
  private volatile @Nullable Program latest;
  private HostClock latestClock = new HostClock();
  private volatile boolean closed;

  private TornadoBackend(TornadoDevice device, Precision precision) {
    this.device = device;
    this.precision = precision;
    type = device.getTornadoVMBackend();
    kernels = precision == Precision.F16 ? HalfKernelSet.SET : FloatKernelSet.SET;
    products = new Products(kernels, type == TornadoVMBackendType.CUDA, precision);
    driver = type == TornadoVMBackendType.CUDA ? CudaDriver.load() : null;
    memory = new DeviceMemory(device, new MemoryBudget(device, driver));
  }

  /**
   * Opens a device.
   *
   * @throws UnsupportedOperationException if it does not know the precision
   */
  static TornadoBackend open(TornadoDevice device, Precision precision) {
    boolean cuda = device.getTornadoVMBackend() == TornadoVMBackendType.CUDA;
    boolean known =
        switch (precision) {
          case F32, F16 -> true;
          case TF32, BF16 -> cuda;
          case INT8 -> false;
        };
    if (!known) {
      throw new UnsupportedOperationException(
          Devices.name(device)
              + " computes in f32 and f16"
              + (cuda ? ", tf32 and bf16" : " (TornadoVM's CUDA driver also in tf32 and bf16)")
              + ", not in "
              + precision.optionName()
              + ".");
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
    return new TornadoParameter(memory, element(), values);
  }

  @Override
  public Linear linear(List<Tensor> weights, List<@Nullable Tensor> biases) {
    requireOpen();
    LinearShapes shapes = LinearShapes.check(weights, biases);
    return TornadoLinear.of(memory, precision, shapes, weights, biases);
  }

  @Override
  public Parameter parameter(ResidentMatrix values) {
    throw noTraining();
  }

  @Override
  public Linear linear(ResidentMatrix weight, ResidentMatrix bias) {
    throw noTraining();
  }

  private static UnsupportedOperationException noTraining() {
    return new UnsupportedOperationException(
        "the tornado backend computes models, it does not train them yet;"
            + " train with the backend vector");
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
      return new Operand.Resident(memory.add(element().allocate(elements)));
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

  /** What matrices hold. */
  Element element() {
    return precision == Precision.F16 ? Element.HALF : Element.FLOAT;
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

  /** Whether cuDNN can serve attention: on CUDA, where binary16 is exact enough for the scores. */
  boolean fusesAttention() {
    return type == TornadoVMBackendType.CUDA && precision != Precision.F32;
  }

  DeviceMemory memory() {
    return memory;
  }

  /** What computations leave to the next ones. */
  Spares spares() {
    return spares;
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

  /** Like {@link #acquireDevice}, but 0 where that would have to wait. */
  int tryAcquireDevice() {
    if (!deviceLock.tryLock()) {
      return 0;
    }
    if (closed) {
      deviceLock.unlock();
      return 0;
    }
    return deviceLock.getHoldCount();
  }

  void releaseDevice() {
    deviceLock.unlock();
  }

  /**
   * The program that ran last if it is the one of these calls, otherwise null: comparing 250 calls
   * costs less than hashing them. The caller holds the device.
   */
  @Nullable Program latest(List<Call> calls, int depth) {
    Program program = latest;
    return program != null && program.isOf(calls, depth) ? program : null;
  }

  /** The program that ran last; null before the first. */
  @Nullable Program latest() {
    return latest;
  }

  /** Whether a program still is the one that ran last. The caller holds the device. */
  boolean isLatest(Program program, int depth) {
    return latest == program && program.depth() == depth;
  }

  /** The program of these calls, built if they are new. The caller holds the device. */
  Program program(
      List<Call> calls, int depth, Map<Operand, TornadoNativeArray> arrays, int integerCount) {
    memory.upload();
    Program program =
        programs.computeIfAbsent(
            new ProgramKey(calls, depth),
            key ->
                new Program(
                    "program" + programs.size(),
                    calls,
                    depth,
                    Map.copyOf(arrays),
                    integerCount,
                    memory,
                    device,
                    type != TornadoVMBackendType.OPENCL,
                    driver));
    latest = program;
    return program;
  }

  /**
   * Milliseconds that the program that ran last takes without the host's part: in a row of runs,
   * and alone, with the driver's start and the wait, medians of {@code repeats}. Negative where
   * that cannot be measured.
   */
  DeviceTime measureDevice(int repeats) {
    acquireDevice();
    try {
      Program program = latest;
      if (program == null || program.replay(1) < 0) {
        return new DeviceTime(-1, -1);
      }
      double[] inRow = new double[repeats];
      double[] alone = new double[repeats];
      for (int i = 0; i < repeats; i++) {
        alone[i] = program.replay(1) / 1e6;
        inRow[i] = (program.replay(3) / 1e6 - alone[i]) / 2;
      }
      Arrays.sort(inRow);
      Arrays.sort(alone);
      return new DeviceTime(inRow[repeats / 2], alone[repeats / 2]);
    } finally {
      releaseDevice();
    }
  }

  /** Keeps the clock of the program that ran last. The caller holds the device. */
  void keepClock(HostClock clock) {
    latestClock = clock;
  }

  /** The host's part of the program that ran last. */
  HostClock latestClock() {
    acquireDevice();
    try {
      return latestClock;
    } finally {
      releaseDevice();
    }
  }

  /** What {@link #measureDevice} found. */
  record DeviceTime(double inRow, double alone) {}

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
