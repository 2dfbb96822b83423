// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import io.github.megabert.tornado.cuda.CapturedGraphs;
import io.github.megabert.tornado.cuda.CudaDriver;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoTaskGraphInterface;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.exceptions.TornadoInternalError;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** A list of calls as {@link ProgramGraphs task graphs} that can be replayed. */
public final class Program implements AutoCloseable {
  /** For how many calls all integers are copied first, once some had not been what they were. */
  private static final int CALLS_WITH_ALL = 50;

  private final List<Call> calls;
  private final List<Call> tasks;
  private final int depth;
  private final Map<Operand, TornadoNativeArray> arrays;
  private final ProgramGraphs graphs;
  private final TornadoExecutionPlan plan;
  private final TornadoExecutionPlan configured;
  private final TornadoDevice device;
  private final @Nullable CudaDriver driver;
  private final CompiledKernels kernels;
  private final DeviceFailures failures;
  private @Nullable CapturedGraphs captured;
  private volatile List<Step> steps = List.of();
  private volatile int[] startSteps = {};
  private boolean linked;
  private boolean running;

  /** Graphs that have been started ahead of {@link #run}. */
  private int started;

  /** Integers of the computation that the graphs' array is known to hold. */
  private int filled;

  private int callsWithAll;

  /**
   * Builds the graphs; the kernels are compiled at the first run.
   *
   * @param calls what was recorded
   * @param tasks what does the same in fewer calls
   * @param depth the place on the device of the computations that run it
   * @param arrays the resident and scratch arrays of all operands
   * @param integerCount integers of a computation
   * @param replay whether the driver can capture the graphs and replay them in one launch
   * @param driver replays captured graphs faster than TornadoVM; null where it is not NVIDIA's
   * @param kernels those that are compiled already
   * @param failures what is thrown where the device fails
   */
  Program(
      String name,
      List<Call> calls,
      List<Call> tasks,
      int depth,
      Map<Operand, TornadoNativeArray> arrays,
      int integerCount,
      DeviceMemory memory,
      TornadoDevice device,
      boolean replay,
      @Nullable CudaDriver driver,
      CompiledKernels kernels,
      DeviceFailures failures) {
    this.device = device;
    this.failures = failures;
    this.driver = driver;
    this.kernels = kernels;
    this.calls = calls;
    this.tasks = tasks;
    this.depth = depth;
    this.arrays = arrays;
    boolean early = replay && driver != null;
    graphs = new ProgramGraphs(name, tasks, arrays, integerCount, memory, early);
    plan = new TornadoExecutionPlan(graphs.snapshots());
    TornadoExecutionPlan withDevice = plan.withDevice(device);
    if (tasks.stream().anyMatch(task -> task.grid() != null)) {
      withDevice = withDevice.withGridScheduler(graphs.grids());
    }
    configured = replay ? withDevice.withCUDAGraph() : withDevice;
  }

  /** How many integers a computation has. */
  int integerCount() {
    return graphs.integerCount();
  }

  /** What it runs. */
  List<Call> tasks() {
    return tasks;
  }

  /** The steps that computations last recorded for it. */
  List<Step> steps() {
    return steps;
  }

  /**
   * Keeps steps, whose calls are this program's, for the computations to come.
   *
   * @param mayBegin whether they were expected, and write scratch only
   */
  void keep(List<Step> latest, boolean mayBegin) {
    boolean early = mayBegin && captured != null;
    if (!early) {
      startSteps = new int[0];
    } else if (startSteps.length == 0 || !Objects.equals(latest, steps)) {
      int[] after = new int[graphs.brief()];
      Arrays.setAll(after, graph -> graphs.stepsBefore(graph, latest));
      startSteps = after;
    }
    steps = latest;
  }

  /**
   * After how many steps each of the brief graphs may be {@link #start started}; empty where that
   * may not be.
   */
  public int[] startSteps() {
    return startSteps;
  }

  /** The place on the device of the computations that run it. */
  int depth() {
    return depth;
  }

  /** Whether this is the program of these calls. */
  boolean isOf(List<Call> others, int depthOfOthers) {
    return depth == depthOfOthers && calls.equals(others);
  }

  /** The arrays of all operands. */
  Map<Operand, TornadoNativeArray> arrays() {
    return arrays;
  }

  /**
   * Starts the next brief graph, ahead of {@link #run}.
   *
   * @param block the integers up to here; those of steps to come may still be others than before
   */
  void start(IntegerBlock block, HostClock clock) {
    try {
      if (started == 0) {
        startFirst(block, clock);
      } else {
        send(block);
        captured().launch(started, started + 1);
      }
    } catch (RuntimeException | TornadoInternalError failure) {
      throw failures.explained(failure);
    }
    started++;
  }

  /**
   * Starts the first graph with new token ids; token types and positions mostly are what they were,
   * which is found out while the device computes.
   */
  private void startFirst(IntegerBlock block, HostClock clock) {
    await();
    running = true;
    if (callsWithAll > 0) {
      callsWithAll--;
      graphs.fill(block, List.of());
      filled = block.size();
    } else {
      filled = graphs.fillFirst(block);
    }
    clock.ended(HostClock.Part.FILL);
    captured().launch(0, 1);
    clock.ended(HostClock.Part.START);
    if (send(block)) {
      captured().launch(0, 1);
      callsWithAll = CALLS_WITH_ALL;
    }
  }

  /**
   * Brings integers to the device that graphs to come read, behind those that are under way.
   *
   * @return whether they were others before
   */
  private boolean send(IntegerBlock block) {
    int from = filled;
    filled = block.size();
    boolean others = graphs.fillFrom(block, from);
    if (others) {
      long bytes = (filled - from) * (long) Integer.BYTES;
      TornadoTaskGraphInterface first = graphs.graphs().getFirst();
      captured().write(first, graphs.integers(), from * (long) Integer.BYTES, bytes);
    }
    return others;
  }

  /** Forgets which graphs have been started, when they have run. */
  void undo() {
    await();
    started = 0;
    startSteps = new int[0];
  }

  /**
   * Runs the graphs, or starts them: {@link #await} and {@link #read} wait. The results are on the
   * device.
   */
  void run(IntegerBlock block, List<float[]> values, HostClock clock) {
    try {
      launch(block, values, clock);
    } catch (RuntimeException | TornadoInternalError failure) {
      throw failures.explained(failure);
    }
  }

  private void launch(IntegerBlock block, List<float[]> values, HostClock clock) {
    if (started > 0) {
      send(block);
    } else {
      await();
      graphs.fill(block, values);
      clock.ended(HostClock.Part.FILL);
    }
    if (captured != null) {
      if (started == 0) {
        captured.launch(started++, 1);
        clock.ended(HostClock.Part.START);
      }
      captured.launch(started, captured.count());
      started = 0;
      running = true;
      clock.ended(HostClock.Part.REST);
      return;
    }
    runFirst();
  }

  /** Runs for the first time, with what another program was given last. */
  void runLike(Program other) {
    graphs.takeInputs(other.graphs);
    runFirst();
  }

  private void runFirst() {
    if (linked) {
      runAll();
    } else {
      CompiledKernels.build(this::runAll);
    }
  }

  private void runAll() {
    List<TornadoTaskGraphInterface> all = graphs.graphs();
    for (int i = 0; i < all.size(); i++) {
      if (!linked) {
        graphs.linkWithOwners(i);
        kernels.prepare(all.get(i), graphs.signatures(i));
      }
      configured.withGraph(i).execute();
      if (!linked) {
        kernels.keep(all.get(i), graphs.signatures(i));
      }
      // The plan makes the last graph the source of the next one's arrays; all have theirs already.
      all.forEach(graph -> graph.setLastExecutedTaskGraph(graph));
    }
    linked = true;
    if (driver != null) {
      captured = CapturedGraphs.of(driver, device, plan.getId(), all);
    }
  }

  /**
   * Runs what ran last again, without the host's part.
   *
   * @return nanoseconds for {@code times} runs in a row, or -1 where TornadoVM replays the graphs
   */
  long replay(int times) {
    await();
    if (captured == null) {
      return -1;
    }
    long start = System.nanoTime();
    for (int i = 0; i < times; i++) {
      captured.launch(0, captured.count());
    }
    captured.await();
    return System.nanoTime() - start;
  }

  private CapturedGraphs captured() {
    if (captured == null) {
      throw new IllegalStateException("the graphs have not been captured");
    }
    return captured;
  }

  /** Waits until the graphs have run. */
  public void await() {
    if (running && captured != null) {
      // Also where it fails: who closes what has failed does not meet it again.
      running = false;
      try {
        captured.await();
      } catch (RuntimeException failure) {
        throw failures.explained(failure);
      }
    }
  }

  /** Copies the first {@code elements} of an array of the program to its host memory. */
  public void read(TornadoNativeArray array, long elements) {
    TornadoTaskGraphInterface graph = graphs.lastUser(array);
    if (graph == null) {
      throw new IllegalArgumentException("no operation has written the matrix that is read");
    }
    long bytes = elements * array.getElementSize();
    // The copy follows the graphs on their stream and is waited for.
    running = false;
    try {
      if (captured != null) {
        captured.read(graph, array, bytes);
      } else {
        graph.syncRuntimeTransferToHost(array, TornadoNativeArray.ARRAY_HEADER, bytes);
      }
    } catch (RuntimeException | TornadoInternalError failure) {
      throw failures.explained(failure);
    }
  }

  /** Whether {@link #read} can read the array. */
  public boolean uses(TornadoNativeArray array) {
    return graphs.lastUser(array) != null;
  }

  @Override
  public void close() {
    try {
      plan.close();
    } catch (TornadoExecutionPlanException failure) {
      System.getLogger(Program.class.getName())
          .log(System.Logger.Level.WARNING, "a program was not freed", failure);
    }
  }
}
