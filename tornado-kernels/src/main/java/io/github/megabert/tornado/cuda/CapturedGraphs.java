// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.cuda;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.TornadoTaskGraphInterface;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.memory.DeviceBufferState;
import uk.ac.manchester.tornado.api.memory.ObjectState;
import uk.ac.manchester.tornado.api.memory.XPUBuffer;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The CUDA graphs that TornadoVM captured when it first ran the task graphs of a plan.
 *
 * <p>TornadoVM waits for the device after every graph and walks through its bytecode before: 345M
 * at 1 × 128 tokens, three graphs, took 1.62 ms that way. Launched one after the other by the
 * driver itself, the device waits for nobody. The handles are in TornadoVM's interpreters, in a
 * module that is open to reflection; the copies to the device are nodes of the graphs.
 */
public final class CapturedGraphs {
  /** What a device implements that has streams. */
  static final String STREAMS =
      "uk.ac.manchester.tornado.runtime.library.spi.TornadoNativeStreamSupport";

  private final CudaDriver driver;
  private final IdleGraph idle;
  private final TornadoDevice device;
  private final long context;
  private final long stream;
  private final long[] handles;
  private final IdentityHashMap<TornadoNativeArray, Long> addresses = new IdentityHashMap<>();

  private CapturedGraphs(
      CudaDriver driver, TornadoDevice device, long context, long stream, long[] handles) {
    this.driver = driver;
    this.device = device;
    this.context = context;
    this.stream = stream;
    this.handles = handles;
    driver.enter(context);
    idle = IdleGraph.of(driver, context);
  }

  /** The captured graphs of a plan that has run once; null where TornadoVM has to replay them. */
  public static @Nullable CapturedGraphs of(
      CudaDriver driver, TornadoDevice device, long plan, List<TornadoTaskGraphInterface> graphs) {
    try {
      List<Long> handles = new ArrayList<>();
      for (TornadoTaskGraphInterface graph : graphs) {
        Object machine = value(graph, "vm");
        Object interpreters = value(machine, "tornadoVMInterpreters");
        if (Array.getLength(interpreters) != 1) {
          return null;
        }
        var captured = (Map<?, ?>) value(Array.get(interpreters, 0), "executionGraphHandles");
        if (captured.isEmpty()) {
          return null;
        }
        new TreeMap<>(captured).values().forEach(handle -> handles.add((Long) handle));
      }
      return new CapturedGraphs(
          driver,
          device,
          context(device, plan),
          stream(device, plan),
          handles.stream().mapToLong(Long::longValue).toArray());
    } catch (ReflectiveOperationException | RuntimeException changed) {
      System.getLogger(CapturedGraphs.class.getName())
          .log(
              System.Logger.Level.WARNING,
              "TornadoVM is not the version that MegaBERT was built for, 5.2.0-jdk25:"
                  + " calls take 0.1 ms longer",
              changed);
      return null;
    }
  }

  /** Where the numbers of an array that a graph uses lie on the device, behind its header. */
  static long address(
      TornadoDevice device, TornadoTaskGraphInterface graph, TornadoNativeArray array) {
    try {
      Object execution = value(graph, "executionContext");
      Object local =
          execution
              .getClass()
              .getMethod("getLocalStateObject", Object.class, Access.class)
              .invoke(execution, array, Access.READ_ONLY);
      var states = (ObjectState) local.getClass().getMethod("getDataObjectState").invoke(local);
      DeviceBufferState state = states.getDeviceBufferState(device);
      XPUBuffer buffer = state.getXPUBuffer();
      return buffer.toBuffer() + buffer.getBufferOffset() + TornadoNativeArray.ARRAY_HEADER;
    } catch (ReflectiveOperationException changed) {
      throw new IllegalStateException(
          "this TornadoVM is not the version that MegaBERT was built for, 5.2.0-jdk25", changed);
    }
  }

  private static Object value(Object owner, String name) throws ReflectiveOperationException {
    Field field = owner.getClass().getDeclaredField(name);
    field.setAccessible(true);
    return field.get(owner);
  }

  /** The context of a device. */
  static long context(TornadoDevice device, long plan) throws ReflectiveOperationException {
    return number(Class.forName(STREAMS), "getNativeContext", device, plan);
  }

  /** The stream on which a plan runs. */
  static long stream(TornadoDevice device, long plan) throws ReflectiveOperationException {
    return number(Class.forName(STREAMS), "getNativeStream", device, plan);
  }

  private static long number(Class<?> type, String name, Object owner, long argument)
      throws ReflectiveOperationException {
    Method method = type.getMethod(name, long.class);
    method.setAccessible(true);
    return (Long) method.invoke(owner, argument);
  }

  /** How many graphs there are. */
  public int count() {
    return handles.length;
  }

  /** Starts the graphs from one index up to another, exclusive. */
  public void launch(int from, int to) {
    driver.enter(context);
    for (int i = from; i < to; i++) {
      driver.launch(handles[i], stream);
    }
  }

  /**
   * Copies the first {@code bytes} of an array to its host memory, when the graphs have run.
   *
   * <p>TornadoVM would copy on a stream that it keeps for every thread that ever asks.
   *
   * @param graph the last that uses the array
   */
  public void read(TornadoTaskGraphInterface graph, TornadoNativeArray array, long bytes) {
    long source = addresses.computeIfAbsent(array, a -> address(device, graph, a));
    driver.enter(context);
    driver.copyToHost(array.getSegment().address(), source, bytes, stream);
    idle.await(stream);
  }

  /**
   * Copies a part of an array to the device, when the graphs that have been launched have run.
   *
   * @param graph one that uses the array
   * @param from the first byte of the part
   */
  public void write(
      TornadoTaskGraphInterface graph, TornadoNativeArray array, long from, long bytes) {
    long target = addresses.computeIfAbsent(array, a -> address(device, graph, a)) + from;
    driver.enter(context);
    driver.copyToDevice(target, array.getSegment().address() + from, bytes, stream);
  }

  /** Waits for them. */
  public void await() {
    driver.enter(context);
    idle.await(stream);
  }
}
