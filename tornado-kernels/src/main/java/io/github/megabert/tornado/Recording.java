package io.github.megabert.tornado;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** What a computation has recorded and not yet run, and where its scratch lies. */
final class Recording {
  private final TornadoBackend backend;
  private final List<Call> calls = new ArrayList<>();
  private final IntegerBlock integers;
  private final List<float[]> uploads = new ArrayList<>();
  private final Map<List<Integer>, Operand> brains = new HashMap<>();
  private final AttentionCalls attention;
  private Map<Operand, TornadoNativeArray> arrays = Map.of();
  private int slots;

  Recording(TornadoBackend backend) {
    this.backend = backend;
    integers = backend.spares().takeIntegers();
    attention = new AttentionCalls(backend, integers, this::scratch);
  }

  /** A new scratch operand. */
  Operand scratch(int elements, Element element) {
    return backend.spares().scratch(slots++, elements, element);
  }

  /** The bfloat16 factors, or products, of a size share an array. */
  Operand brainScratch(int role, int elements) {
    return brains.computeIfAbsent(List.of(role, elements), key -> scratch(elements, Element.BRAIN));
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

  void add(List<Call> more) {
    calls.addAll(more);
  }

  void add(Kernel kernel, Grid grid, Object... arguments) {
    calls.add(new Call(kernel, List.of(arguments), grid));
  }

  boolean isEmpty() {
    return calls.isEmpty();
  }

  /** Where an operand lies; null before the first run that writes it. */
  @Nullable TornadoNativeArray array(Operand operand) {
    return operand instanceof Operand.Resident resident ? resident.array() : arrays.get(operand);
  }

  /**
   * Runs, or starts, everything recorded and forgets it.
   *
   * @param depth computations of this thread that have results on the device, this one included
   * @throws IllegalStateException if the device has too little memory
   */
  Program run(int depth) {
    Program program = backend.latest(calls, depth);
    if (program == null) {
      place(depth);
      program = backend.program(List.copyOf(calls), depth, arrays, integers.size());
    } else if (arrays.isEmpty()) {
      arrays = program.arrays();
    } else {
      arrays = new HashMap<>(arrays);
      arrays.putAll(program.arrays());
    }
    program.run(integers, uploads);
    calls.clear();
    integers.clear();
    uploads.clear();
    attention.clear();
    brains.clear();
    return program;
  }

  /** Hands on what another computation can use. */
  void close() {
    backend.spares().give(integers);
  }

  /** Finds room for the scratch of everything recorded. */
  private void place(int depth) {
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
