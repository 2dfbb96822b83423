// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.tornado.kernels.BFloat16Kernels;
import io.github.megabert.tornado.kernels.DeviceMath;
import io.github.megabert.tornado.kernels.FloatKernelSet;
import io.github.megabert.tornado.kernels.ScalarTickets;
import io.github.megabert.tornado.kernels.TrainingTasks;
import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Operand;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Stores matrices of training in bfloat16 that are read rounded only, when a program is built.
 *
 * <p>As recorded, every matrix is float32, and every product rounds its factors. What a matrix
 * holds from one write to the next is a value. A value is rounded where it is written if everything
 * that writes or reads it has a twin that does so in bfloat16 ({@link RoundedTwins}); the products
 * then read it as it is. A value that a later program may read stays float32: only those count of
 * which {@link TrainingTasks#DISCARD} says that nobody will.
 *
 * <p>Then what follows a product is done in one call: bias and activation; bias, dropout, the sum
 * with the residual and LayerNorm.
 */
final class RoundedMatrices {
  /** What a matrix holds between two writes. */
  private static final class Value {
    private final Operand.Scratch operand;
    private final List<Use> uses = new ArrayList<>();

    /** The call that writes over it or discards it; the number of calls where none does. */
    private int end = Integer.MAX_VALUE;

    private boolean isDiscarded;

    /** Whether nothing is left of what an earlier program wrote. */
    private final boolean isWhole;

    private boolean isRounded;

    Value(Operand.Scratch operand, boolean isWhole) {
      this.operand = operand;
      this.isWhole = isWhole;
    }

    boolean mayBeRounded() {
      boolean isMatrix = operand.slot() >= 0 && operand.element() == Element.FLOAT;
      return isMatrix && isWhole && isDiscarded;
    }

    Operand inBFloat16() {
      return new Operand.Scratch(operand.slot(), operand.elements(), Element.BFLOAT16);
    }
  }

  /** How many of a call's first arguments may be matrices that are rounded. */
  private static final int MOST_MATRICES = 8;

  private record Use(int call, int argument, boolean writes) {}

  private record Place(int slot, Element element) {}

  private final List<Call> calls;

  /** The value of each argument of each call. */
  private final List<Map<Integer, Value>> values = new ArrayList<>();

  private final List<Value> all = new ArrayList<>();
  private final Map<Integer, Call> replaced = new HashMap<>();
  private final Set<Integer> dropped = new HashSet<>();

  private RoundedMatrices(List<Call> calls) {
    this.calls = calls;
  }

  /**
   * Calls that do the same with fewer bytes; those of programs that discard nothing as they are.
   */
  static List<Call> round(List<Call> calls) {
    if (calls.stream().noneMatch(call -> call.kernel().equals(TrainingTasks.DISCARD))) {
      return calls;
    }
    if (calls.stream().noneMatch(call -> call.kernel().equals(BFloat16Kernels.NARROW))) {
      return calls.stream().filter(call -> !call.kernel().equals(TrainingTasks.DISCARD)).toList();
    }
    RoundedMatrices matrices = new RoundedMatrices(calls);
    matrices.findValues();
    matrices.dropUnreadZeros();
    matrices.chooseRounded();
    matrices.joinActivations();
    matrices.joinNorms();
    return matrices.rewritten();
  }

  private void findValues() {
    Map<Place, Value> current = new HashMap<>();
    Set<Place> blank = new HashSet<>();
    for (int i = 0; i < calls.size(); i++) {
      List<Object> arguments = calls.get(i).arguments();
      Map<Integer, Value> ofCall = new HashMap<>();
      values.add(ofCall);
      if (calls.get(i).kernel().equals(TrainingTasks.DISCARD)) {
        Place discarded = place((Operand.Scratch) arguments.getFirst());
        end(current.remove(discarded), i);
        blank.add(discarded);
        dropped.add(i);
        continue;
      }
      String roles = RoundedTwins.roles(calls.get(i));
      for (boolean writes : new boolean[] {false, true}) {
        for (int a = 0; a < arguments.size(); a++) {
          char role = a < roles.length() ? roles.charAt(a) : RoundedTwins.CHANGES;
          boolean isIn = writes == (role == RoundedTwins.WRITES);
          if (isIn
              && role != RoundedTwins.NEITHER
              && arguments.get(a) instanceof Operand.Scratch operand) {
            if (writes) {
              end(current.remove(place(operand)), i);
            }
            Place here = place(operand);
            boolean isWhole = writes || blank.contains(here);
            Value value = current.computeIfAbsent(here, place -> newValue(operand, isWhole));
            value.uses.add(new Use(i, a, role != RoundedTwins.READS));
            ofCall.put(a, value);
          }
        }
      }
    }
  }

  private Value newValue(Operand.Scratch operand, boolean isWhole) {
    Value value = new Value(operand, isWhole);
    all.add(value);
    return value;
  }

  private static Place place(Operand.Scratch operand) {
    return new Place(operand.slot(), operand.element());
  }

  private static void end(@Nullable Value value, int call) {
    if (value != null) {
      value.isDiscarded = true;
      value.end = call;
    }
  }

  /** Zeros that are discarded before anything is added to them. */
  private void dropUnreadZeros() {
    for (Value value : all) {
      if (value.isDiscarded && value.uses.size() == 1) {
        int call = value.uses.getFirst().call;
        if (calls.get(call).kernel().equals(FloatKernelSet.SET.clear())) {
          dropped.add(call);
        }
      }
    }
  }

  /** Begins with all that may be, and leaves out what some call has no twin for. */
  private void chooseRounded() {
    all.forEach(value -> value.isRounded = value.mayBeRounded());
    boolean changed = true;
    while (changed) {
      changed = false;
      for (int i = 0; i < calls.size(); i++) {
        Set<Integer> rounded = roundedArguments(i);
        if (!rounded.isEmpty() && !dropped.contains(i) && !hasTwin(i, rounded)) {
          Set<Integer> kept = largestWithTwin(i, rounded);
          for (int argument : rounded) {
            values.get(i).get(argument).isRounded = kept.contains(argument);
          }
          changed = true;
        }
      }
    }
  }

  private Set<Integer> roundedArguments(int call) {
    Set<Integer> rounded = new HashSet<>();
    values.get(call).forEach((a, value) -> addIf(value.isRounded, a, rounded));
    return rounded;
  }

  private static void addIf(boolean condition, int argument, Set<Integer> set) {
    if (condition) {
      set.add(argument);
    }
  }

  /** Of the arguments that are rounded as many as some twin takes. */
  private Set<Integer> largestWithTwin(int call, Set<Integer> rounded) {
    Set<Integer> largest = Set.of();
    for (int mask = 1; mask < 1 << MOST_MATRICES; mask++) {
      int choice = mask;
      Set<Integer> some =
          rounded.stream().filter(a -> (choice >> a & 1) == 1).collect(Collectors.toSet());
      if (some.size() > largest.size() && hasTwin(call, some)) {
        largest = some;
      }
    }
    return largest;
  }

  private boolean hasTwin(int call, Set<Integer> rounded) {
    return isNarrow(call)
        ? outlivesItsCopy(call)
        : RoundedTwins.twin(calls.get(call), rounded, calls.get(call).arguments()) != null;
  }

  private boolean isNarrow(int call) {
    return calls.get(call).kernel().equals(BFloat16Kernels.NARROW);
  }

  /** Whether a matrix is still what its rounded copy is when that is read for the last time. */
  private boolean outlivesItsCopy(int narrow) {
    Value matrix = values.get(narrow).get(0);
    Value copy = values.get(narrow).get(1);
    int last = copy.uses.getLast().call;
    return matrix.end > last
        && matrix.uses.stream().noneMatch(u -> u.writes && u.call > narrow && u.call <= last);
  }

  /** A sum of a product and its bias that an activation reads at once. */
  private void joinActivations() {
    for (int i = 1; i < calls.size(); i++) {
      if (isCompletion(i - 1)
          && calls.get(i).kernel().equals(TrainingTasks.ACTIVATE)
          && roundedArguments(i).equals(Set.of(0, 1))
          && values.get(i).get(0) == values.get(i - 1).get(3)) {
        dropped.add(i - 1);
        replaced.put(i, RoundedTwins.completeActivate(arguments(i - 1), arguments(i)));
      }
    }
  }

  /** Whether a call adds the bias to a product and rounds the sum. */
  private boolean isCompletion(int call) {
    return calls.get(call).kernel().equals(BFloat16Kernels.COMPLETE)
        && calls.get(call).arguments().get(4).equals(DeviceMath.IDENTITY)
        && roundedArguments(call).equals(Set.of(3));
  }

  /** A product's completion, its dropout with a residual, and the LayerNorm of that. */
  private void joinNorms() {
    for (int norm = 2; norm < calls.size(); norm++) {
      int dropout = before(norm);
      int completion = dropout < 0 ? -1 : before(dropout);
      if (completion >= 0
          && calls.get(norm).kernel().equals(FloatKernelSet.SET.layerNorm())
          && calls.get(dropout).kernel().equals(TrainingTasks.DROPOUT_OF_QUADS)
          && isCompletion(completion)
          && roundedArguments(norm).equals(Set.of(3))
          && roundedArguments(dropout).equals(Set.of(1))
          && values.get(dropout).get(1) == values.get(completion).get(3)
          && values.get(dropout).get(1).uses.size() == 2
          && values.get(norm).get(0) == values.get(dropout).get(3)) {
        Call joined =
            RoundedTwins.dropoutNorm(
                arguments(completion), arguments(dropout), calls.get(norm), arguments(norm));
        if (joined != null) {
          dropped.add(completion);
          dropped.add(dropout);
          replaced.put(norm, joined);
        }
      }
    }
  }

  /** The call before, but for those that take numbers of a step and those that are dropped. */
  private int before(int call) {
    int before = call - 1;
    while (before >= 0
        && (dropped.contains(before)
            || calls.get(before).kernel().equals(ScalarTickets.TAKE_WORDS))) {
      before--;
    }
    return before;
  }

  /** The arguments of a call with the rounded operands and without copies of them. */
  private List<Object> arguments(int call) {
    List<Object> arguments = new ArrayList<>(calls.get(call).arguments());
    values
        .get(call)
        .forEach(
            (a, value) -> {
              Value source = isNarrow(call) ? null : original(value);
              if (value.isRounded) {
                arguments.set(a, value.inBFloat16());
              } else if (source != null) {
                arguments.set(a, source.inBFloat16());
              }
            });
    return arguments;
  }

  /** The rounded matrix of which a value would be the copy; null if it is no such copy. */
  private @Nullable Value original(Value value) {
    Use first = value.uses.getFirst();
    Value matrix =
        isNarrow(first.call) && first.argument == 1 ? values.get(first.call).get(0) : null;
    return matrix != null && matrix.isRounded ? matrix : null;
  }

  private List<Call> rewritten() {
    List<Call> result = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      Set<Integer> rounded = roundedArguments(i);
      if (dropped.contains(i) || (isNarrow(i) && !rounded.isEmpty())) {
        continue;
      }
      Call joined = replaced.get(i);
      if (joined != null) {
        result.add(joined);
        continue;
      }
      Call call = calls.get(i);
      List<Object> arguments = arguments(i);
      Call twin =
          rounded.isEmpty()
              ? new Call(call.kernel(), List.copyOf(arguments), call.grid())
              : RoundedTwins.twin(call, rounded, arguments);
      if (twin == null) {
        throw new IllegalStateException("no twin of " + call.kernel().name());
      }
      result.add(twin);
    }
    return result;
  }
}
