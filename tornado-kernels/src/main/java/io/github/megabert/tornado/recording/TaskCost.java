// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What the tasks of one kind cost in a program: each kind is timed alone, repeated in a program of
 * its own. No profiler looks into a captured graph.
 *
 * @param kernel its name, numbers and grid
 * @param count tasks in the program
 * @param micros of one task, on the device
 */
public record TaskCost(String kernel, int count, double micros) {
  /** Tasks of a kind in its program, and how often that is timed. */
  private static final int REPEATS = 20;

  private static final int TIMES = 5;

  /** Microseconds of all tasks of the kind. */
  public double total() {
    return count * micros;
  }

  static List<TaskCost> of(Program program, Function<List<Call>, Program> build) {
    Map<String, List<Call>> kinds = new LinkedHashMap<>();
    for (Call call : program.tasks()) {
      kinds.computeIfAbsent(name(call), name -> new ArrayList<>()).add(call);
    }
    List<TaskCost> costs = new ArrayList<>();
    for (List<Call> kind : kinds.values()) {
      List<Call> repeated = new ArrayList<>();
      for (int i = 0; i < REPEATS; i++) {
        repeated.add(kind.get(i % kind.size()));
      }
      // Left open: closing its plan would take kernels away that programs share.
      @SuppressWarnings("resource")
      Program alone = build.apply(repeated);
      alone.runLike(program);
      double[] micros = new double[TIMES];
      for (int i = 0; i < TIMES; i++) {
        long once = alone.replay(1);
        micros[i] = (alone.replay(3) - once) * 1e-3 / (2 * REPEATS);
      }
      Arrays.sort(micros);
      costs.add(new TaskCost(name(kind.getFirst()), kind.size(), micros[TIMES / 2]));
    }
    costs.sort(Comparator.comparingDouble(TaskCost::total).reversed());
    return costs;
  }

  private static String name(Call call) {
    List<Object> numbers = call.arguments().stream().filter(Number.class::isInstance).toList();
    return call.kernel().name() + numbers + (call.grid() == null ? "" : " " + call.grid());
  }
}
