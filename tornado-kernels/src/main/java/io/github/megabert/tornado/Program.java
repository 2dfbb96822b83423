package io.github.megabert.tornado;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoTaskGraphInterface;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** A list of calls as {@link ProgramGraphs task graphs} that can be replayed. */
final class Program implements AutoCloseable {
  private final List<Call> calls;
  private final int depth;
  private final Map<Operand, TornadoNativeArray> arrays;
  private final ProgramGraphs graphs;
  private final TornadoExecutionPlan plan;
  private final TornadoExecutionPlan configured;
  private final TornadoDevice device;
  private final @Nullable CudaDriver driver;
  private @Nullable CapturedGraphs captured;
  private volatile List<Step> steps = List.of();
  private volatile int headSteps;
  private boolean linked;
  private boolean running;

  /** Integers that the first graph was started with, ahead of the others; -1 if it was not. */
  private int begunWith = -1;

  /**
   * Builds the graphs; the kernels are compiled at the first run.
   *
   * @param depth computations of a thread that have results on the device when this runs
   * @param arrays the resident and scratch arrays of all operands
   * @param integerCount integers of a computation
   * @param replay whether the driver can capture the graphs and replay them in one launch
   * @param driver replays captured graphs faster than TornadoVM; null where it is not NVIDIA's
   */
  Program(
      String name,
      List<Call> calls,
      int depth,
      Map<Operand, TornadoNativeArray> arrays,
      int integerCount,
      DeviceMemory memory,
      TornadoDevice device,
      boolean replay,
      @Nullable CudaDriver driver) {
    this.device = device;
    this.driver = driver;
    this.calls = calls;
    this.depth = depth;
    this.arrays = arrays;
    boolean brief = replay && driver != null;
    graphs = new ProgramGraphs(name, BrainFusion.fuse(calls), arrays, integerCount, memory, brief);
    plan = new TornadoExecutionPlan(graphs.snapshots());
    TornadoExecutionPlan withDevice = plan.withDevice(device).withGridScheduler(graphs.grids());
    configured = replay ? withDevice.withCUDAGraph() : withDevice;
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
    steps = latest;
    boolean first = mayBegin && captured != null && captured.count() > 1;
    headSteps = first ? (int) Math.ceil(latest.size() * graphs.firstShare()) : 0;
  }

  /** Steps after which {@link #begin} may start the first graph; 0 if it may not. */
  int headSteps() {
    return headSteps;
  }

  /** Computations of a thread that have results on the device when this runs. */
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
   * Starts the first graph, ahead of {@link #run}, which runs it again if what is recorded by then
   * is not what the graph was given here.
   */
  void begin(IntegerBlock block, HostClock clock) {
    await();
    graphs.fill(block, List.of());
    clock.ended(HostClock.Part.FILL);
    captured().launch(0, 1);
    running = true;
    begunWith = block.size();
    clock.ended(HostClock.Part.START);
  }

  /** Forgets that the first graph has been started, when it has run. */
  void undo() {
    await();
    begunWith = -1;
    headSteps = 0;
  }

  /**
   * Runs the graphs, or starts them: {@link #await} and {@link #read} wait. The results are on the
   * device.
   */
  void run(IntegerBlock block, List<float[]> values, HostClock clock) {
    int next = 0;
    if (begunWith >= 0 && graphs.holds(block, begunWith)) {
      next = 1;
    } else {
      await();
      graphs.fill(block, values);
      clock.ended(HostClock.Part.FILL);
    }
    begunWith = -1;
    if (captured != null) {
      if (next == 0) {
        captured.launch(next++, 1);
        clock.ended(HostClock.Part.START);
      }
      captured.launch(next, captured.count());
      running = true;
      clock.ended(HostClock.Part.REST);
      return;
    }
    List<TornadoTaskGraphInterface> all = graphs.graphs();
    for (int i = 0; i < all.size(); i++) {
      if (!linked) {
        graphs.linkWithOwners(i);
      }
      configured.withGraph(i).execute();
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
  void await() {
    if (running && captured != null) {
      captured.await();
      running = false;
    }
  }

  /** Copies the first {@code elements} of an array of the program to its host memory. */
  void read(TornadoNativeArray array, long elements) {
    TornadoTaskGraphInterface graph = graphs.lastUser(array);
    if (graph == null) {
      throw new IllegalArgumentException("no operation has written the matrix that is read");
    }
    long bytes = elements * array.getElementSize();
    if (captured != null) {
      captured.read(graph, array, bytes);
    } else {
      graph.syncRuntimeTransferToHost(array, TornadoNativeArray.ARRAY_HEADER, bytes);
    }
    // The copy followed the graphs on their stream and has been waited for.
    running = false;
  }

  /** Whether {@link #read} can read the array. */
  boolean uses(TornadoNativeArray array) {
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
