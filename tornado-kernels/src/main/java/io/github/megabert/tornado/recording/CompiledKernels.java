// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.TornadoTaskGraphInterface;
import uk.ac.manchester.tornado.api.common.SchedulableTask;

/**
 * The compiled kernels of a device, by {@link Signature}. TornadoVM compiles a kernel for every
 * task of a plan, and a step of training has thousands of tasks of some fifty kinds.
 *
 * <p>A task graph gets its interpreter when it first runs, and the interpreter compiles what it
 * finds no code for. So the code is put there in between, by a map that takes the place of the one
 * in which a graph notes its new interpreter. All that lies in a module that is open to reflection.
 *
 * <p>TornadoVM makes constants of all numbers of a task, though it passes them to the kernel too.
 * It takes the constants from the task's arguments, and what it passes from a list of the graph. So
 * {@link Kernel#withSizes sizes} are taken out of the arguments before they are compiled.
 */
final class CompiledKernels {
  /** Of the process: drivers build by files that they share, such as PoCL's cache. */
  private static final ReentrantLock COMPILER = new ReentrantLock();

  private static final String CODE = "uk.ac.manchester.tornado.runtime.common.TornadoInstalledCode";

  private final Map<Signature, Object> codes = new HashMap<>();
  private boolean broken;

  /** How many kernels have been compiled. */
  int count() {
    return codes.size();
  }

  /**
   * Prepares a graph that has not run yet.
   *
   * @param signatures of its tasks; null for those that nothing is compiled for
   */
  void prepare(TornadoTaskGraphInterface graph, List<@Nullable Signature> signatures) {
    if (broken) {
      return;
    }
    try {
      field(graph, "vmTable").set(graph, new Interpreters(signatures));
    } catch (ReflectiveOperationException | RuntimeException changed) {
      warn(changed);
    }
  }

  /** Keeps what a graph that was prepared has compiled in its first run. */
  void keep(TornadoTaskGraphInterface graph, List<@Nullable Signature> signatures) {
    if (broken) {
      return;
    }
    try {
      Object table = installed(field(graph, "vm").get(graph));
      for (int i = 0; i < signatures.size(); i++) {
        Signature signature = signatures.get(i);
        if (signature != null && !codes.containsKey(signature)) {
          codes.put(signature, Array.get(table, i));
        }
      }
    } catch (ReflectiveOperationException | RuntimeException changed) {
      warn(changed);
    }
  }

  private void warn(Exception changed) {
    broken = true;
    System.getLogger(CompiledKernels.class.getName())
        .log(
            System.Logger.Level.WARNING,
            "TornadoVM is not the version that MegaBERT was built for, 5.2.0-jdk25:"
                + " kernels are compiled again and again",
            changed);
  }

  private static Field field(Object owner, String name) throws ReflectiveOperationException {
    Field field = owner.getClass().getDeclaredField(name);
    field.setAccessible(true);
    return field;
  }

  /** The code of each task, as the interpreter of a graph's virtual machine holds it. */
  private static Object installed(Object machine) throws ReflectiveOperationException {
    Object interpreter = interpreter(machine);
    return field(interpreter, "installedCodes").get(interpreter);
  }

  /** The tasks that these codes are of. */
  private static List<?> tasks(Object machine) throws ReflectiveOperationException {
    Object interpreter = interpreter(machine);
    return (List<?>) field(interpreter, "taskExecutionContexts").get(interpreter);
  }

  private static Object interpreter(Object machine) throws ReflectiveOperationException {
    return Array.get(field(machine, "tornadoVMInterpreters").get(machine), 0);
  }

  /** Has the sizes among a task's arguments compiled as parameters of the kernel. */
  private static void releaseSizes(SchedulableTask task, Signature signature) {
    for (int size : signature.sizes()) {
      // The kernel context comes first.
      int place = size + 1;
      if (!(task.getArguments()[place] instanceof Integer value)) {
        throw new IllegalStateException("no size is where one was: " + task.getArguments()[place]);
      }
      // A number, which TornadoVM looks for no array of, and no box of a primitive, which it would
      // make a constant of.
      task.getArguments()[place] = BigInteger.valueOf(value);
      if (task.getArguments()[place] instanceof Integer) {
        throw new IllegalStateException("the arguments of a task are a copy");
      }
    }
  }

  /** The virtual machines of a graph, each filled with code when it is noted here. */
  private final class Interpreters extends HashMap<Object, Object> {
    private static final long serialVersionUID = 1;

    private final transient List<@Nullable Signature> signatures;

    Interpreters(List<@Nullable Signature> signatures) {
      this.signatures = signatures;
    }

    @Override
    public @Nullable Object put(Object device, Object machine) {
      try {
        fill(installed(machine), tasks(machine));
      } catch (ReflectiveOperationException | RuntimeException changed) {
        warn(changed);
      }
      return super.put(device, machine);
    }

    private void fill(Object table, List<?> tasks) throws ReflectiveOperationException {
      if (Array.getLength(table) != signatures.size() || tasks.size() != signatures.size()) {
        throw new IllegalStateException("the graph has other tasks than it was made of");
      }
      Map<Signature, Integer> first = new HashMap<>();
      for (int i = 0; i < signatures.size(); i++) {
        Signature signature = signatures.get(i);
        if (signature == null) {
          continue;
        }
        Object code = codes.get(signature);
        if (code == null) {
          Integer before = first.putIfAbsent(signature, i);
          if (before == null) {
            releaseSizes((SchedulableTask) tasks.get(i), signature);
            continue;
          }
          code = later(table, before);
        }
        Array.set(table, i, code);
      }
    }

    /** The code that will have been compiled for an earlier task when this one runs. */
    private static Object later(Object table, int task) throws ReflectiveOperationException {
      Class<?> type = Class.forName(CODE);
      return Proxy.newProxyInstance(
          type.getClassLoader(),
          new Class<?>[] {type},
          (proxy, method, arguments) -> {
            Object code = Array.get(table, task);
            if (code == null) {
              // It is asked for before it is there only whether it need be compiled.
              return method.getName().equals("isValid");
            }
            try {
              return method.invoke(code, arguments);
            } catch (InvocationTargetException failure) {
              throw failure.getCause();
            }
          });
    }
  }

  /** Does something that has a driver build kernels, while no other thread does. */
  static void build(Runnable building) {
    COMPILER.lock();
    try {
      building.run();
    } finally {
      COMPILER.unlock();
    }
  }
}
