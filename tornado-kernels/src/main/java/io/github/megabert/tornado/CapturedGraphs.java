package io.github.megabert.tornado;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.TornadoTaskGraphInterface;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * The CUDA graphs that TornadoVM captured when it first ran the task graphs of a plan.
 *
 * <p>TornadoVM waits for the device after every graph and walks through its bytecode before: 345M
 * at 1 × 128 tokens, three graphs, took 1.62 ms that way. Launched one after the other by the
 * driver itself, the device waits for nobody. The handles are in TornadoVM's interpreters, in a
 * module that is open to reflection; the copies to the device are nodes of the graphs.
 */
final class CapturedGraphs {
  private static final String STREAMS =
      "uk.ac.manchester.tornado.runtime.library.spi.TornadoNativeStreamSupport";

  private final CudaDriver driver;
  private final long context;
  private final long stream;
  private final long[] handles;

  private CapturedGraphs(CudaDriver driver, long context, long stream, long[] handles) {
    this.driver = driver;
    this.context = context;
    this.stream = stream;
    this.handles = handles;
  }

  /** The captured graphs of a plan that has run once; null where TornadoVM has to replay them. */
  static @Nullable CapturedGraphs of(
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
      Class<?> streams = Class.forName(STREAMS);
      return new CapturedGraphs(
          driver,
          number(streams, "getNativeContext", device, plan),
          number(streams, "getNativeStream", device, plan),
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

  private static Object value(Object owner, String name) throws ReflectiveOperationException {
    Field field = owner.getClass().getDeclaredField(name);
    field.setAccessible(true);
    return field.get(owner);
  }

  private static long number(Class<?> type, String name, Object owner, long argument)
      throws ReflectiveOperationException {
    Method method = type.getMethod(name, long.class);
    method.setAccessible(true);
    return (Long) method.invoke(owner, argument);
  }

  /** Starts all graphs. */
  void launch() {
    driver.enter(context);
    for (long handle : handles) {
      driver.launch(handle, stream);
    }
  }

  /** Waits for them. */
  void await() {
    driver.enter(context);
    driver.await(stream);
  }
}
