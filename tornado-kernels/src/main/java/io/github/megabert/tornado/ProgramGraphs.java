package io.github.megabert.tornado;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoTaskGraphInterface;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The task graphs of a list of calls, and the arrays that are copied to the device with them.
 *
 * <p>TornadoVM waits for the device after every graph, so a graph takes as many calls as fit: the
 * 24 layers of the 345M model are three graphs, or four where the first is a brief one, which is
 * started while the host does what is left. A kernel is compiled once a task name, and a graph
 * takes a name once; all graphs have one name, and the n-th call of a signature the same name in
 * each, so the later graphs find their kernels compiled.
 */
final class ProgramGraphs {
  /** TornadoVM's task graphs hold 1024 nodes; some are left for what is added at the ends. */
  private static final int MAX_NODES = 980;

  /** Its execution contexts hold 256 tasks. */
  private static final int MAX_TASKS = 250;

  /** Tasks of a brief first graph, about one layer: the driver has soon started it. */
  private static final int BRIEF_TASKS = 12;

  /**
   * Bytes of a graph's description, 8192 in TornadoVM, of which a call takes 15 and 5 an argument.
   */
  private static final int MAX_BYTES = 8100;

  private static final int BYTES_PER_TASK = 15;
  private static final int BYTES_PER_ARGUMENT = 5;

  /** A library's task has up to 14 arguments, whatever its call has. */
  private static final int LIBRARY_ARGUMENTS = 14;

  /** A node for the array, one for where it comes from, one for where it stays. */
  private static final int NODES_PER_ARRAY = 3;

  /** The task and up to two arrays that it writes. */
  private static final int NODES_PER_TASK = 3;

  private final String name;
  private final DeviceMemory memory;
  private final Map<Operand, TornadoNativeArray> arrays;
  private final IntArray integers;
  private final Map<Integer, FloatArray> uploads = new LinkedHashMap<>();
  private final GridScheduler grids = new GridScheduler();
  private final Map<List<Object>, String> tasks = new HashMap<>();
  private final List<ImmutableTaskGraph> snapshots = new ArrayList<>();
  private final List<TornadoTaskGraphInterface> graphs = new ArrayList<>();
  private final List<Set<TornadoNativeArray>> used = new ArrayList<>();
  private final double firstShare;

  /** What the integers hold from the last run. */
  private List<IntegerBlock.Brought> present = List.of();

  /**
   * Builds the graphs.
   *
   * @param arrays the resident and scratch arrays of all operands
   * @param integerCount integers of a computation
   * @param brief whether a first graph of a few tasks pays, because nobody waits between graphs
   */
  ProgramGraphs(
      String name,
      List<Call> calls,
      Map<Operand, TornadoNativeArray> arrays,
      int integerCount,
      DeviceMemory memory,
      boolean brief) {
    this.name = name;
    this.memory = memory;
    this.arrays = arrays;
    integers = new IntArray(Math.max(1, integerCount));
    for (Call call : calls) {
      for (Object argument : call.arguments()) {
        if (argument instanceof Operand.Upload upload) {
          uploads.computeIfAbsent(upload.index(), i -> new FloatArray(upload.elements()));
        }
      }
    }
    boolean cut = brief && calls.size() >= 2 * BRIEF_TASKS;
    int first = endOfGraph(cut ? calls.subList(0, BRIEF_TASKS) : calls, 0);
    firstShare = first / (double) Math.max(1, calls.size());
    int from = 0;
    while (from < calls.size()) {
      int to = from == 0 ? first : endOfGraph(calls, from);
      snapshots.add(graph(calls.subList(from, to), from == 0));
      from = to;
    }
    for (ImmutableTaskGraph snapshot : snapshots) {
      graphs.add(GraphLinks.implementation(snapshot));
    }
  }

  private static int endOfGraph(List<Call> calls, int from) {
    Set<Object> seen = new HashSet<>();
    int nodes = 0;
    int bytes = 0;
    int to = from;
    while (to < calls.size() && to - from < MAX_TASKS) {
      nodes += NODES_PER_TASK;
      Call call = calls.get(to);
      int arguments = call.grid() == null ? LIBRARY_ARGUMENTS : call.arguments().size() + 1;
      bytes += BYTES_PER_TASK + BYTES_PER_ARGUMENT * arguments;
      for (Object argument : call.arguments()) {
        if (seen.add(argument)) {
          nodes += argument instanceof Operand ? NODES_PER_ARRAY : 1;
        }
      }
      if ((nodes > MAX_NODES || bytes > MAX_BYTES) && to > from) {
        break;
      }
      to++;
    }
    return to;
  }

  private ImmutableTaskGraph graph(List<Call> calls, boolean first) {
    Set<TornadoNativeArray> here = Collections.newSetFromMap(new IdentityHashMap<>());
    Map<String, List<TornadoNativeArray>> consumed = new LinkedHashMap<>();
    for (Call call : calls) {
      for (Object argument : call.arguments()) {
        if (argument instanceof Operand operand && here.add(array(operand))) {
          boolean copied = operand instanceof Operand.Integers || operand instanceof Operand.Upload;
          if (!copied || !first) {
            String owner = copied ? name : memory.owner(array(operand)).name();
            consumed.computeIfAbsent(owner, o -> new ArrayList<>()).add(array(operand));
          }
        }
      }
    }
    TaskGraph graph = new TaskGraph(name);
    if (first) {
      graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, integers);
      uploads.values().forEach(a -> graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, a));
    }
    consumed.forEach((owner, list) -> graph.consumeFromDevice(owner, list.toArray()));
    Map<String, Integer> occurrences = new HashMap<>();
    for (Call call : calls) {
      String kind =
          tasks.computeIfAbsent(call.signature(), s -> call.kernel().name() + tasks.size());
      String task = kind + "x" + occurrences.merge(kind, 1, Integer::sum);
      Object[] resolved =
          call.arguments().stream().map(a -> a instanceof Operand o ? array(o) : a).toArray();
      call.kernel().emitter().add(graph, task, resolved);
      Grid grid = call.grid();
      if (grid != null) {
        WorkerGrid worker = new WorkerGrid2D(grid.groupsX() * grid.threads(), grid.groupsY());
        worker.setLocalWork(grid.threads(), 1, 1);
        grids.addWorkerGrid(name + "." + task, worker);
      }
    }
    used.add(here);
    return graph.snapshot();
  }

  private TornadoNativeArray array(Operand operand) {
    return switch (operand) {
      case Operand.Integers _ -> integers;
      case Operand.Upload upload -> uploads.get(upload.index());
      case Operand.Resident resident -> resident.array();
      case Operand.Scratch _ -> arrays.get(operand);
    };
  }

  /** The graphs, for a plan. */
  ImmutableTaskGraph[] snapshots() {
    return snapshots.toArray(ImmutableTaskGraph[]::new);
  }

  /** What is behind the snapshots. */
  List<TornadoTaskGraphInterface> graphs() {
    return graphs;
  }

  /** How many threads run each task. */
  GridScheduler grids() {
    return grids;
  }

  /** Fills the arrays that the first graph copies to the device. */
  void fill(IntegerBlock block, List<float[]> values) {
    block.copyTo(integers.getSegment(), present);
    present = List.copyOf(block.brought());
    uploads.forEach(
        (index, array) -> {
          float[] source = values.get(index);
          MemorySegment.copy(
              source, 0, array.getSegment(), ValueLayout.JAVA_FLOAT, 0, source.length);
        });
  }

  /**
   * Whether the arrays that the first graph copied hold what a computation has; its integers before
   * {@code from} have been {@link #fill filled in} from this block.
   */
  boolean holds(IntegerBlock block, int from) {
    return uploads.isEmpty() && block.liesIn(integers.getSegment(), from);
  }

  /** The share of the calls that are in the first graph; 0 where they need uploaded numbers. */
  double firstShare() {
    return uploads.isEmpty() ? firstShare : 0;
  }

  /** Gives a graph the device buffers of the arrays that others own; before it first runs. */
  void linkWithOwners(int index) {
    TornadoTaskGraphInterface graph = graphs.get(index);
    Set<TornadoTaskGraphInterface> owners = Collections.newSetFromMap(new IdentityHashMap<>());
    for (TornadoNativeArray array : used.get(index)) {
      boolean copied = array == integers || uploads.containsValue(array);
      if (!copied) {
        owners.add(memory.owner(array).graph());
      } else if (index > 0) {
        owners.add(graphs.getFirst());
      }
    }
    owners.forEach(owner -> GraphLinks.link(graph, owner));
  }

  /** The last graph that uses an array, null if none does. */
  @Nullable TornadoTaskGraphInterface lastUser(TornadoNativeArray array) {
    for (int i = graphs.size() - 1; i >= 0; i--) {
      if (used.get(i).contains(array)) {
        return graphs.get(i);
      }
    }
    return null;
  }
}
