package io.github.megabert.tornado;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** What a computation has recorded and not yet run, and where its scratch lies. */
final class Recording {
  private final TornadoBackend backend;
  private final List<Step> steps = new ArrayList<>();
  private final IntegerBlock integers;
  private final List<float[]> uploads = new ArrayList<>();
  private final AttentionCalls attention;

  /** The program that ran last, and its steps. */
  private final @Nullable Program expected;

  private final List<Step> expectedSteps;
  private boolean asExpected;
  private Map<Operand, TornadoNativeArray> arrays = Map.of();
  private int slots;

  Recording(TornadoBackend backend) {
    this.backend = backend;
    integers = backend.spares().takeIntegers();
    attention = new AttentionCalls(backend, this);
    expected = backend.latest();
    expectedSteps = expected == null ? List.of() : expected.steps();
    asExpected = expected != null;
  }

  /** A new scratch operand. */
  Operand scratch(int elements, Element element) {
    return backend.spares().scratch(slots++, elements, element);
  }

  /** Numbers to be copied to the device. */
  Operand upload(float[] values, int elements) {
    uploads.add(values);
    return new Operand.Upload(uploads.size() - 1, elements);
  }

  IntegerBlock integers() {
    return integers;
  }

  AttentionCalls attention() {
    return attention;
  }

  /**
   * Adds an operation.
   *
   * @param site all that the calls depend on
   */
  void add(Object site, Supplier<List<Call>> calls) {
    int place = steps.size();
    if (place < expectedSteps.size()) {
      Step known = expectedSteps.get(place);
      if (known.site().equals(site)) {
        steps.add(known);
        return;
      }
    }
    asExpected = false;
    steps.add(new Step(site, calls.get()));
  }

  /** Adds an operation of one call. */
  void add(Kernel kernel, Grid grid, Object... arguments) {
    Call call = new Call(kernel, List.of(arguments), grid);
    add(call, () -> List.of(call));
  }

  boolean isEmpty() {
    return steps.isEmpty();
  }

  /** Where an operand lies; null before the first run that writes it. */
  @Nullable TornadoNativeArray array(Operand operand) {
    return operand instanceof Operand.Resident resident ? resident.array() : arrays.get(operand);
  }

  /**
   * Runs, or starts, everything recorded and forgets it.
   *
   * @param depth computations of this thread that have results on the device, this one included
   * @param clock is told when the program is found and when it has started
   * @throws IllegalStateException if the device has too little memory
   */
  Program run(int depth, HostClock clock) {
    Program program = program(depth);
    clock.ended(HostClock.Part.MATCH);
    program.run(integers, uploads, clock);
    clock.ended(HostClock.Part.START);
    steps.clear();
    asExpected = false;
    integers.clear();
    uploads.clear();
    attention.clear();
    return program;
  }

  private Program program(int depth) {
    Program program = expected;
    if (program == null
        || !asExpected
        || steps.size() != expectedSteps.size()
        || !backend.isLatest(program, depth)) {
      List<Call> calls = new ArrayList<>();
      steps.forEach(step -> calls.addAll(step.calls()));
      program = backend.latest(calls, depth);
      if (program == null) {
        place(calls, depth);
        program = backend.program(List.copyOf(calls), depth, arrays, integers.size());
      }
      program.keep(List.copyOf(steps));
    }
    if (arrays.isEmpty()) {
      arrays = program.arrays();
    } else {
      arrays = new HashMap<>(arrays);
      arrays.putAll(program.arrays());
    }
    return program;
  }

  /** Hands on what another computation can use. */
  void close() {
    backend.spares().give(integers);
  }

  /** Finds room for the scratch of everything recorded. */
  private void place(List<Call> calls, int depth) {
    Set<Operand.Scratch> missing = new LinkedHashSet<>();
    for (Call call : calls) {
      for (Object argument : call.arguments()) {
        if (argument instanceof Operand.Scratch operand && !arrays.containsKey(operand)) {
          missing.add(operand);
        }
      }
    }
    arrays = new HashMap<>(arrays);
    arrays.putAll(backend.memory().scratch(depth, missing));
  }
}
