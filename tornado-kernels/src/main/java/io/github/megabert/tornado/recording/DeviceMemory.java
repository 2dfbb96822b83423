package io.github.megabert.tornado.recording;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoTaskGraphInterface;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The arrays that stay on the device: weights, key-value caches, and scratch that all programs
 * share. Each is copied there once, by a task graph that is kept as its owner.
 */
public final class DeviceMemory implements AutoCloseable {
  /**
   * The graph that holds an array's buffer.
   *
   * @param name its name, under which other graphs consume the array
   */
  record Owner(String name, TornadoTaskGraphInterface graph) {}

  private record ScratchKey(int depth, int slot, int capacity, Element element) {
    static ScratchKey of(int depth, Operand.Scratch scratch) {
      return new ScratchKey(depth, scratch.slot(), rounded(scratch.elements()), scratch.element());
    }

    long bytes() {
      return element.bytes(capacity);
    }
  }

  /** A task graph holds 1024 nodes; an array and its task take five. */
  private static final int ARRAYS_PER_GRAPH = 100;

  private static final KernelContext CONTEXT = new KernelContext();

  private final TornadoDevice device;
  private final MemoryBudget budget;
  private final IdentityHashMap<TornadoNativeArray, Owner> owners = new IdentityHashMap<>();
  private final List<TornadoNativeArray> waiting = new ArrayList<>();
  private final Map<ScratchKey, TornadoNativeArray> scratch = new HashMap<>();
  private final List<TornadoExecutionPlan> plans = new ArrayList<>();

  DeviceMemory(TornadoDevice device, MemoryBudget budget) {
    this.device = device;
    this.budget = budget;
  }

  /**
   * Takes an array, to be copied to the device before the next program runs.
   *
   * @throws IllegalStateException if it does not fit
   */
  public synchronized <T extends TornadoNativeArray> T add(T array) {
    budget.takeForWeight(array.getNumBytesOfSegmentWithHeader());
    waiting.add(array);
    return array;
  }

  /**
   * The arrays of scratch operands, made where they are new.
   *
   * @param depth how many computations of this thread have results on the device, this one
   *     included: they may not share scratch
   * @throws IllegalStateException if the new ones do not fit; none is made then
   */
  synchronized Map<Operand, TornadoNativeArray> scratch(int depth, Set<Operand.Scratch> operands) {
    Set<ScratchKey> missing = new LinkedHashSet<>();
    for (Operand.Scratch operand : operands) {
      ScratchKey key = ScratchKey.of(depth, operand);
      if (!scratch.containsKey(key)) {
        missing.add(key);
      }
    }
    budget.takeForCall(missing.stream().mapToLong(ScratchKey::bytes).sum());
    for (ScratchKey key : missing) {
      TornadoNativeArray array = key.element().allocate(key.capacity());
      waiting.add(array);
      scratch.put(key, array);
    }
    Map<Operand, TornadoNativeArray> arrays = new HashMap<>();
    for (Operand.Scratch operand : operands) {
      arrays.put(operand, scratch.get(ScratchKey.of(depth, operand)));
    }
    return arrays;
  }

  /** Rounds up to a quarter of the power of two below, so that programs share arrays. */
  private static int rounded(int elements) {
    int step = Math.max(1024, Integer.highestOneBit(Math.max(1, elements)) / 4);
    return Math.multiplyExact(Math.ceilDiv(elements, step), step);
  }

  /** Copies what waits to the device. */
  synchronized void upload() {
    for (int from = 0; from < waiting.size(); from += ARRAYS_PER_GRAPH) {
      uploadTogether(waiting.subList(from, Math.min(waiting.size(), from + ARRAYS_PER_GRAPH)));
    }
    waiting.clear();
    budget.allocated();
  }

  /** The owner of an array that has been uploaded. */
  synchronized Owner owner(TornadoNativeArray array) {
    Owner owner = owners.get(array);
    if (owner == null) {
      throw new IllegalStateException("the array is not on the device: it belongs to no backend");
    }
    return owner;
  }

  private void uploadTogether(List<TornadoNativeArray> arrays) {
    String name = "memory" + plans.size();
    IntArray flag = new IntArray(1);
    TaskGraph graph = new TaskGraph(name);
    GridScheduler grids = new GridScheduler();
    WorkerGrid one = new WorkerGrid1D(1);
    one.setLocalWork(1, 1, 1);
    for (int i = 0; i < arrays.size(); i++) {
      TornadoNativeArray array = arrays.get(i);
      String task = "touch" + i;
      grids.addWorkerGrid(name + "." + task, one);
      graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, array);
      switch (array) {
        case HalfFloatArray halves ->
            graph.task(task, DeviceMemory::touchHalf, CONTEXT, halves, flag);
        case BFloat16Array bfloat16s ->
            graph.task(task, DeviceMemory::touchBFloat16, CONTEXT, bfloat16s, flag);
        case FloatArray floats -> graph.task(task, DeviceMemory::touchFloat, CONTEXT, floats, flag);
        case DoubleArray doubles ->
            graph.task(task, DeviceMemory::touchDouble, CONTEXT, doubles, flag);
        default -> throw new IllegalArgumentException("no kernel reads a " + array.getClass());
      }
    }
    graph.persistOnDevice(arrays.toArray());
    graph.transferToHost(DataTransferMode.EVERY_EXECUTION, flag);
    ImmutableTaskGraph snapshot = graph.snapshot();
    @SuppressWarnings("resource") // kept open: closing it frees the arrays
    TornadoExecutionPlan plan = new TornadoExecutionPlan(snapshot);
    plan.withDevice(device).withGridScheduler(grids).execute();
    plans.add(plan);
    Owner owner = new Owner(name, GraphLinks.implementation(snapshot));
    for (TornadoNativeArray array : arrays) {
      owners.put(array, owner);
    }
  }

  /** A task that reads an array, because a graph transfers no array that no task reads. */
  static void touchFloat(KernelContext context, FloatArray array, IntArray flag) {
    if (array.get(context.globalIdx) > 1e30f) {
      flag.set(0, 1);
    }
  }

  static void touchDouble(KernelContext context, DoubleArray array, IntArray flag) {
    if (array.get(context.globalIdx) > 1e300) {
      flag.set(0, 1);
    }
  }

  static void touchHalf(KernelContext context, HalfFloatArray array, IntArray flag) {
    if (array.get(context.globalIdx).getFloat32() > 1e4f) {
      flag.set(0, 1);
    }
  }

  static void touchBFloat16(KernelContext context, BFloat16Array array, IntArray flag) {
    if (BFloat16.bf16ToFloat(array.get(context.globalIdx)) > 1e30f) {
      flag.set(0, 1);
    }
  }

  @Override
  public synchronized void close() {
    for (TornadoExecutionPlan plan : plans) {
      try {
        plan.freeDeviceMemory();
        plan.close();
      } catch (TornadoExecutionPlanException failure) {
        System.getLogger(DeviceMemory.class.getName())
            .log(System.Logger.Level.WARNING, "device memory was not freed", failure);
      }
    }
    plans.clear();
    owners.clear();
    scratch.clear();
  }
}
