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
  private boolean linked;
  private boolean running;

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
    graphs = new ProgramGraphs(name, BrainFusion.fuse(calls), arrays, integerCount, memory);
    plan = new TornadoExecutionPlan(graphs.snapshots());
    TornadoExecutionPlan withDevice = plan.withDevice(device).withGridScheduler(graphs.grids());
    configured = replay ? withDevice.withCUDAGraph() : withDevice;
  }

  /** The steps that computations last recorded for it. */
  List<Step> steps() {
    return steps;
  }

  /** Keeps steps, whose calls are this program's, for the computations to come. */
  void keep(List<Step> latest) {
    steps = latest;
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
   * Runs the graphs, or starts them: {@link #await} and {@link #read} wait. The results are on the
   * device.
   */
  void run(IntegerBlock block, List<float[]> values, HostClock clock) {
    await();
    graphs.fill(block, values);
    clock.ended(HostClock.Part.FILL);
    if (captured != null) {
      captured.launch();
      running = true;
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
      captured.launch();
    }
    captured.await();
    return System.nanoTime() - start;
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
    graph.syncRuntimeTransferToHost(
        array, TornadoNativeArray.ARRAY_HEADER, elements * array.getElementSize());
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
