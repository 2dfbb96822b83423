// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import static java.util.Objects.requireNonNull;

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
 * 24 layers of the 345M model are three graphs. Where nobody waits, two brief ones come first,
 * which are started while the host does what is left: what needs no more integers than the first
 * call, and the rest of about three layers.
 */
final class ProgramGraphs {
  /** TornadoVM's task graphs hold 1024 nodes; some are left for what is added at the ends. */
  private static final int MAX_NODES = 980;

  /** Its execution contexts hold 256 tasks. */
  private static final int MAX_TASKS = 250;

  /**
   * Tasks of the brief graphs together, at most: about three layers, which keep the device busy for
   * 0.15 ms at least. They have half of a short program.
   */
  private static final int BRIEF_TASKS = 36;

  /** Calls of a program that is not worth cutting off anything. */
  private static final int SHORT = 24;

  /**
   * Bytes of a graph's description, 8192 in TornadoVM, of which a call takes 15 and 5 an argument.
   */
  private static final int MAX_BYTES = 8100;

  private static final int BYTES_PER_TASK = 15;
  private static final int BYTES_PER_ARGUMENT = 5;

  /** A library's task has up to 17 arguments, whatever its call has. */
  private static final int LIBRARY_ARGUMENTS = 17;

  /** A node for the array, one for where it comes from, one for where it stays. */
  private static final int NODES_PER_ARRAY = 3;

  private final String name;
  private final DeviceMemory memory;
  private final Map<Operand, TornadoNativeArray> arrays;
  private final int integerCount;
  private final IntArray integers;
  private final Map<Integer, FloatArray> uploads = new LinkedHashMap<>();
  private final GridScheduler grids = new GridScheduler();
  private final Map<Object, String> tasks = new HashMap<>();
  private final List<ImmutableTaskGraph> snapshots = new ArrayList<>();
  private final List<TornadoTaskGraphInterface> graphs = new ArrayList<>();
  private final List<Set<TornadoNativeArray>> used = new ArrayList<>();
  private final List<List<@Nullable Signature>> signatures = new ArrayList<>();

  /** The sections of integers that each brief graph reads, with those before it. */
  private final List<Set<Integer>> sections = new ArrayList<>();

  /** What the integers hold from the last run. */
  private List<IntegerBlock.Brought> present = List.of();

  /**
   * Builds the graphs.
   *
   * @param arrays the resident and scratch arrays of all operands
   * @param integerCount integers of a computation
   * @param early whether brief graphs pay, because nobody waits between graphs
   */
  ProgramGraphs(
      String name,
      List<Call> calls,
      Map<Operand, TornadoNativeArray> arrays,
      int integerCount,
      DeviceMemory memory,
      boolean early) {
    this.name = name;
    this.memory = memory;
    this.arrays = arrays;
    this.integerCount = integerCount;
    integers = new IntArray(Math.max(1, integerCount));
    for (Call call : calls) {
      for (Object argument : call.arguments()) {
        if (argument instanceof Operand.Upload upload) {
          uploads.computeIfAbsent(upload.index(), i -> new FloatArray(upload.elements()));
        }
      }
    }
    boolean cut = early && uploads.isEmpty() && calls.size() >= SHORT;
    List<Integer> ends = cut ? briefEnds(calls) : List.of();
    int from = 0;
    while (from < calls.size()) {
      int index = snapshots.size();
      int limit = index < ends.size() ? ends.get(index) : calls.size();
      int to = endOfGraph(calls.subList(0, limit), from);
      if (index < ends.size()) {
        sections.add(sections(calls.subList(0, to)));
      }
      List<Call> part = calls.subList(from, to);
      snapshots.add(graph(part, from == 0));
      signatures.add(part.stream().map(Call::signature).toList());
      from = to;
    }
    for (ImmutableTaskGraph snapshot : snapshots) {
      graphs.add(GraphLinks.implementation(snapshot));
    }
  }

  /** Where the brief graphs end. */
  private static List<Integer> briefEnds(List<Call> calls) {
    int last = Math.min(BRIEF_TASKS, calls.size() / 2);
    int first = 0;
    while (first < last && sections(calls.subList(0, first + 1)).size() < 2) {
      first++;
    }
    return first == last || first == 0 ? List.of(last) : List.of(first, last);
  }

  private static Set<Integer> sections(List<Call> calls) {
    Set<Integer> sections = new HashSet<>();
    for (Call call : calls) {
      if (call.section() >= 0) {
        sections.add(call.section());
      }
    }
    return sections;
  }

  private static int endOfGraph(List<Call> calls, int from) {
    Set<Object> seen = new HashSet<>();
    int nodes = 0;
    int bytes = 0;
    int to = from;
    while (to < calls.size() && to - from < MAX_TASKS) {
      Call call = calls.get(to);
      // The task, and what it writes.
      nodes += 1 + call.kernel().writes();
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
      String kind = tasks.computeIfAbsent(kind(call), k -> call.kernel().name() + tasks.size());
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

  /**
   * Tasks of one kind have names alike, in every graph of a program. A grid is found by the name of
   * its task, so it belongs to the kind though kernels of different grids share their code.
   */
  private static Object kind(Call call) {
    Signature signature = call.signature();
    return signature == null ? call.kernel() : List.of(signature, requireNonNull(call.grid()));
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

  /** What is compiled for the tasks of a graph, null for a library's. */
  List<@Nullable Signature> signatures(int index) {
    return signatures.get(index);
  }

  /** How many threads run each task. */
  GridScheduler grids() {
    return grids;
  }

  /** Fills the arrays that the first graph copies to the device. */
  void fill(IntegerBlock block, List<float[]> values) {
    fill(block, 0);
    uploads.forEach(
        (index, array) -> {
          float[] source = values.get(index);
          MemorySegment.copy(
              source, 0, array.getSegment(), ValueLayout.JAVA_FLOAT, 0, source.length);
        });
  }

  /** Takes over what another program's first graph copies to the device. */
  void takeInputs(ProgramGraphs others) {
    integers.getSegment().copyFrom(others.integers.getSegment());
    uploads.forEach(
        (index, array) -> array.getSegment().copyFrom(others.uploads.get(index).getSegment()));
  }

  private void fill(IntegerBlock block, int from) {
    block.copyTo(integers.getSegment(), from, block.size(), present);
    present = List.copyOf(block.brought());
  }

  /**
   * Fills in the integers up to the end of the first section that somebody brought, the token ids
   * of a model.
   *
   * @return how many those are
   */
  int fillFirst(IntegerBlock block) {
    int end = block.firstBroughtEnd();
    block.copyTo(integers.getSegment(), 0, end, List.of());
    return end;
  }

  /**
   * Fills in the integers from an index on; those before are there from this block.
   *
   * @return whether they were others before
   */
  boolean fillFrom(IntegerBlock block, int from) {
    if (block.liesIn(integers.getSegment(), from)) {
      return false;
    }
    fill(block, from);
    return true;
  }

  /** How many integers a computation has. */
  int integerCount() {
    return integerCount;
  }

  /** The integers that the first graph copies to the device. */
  TornadoNativeArray integers() {
    return integers;
  }

  /** How many brief graphs come first. */
  int brief() {
    return sections.size();
  }

  /**
   * After how many of the steps that a program was made from, one at least, all integers are known
   * that a brief graph and those before it read.
   */
  int stepsBefore(int graph, List<Step> steps) {
    Set<Integer> missing = new HashSet<>(sections.get(graph));
    for (int i = 0; i < steps.size(); i++) {
      missing.removeAll(sections(steps.get(i).calls()));
      if (missing.isEmpty()) {
        return i + 1;
      }
    }
    return steps.size();
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
