// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import io.github.megabert.tornado.cuda.CublasLibrary;
import io.github.megabert.tornado.cuda.CudaDriver;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoInternalError;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The programs of a device, its memory, and the lock under which one computation at a time runs
 * them.
 */
public final class Programs implements AutoCloseable {
  private record Key(List<Call> calls, int depth) {}

  /**
   * Of all NVIDIA's devices of the process: while one thread captures a graph, TornadoVM's driver
   * has the calls of all others fail ({@code CU_STREAM_CAPTURE_MODE_GLOBAL}).
   */
  private static final ReentrantLock CUDA = new ReentrantLock();

  private final TornadoDevice device;
  private final DeviceFailures failures;
  private final UnaryOperator<List<Call>> joined;
  private final boolean replay;
  private final @Nullable CudaDriver driver;
  private final DeviceMemory memory;
  private final Map<Key, Program> programs = new HashMap<>();
  private final CompiledKernels kernels = new CompiledKernels();
  private final OperandPool pool = new OperandPool();
  private final ReentrantLock lock;

  /** Those that are taken: each has scratch memory of its own. Whoever holds the lock uses it. */
  private final BitSet places = new BitSet();

  private volatile @Nullable Program latest;

  /** Which program ran last time after each: a step of training has several. */
  private final Map<Program, Program> followers = new ConcurrentHashMap<>();

  private HostClock latestClock = new HostClock();
  private volatile boolean closed;

  /**
   * Takes a device.
   *
   * @param name the device in words
   * @param joined makes fewer calls of recorded ones where it can
   */
  public Programs(TornadoDevice device, String name, UnaryOperator<List<Call>> joined) {
    this.device = device;
    failures = new DeviceFailures(name);
    this.joined = joined;
    replay = device.getTornadoVMBackend() != TornadoVMBackendType.OPENCL;
    driver = isCuda() ? CudaDriver.load() : null;
    lock = isCuda() ? CUDA : new ReentrantLock();
    memory = new DeviceMemory(device, new MemoryBudget(name, device, driver), driver);
  }

  /**
   * Makes products of cuBLAS known to TornadoVM that it does not bring itself.
   *
   * @throws UnsupportedOperationException if cuBLAS is not there
   */
  public void useCublas() {
    if (driver == null) {
      throw new UnsupportedOperationException("without NVIDIA's driver there is no cuBLAS");
    }
    CublasLibrary.register(driver);
  }

  /** Whether the device is NVIDIA's, by its own driver. */
  public boolean isCuda() {
    return device.getTornadoVMBackend() == TornadoVMBackendType.CUDA;
  }

  /** What stays on the device. */
  public DeviceMemory memory() {
    return memory;
  }

  /** What computations leave to the next ones. */
  OperandPool pool() {
    return pool;
  }

  /**
   * Does something while no other thread's computation has the device and nothing runs on it.
   *
   * @param direct copies to the device or from it
   */
  public <T> T alone(Supplier<T> direct) {
    hold();
    try {
      // This thread's own may run, begun ahead or not waited for.
      programs.values().forEach(Program::await);
      return direct.get();
    } catch (RuntimeException | TornadoInternalError failure) {
      throw failures.explained(failure);
    } finally {
      lock.unlock();
    }
  }

  /** Likewise, without a result. */
  public void alone(Runnable direct) {
    boolean _ =
        alone(
            () -> {
              direct.run();
              return true;
            });
  }

  /**
   * Waits until no other thread's computation holds the device, and takes a place on it.
   *
   * @return the number of the place, from 1, for {@link #release}
   */
  int acquire() {
    hold();
    return takePlace();
  }

  /** Like {@link #acquire}, but 0 where that would have to wait. */
  int tryAcquire() {
    if (!lock.tryLock()) {
      return 0;
    }
    if (closed) {
      lock.unlock();
      return 0;
    }
    return takePlace();
  }

  /** The first that is free: a thread's computations need not end in the order they began in. */
  private int takePlace() {
    int place = places.nextClearBit(1);
    places.set(place);
    return place;
  }

  void release(int place) {
    if (!lock.isHeldByCurrentThread()) {
      throw new IllegalStateException("a computation is closed by the thread that has run it");
    }
    places.clear(place);
    lock.unlock();
  }

  private void hold() {
    lock.lock();
    if (closed) {
      lock.unlock();
      requireOpen();
    }
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
  public @Nullable Program latest() {
    return latest;
  }

  /** The program that ran last time after the one that ran last; null before the first. */
  @Nullable Program expected() {
    Program program = latest;
    return program == null ? null : followers.getOrDefault(program, program);
  }

  /** Notes which program runs. The caller holds the device. */
  void runs(Program program) {
    Program before = latest;
    if (before != null) {
      followers.put(before, program);
    }
    latest = program;
  }

  /**
   * The program of these calls, built if they are new. The caller holds the device.
   *
   * @param place finds room for the scratch of the calls that are left of them
   */
  Program of(
      List<Call> calls,
      int depth,
      Function<List<Call>, Map<Operand, TornadoNativeArray>> place,
      int integerCount) {
    Key key = new Key(calls, depth);
    Program program = programs.get(key);
    if (program == null) {
      List<Call> tasks = joined.apply(calls);
      Map<Operand, TornadoNativeArray> arrays = Map.copyOf(place.apply(tasks));
      upload();
      program = build("program" + programs.size(), calls, tasks, depth, arrays, integerCount);
      programs.put(key, program);
    }
    return program;
  }

  private void upload() {
    try {
      memory.upload();
    } catch (RuntimeException | TornadoInternalError failure) {
      throw failures.explained(failure);
    }
  }

  private Program build(
      String name,
      List<Call> calls,
      List<Call> tasks,
      int depth,
      Map<Operand, TornadoNativeArray> arrays,
      int integerCount) {
    return new Program(
        name,
        calls,
        tasks,
        depth,
        arrays,
        integerCount,
        memory,
        device,
        replay,
        driver,
        kernels,
        failures);
  }

  /**
   * Milliseconds that the program that ran last takes without the host's part: in a row of runs,
   * and alone, with the driver's start and the wait, medians of {@code repeats}. Negative where
   * that cannot be measured.
   */
  public DeviceTime measureDevice(int repeats) {
    hold();
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
      lock.unlock();
    }
  }

  /**
   * What the tasks of a program cost, the dearest first. The matrices hold nonsense afterwards.
   *
   * @param program one that has run
   */
  public List<TaskCost> costs(Program program) {
    hold();
    try {
      int[] built = {0};
      return TaskCost.of(
          program,
          tasks ->
              build(
                  "costs" + System.identityHashCode(program) + "x" + built[0]++,
                  tasks,
                  tasks,
                  program.depth(),
                  program.arrays(),
                  program.integerCount()));
    } finally {
      lock.unlock();
    }
  }

  /** All programs, to see what they cost. */
  public List<Program> all() {
    hold();
    try {
      return List.copyOf(programs.values());
    } finally {
      lock.unlock();
    }
  }

  /** Keeps the clock of the program that ran last. The caller holds the device. */
  void keepClock(HostClock clock) {
    latestClock = clock;
  }

  /** The host's part of the program that ran last. */
  public HostClock latestClock() {
    hold();
    try {
      return latestClock;
    } finally {
      lock.unlock();
    }
  }

  /**
   * What has been made since the backend was opened. A repeated step adds nothing.
   *
   * @param programs lists of calls with their task graphs
   * @param kernels compiled for the device
   */
  public record Made(int programs, int kernels) {}

  /** What has been made. */
  public Made made() {
    hold();
    try {
      return new Made(programs.size(), kernels.count());
    } finally {
      lock.unlock();
    }
  }

  /** What {@link #measureDevice} found. */
  public record DeviceTime(double inRow, double alone) {}

  /** Throws {@link IllegalStateException} after {@link #close}. */
  public void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the tornado backend is closed");
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        programs.values().forEach(Program::close);
        programs.clear();
        followers.clear();
        memory.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
