// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import io.github.megabert.tornado.cuda.CudaDriver;
import io.github.megabert.tornado.cuda.DeviceAddress;
import io.github.megabert.tornado.cuda.DirectCopies;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
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
   * @param plan the number of the plan that ran it
   */
  record Owner(String name, TornadoTaskGraphInterface graph, long plan) {}

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
  private final @Nullable CudaDriver driver;
  private final IdentityHashMap<TornadoNativeArray, Owner> owners = new IdentityHashMap<>();
  private final IdentityHashMap<TornadoNativeArray, DeviceAddress> addresses =
      new IdentityHashMap<>();
  private final Set<TornadoNativeArray> waiting = new LinkedHashSet<>();
  private final Map<ScratchKey, TornadoNativeArray> scratch = new HashMap<>();
  private final List<TornadoExecutionPlan> plans = new ArrayList<>();

  DeviceMemory(TornadoDevice device, MemoryBudget budget, @Nullable CudaDriver driver) {
    this.device = device;
    this.budget = budget;
    this.driver = driver;
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
   * @param depth the computation's place on the device: no two at once share scratch
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
    List<TornadoNativeArray> all = List.copyOf(waiting);
    for (int from = 0; from < all.size(); from += ARRAYS_PER_GRAPH) {
      uploadTogether(all.subList(from, Math.min(all.size(), from + ARRAYS_PER_GRAPH)));
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

  /**
   * Brings a part of an array's host memory, which has just been written, to the device.
   *
   * @param first element of the part
   * @return false where only a program can
   */
  public synchronized boolean write(TornadoNativeArray array, long first, long count) {
    if (count == 0 || waiting.contains(array)) {
      return true;
    }
    if (driver == null) {
      return false;
    }
    Owner owner = owner(array);
    long size = array.getElementSize();
    new DirectCopies(driver, device, owner.plan())
        .toDevice(owner.graph(), array, first * size, count * size);
    return true;
  }

  /** Brings a part of an array from the device to its host memory. */
  public synchronized void read(TornadoNativeArray array, long first, long count) {
    // TornadoVM takes no bytes for all of them, and writes past the array's end.
    if (count == 0 || waiting.contains(array)) {
      return;
    }
    Owner owner = owner(array);
    long from = first * array.getElementSize();
    long bytes = count * array.getElementSize();
    if (driver == null) {
      // With an offset, TornadoVM takes the host's one from the beginning of the part.
      owner.graph().syncRuntimeTransferToHost(array, TornadoNativeArray.ARRAY_HEADER, from + bytes);
      return;
    }
    new DirectCopies(driver, device, owner.plan()).toHost(owner.graph(), array, from, bytes);
  }

  /**
   * Where the numbers of an array lie, for who goes past TornadoVM while no program runs; null
   * where the device is not NVIDIA's, by its own driver.
   */
  public synchronized @Nullable DeviceAddress locate(TornadoNativeArray array) {
    if (driver == null) {
      return null;
    }
    DeviceAddress known = addresses.get(array);
    if (known == null) {
      upload();
      Owner owner = owner(array);
      known = new DirectCopies(driver, device, owner.plan()).address(owner.graph(), array);
      addresses.put(array, known);
    }
    return known;
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
        case IntArray words -> graph.task(task, DeviceMemory::touchInt, CONTEXT, words, flag);
        default -> throw new IllegalArgumentException("no kernel reads a " + array.getClass());
      }
    }
    graph.persistOnDevice(arrays.toArray());
    graph.transferToHost(DataTransferMode.EVERY_EXECUTION, flag);
    ImmutableTaskGraph snapshot = graph.snapshot();
    @SuppressWarnings("resource") // kept open: closing it frees the arrays
    TornadoExecutionPlan plan = new TornadoExecutionPlan(snapshot);
    CompiledKernels.build(() -> plan.withDevice(device).withGridScheduler(grids).execute());
    plans.add(plan);
    Owner owner = new Owner(name, GraphLinks.implementation(snapshot), plan.getId());
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

  static void touchInt(KernelContext context, IntArray array, IntArray flag) {
    if (array.get(context.globalIdx) > 1 << 30) {
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
    addresses.clear();
    scratch.clear();
  }
}
