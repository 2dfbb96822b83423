// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * What a computation has recorded and not yet run, where its scratch lies, and its hold on the
 * device.
 *
 * <p>Mostly a computation records what the one before did, or what came after that last time. Its
 * first graphs then are started as soon as the integers that they read are there, and the device
 * computes while the host records the steps; if these are not the expected ones after all,
 * everything is run from the beginning. Only steps that write nothing but scratch may be run twice.
 */
public final class Recording {
  private final Programs programs;
  private final List<Step> steps = new ArrayList<>();
  private final IntegerBlock integers;
  private final List<float[]> uploads = new ArrayList<>();

  /** The program that mostly comes now, and its steps. */
  private @Nullable Program expected;

  private List<Step> expectedSteps = List.of();
  private boolean asExpected;

  /** After how many steps the next graph of the expected program may be started. */
  private int[] startSteps = {};

  private int started;
  private @Nullable Program begun;
  private boolean outlives;
  private final HostClock clock = new HostClock();
  private int depth;
  private Map<Operand, TornadoNativeArray> arrays = Map.of();
  private int slots;

  public Recording(Programs programs) {
    this.programs = programs;
    integers = programs.pool().takeIntegers();
    expect();
    startSteps = expected == null ? new int[0] : expected.startSteps();
  }

  private void expect() {
    expected = programs.expected();
    expectedSteps = expected == null ? List.of() : expected.steps();
    asExpected = expected != null;
  }

  /** A new scratch operand. */
  public Operand scratch(int elements, Element element) {
    return programs.pool().scratch(slots++, elements, element);
  }

  /** Numbers to be copied to the device. */
  public Operand upload(float[] values, int elements) {
    uploads.add(values);
    return new Operand.Upload(uploads.size() - 1, elements);
  }

  public IntegerBlock integers() {
    return integers;
  }

  /**
   * Adds an operation.
   *
   * @param site all that the calls depend on
   */
  public void add(Object site, Supplier<List<Call>> calls) {
    int place = steps.size();
    if (place < expectedSteps.size()) {
      Step known = expectedSteps.get(place);
      if (known.site().equals(site)) {
        steps.add(known);
        while (asExpected && started < startSteps.length && place + 1 >= startSteps[started]) {
          start();
        }
        return;
      }
    }
    asExpected = false;
    steps.add(new Step(site, calls.get()));
  }

  /** Adds an operation of one call. */
  public void add(Kernel kernel, Grid grid, Object... arguments) {
    Call call = new Call(kernel, List.of(arguments), grid);
    add(call, () -> List.of(call));
  }

  /** Adds a library's call, which has a grid of its own. */
  public void addLibrary(Kernel kernel, Object... arguments) {
    Call call = new Call(kernel, List.of(arguments), null);
    add(call, () -> List.of(call));
  }

  /** From here on a step may write what outlives the computation: nothing is started early. */
  public void writesOutlive() {
    outlives = true;
  }

  /** Starts the next graph of the expected program, or gives up starting any early. */
  private void start() {
    if (expected == null || !uploads.isEmpty() || (begun == null && !begins(expected))) {
      startSteps = new int[0];
      return;
    }
    begun = expected;
    expected.start(integers, clock);
    started++;
  }

  private boolean begins(Program program) {
    if (depth > 0) {
      return false;
    }
    depth = programs.tryAcquire();
    if (depth == 0 || program != programs.expected() || program.depth() != depth) {
      return false;
    }
    clock.ended(HostClock.Part.RECORD);
    return true;
  }

  /** Steps that have been recorded and not run. */
  public int size() {
    return steps.size();
  }

  public boolean isEmpty() {
    return steps.isEmpty();
  }

  /** Where an operand lies; null before the first run that writes it. */
  public @Nullable TornadoNativeArray array(Operand operand) {
    return operand instanceof Operand.Resident resident ? resident.array() : arrays.get(operand);
  }

  /**
   * Runs, or starts, everything recorded and forgets it. From here on at the latest the computation
   * owns the device.
   *
   * @throws IllegalStateException if the device has too little memory
   */
  public Program run() {
    if (depth == 0) {
      depth = programs.acquire();
    }
    Program program = program();
    if (begun != null && begun != program) {
      begun.undo();
    }
    if (begun == null) {
      clock.ended(HostClock.Part.RECORD);
    }
    begun = null;
    programs.runs(program);
    program.run(integers, uploads, clock);
    programs.keepClock(clock);
    steps.clear();
    expect();
    startSteps = new int[0];
    integers.clear();
    uploads.clear();
    return program;
  }

  private Program program() {
    Program program = expected;
    boolean repeated =
        program != null
            && asExpected
            && steps.size() == expectedSteps.size()
            && program.depth() == depth;
    if (program == null || !repeated) {
      List<Call> calls = new ArrayList<>();
      steps.forEach(step -> calls.addAll(step.calls()));
      program = programs.latest(calls, depth);
      if (program == null) {
        program = programs.of(List.copyOf(calls), depth, this::place, integers.size());
      }
    }
    program.keep(repeated ? expectedSteps : List.copyOf(steps), repeated && !outlives);
    if (arrays.isEmpty()) {
      arrays = program.arrays();
    } else {
      arrays = new HashMap<>(arrays);
      arrays.putAll(program.arrays());
    }
    return program;
  }

  /** Hands on what another computation can use, and the device. */
  public void close() {
    try {
      if (begun != null) {
        begun.undo();
      }
    } finally {
      programs.pool().give(integers);
      if (depth > 0) {
        programs.release(depth);
      }
    }
  }

  /** Finds room for the scratch of a new program. */
  private Map<Operand, TornadoNativeArray> place(List<Call> calls) {
    Set<Operand.Scratch> missing = new LinkedHashSet<>();
    for (Call call : calls) {
      for (Object argument : call.arguments()) {
        if (argument instanceof Operand.Scratch operand && !arrays.containsKey(operand)) {
          missing.add(operand);
        }
      }
    }
    Map<Operand, TornadoNativeArray> all = new HashMap<>(arrays);
    all.putAll(programs.memory().scratch(depth, missing));
    return all;
  }
}
