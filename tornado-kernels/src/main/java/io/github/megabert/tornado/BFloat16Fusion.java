// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.tornado.kernels.BFloat16Kernels;
import io.github.megabert.tornado.kernels.DenseTasks;
import io.github.megabert.tornado.kernels.DeviceMath;
import io.github.megabert.tornado.kernels.FloatKernelSet;
import io.github.megabert.tornado.kernels.MatrixLibrary;
import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Kernel;
import io.github.megabert.tornado.recording.Operand;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Joins the calls around products in bfloat16, when a program is built.
 *
 * <p>As recorded, every operation reads and writes float32 matrices, and every product rounds its
 * factor and completes what cuBLAS gives: 345M at 32 × 512 spent half its 47 ms so. Three passes:
 *
 * <ol>
 *   <li>A rounding, or a packing for attention, that follows what wrote its matrix (LayerNorm,
 *       completion of a product, attention) is done by that one's twin, which reads the same
 *       operands.
 *   <li>Calls whose matrix is written again before anything reads it are dropped. At the end of a
 *       program every matrix counts as read, for a later one may.
 *   <li>A sum with a residual and the LayerNorm behind it become one call.
 * </ol>
 */
final class BFloat16Fusion {
  /** Where an operand lies: scratch of one slot overlaps, whatever its size. */
  private record Place(int slot, Object identity) {
    static Place of(Object operand) {
      return operand instanceof Operand.Scratch scratch
          ? new Place(scratch.slot(), scratch.element())
          : new Place(0, operand);
    }
  }

  /**
   * What a call does.
   *
   * @param writes null where that is not known; all of {@code reads} then
   * @param whole whether nothing of what was there before is left
   */
  private record Effect(List<Object> reads, @Nullable List<Object> writes, boolean whole) {}

  private static final Kernel NORM = FloatKernelSet.SET.layerNorm();

  private BFloat16Fusion() {}

  /** The calls, joined where that is possible. */
  static List<Call> fuse(List<Call> calls) {
    if (calls.stream().noneMatch(call -> call.kernel().equals(MatrixLibrary.BFLOAT16))) {
      return calls;
    }
    return joinSums(dropUnread(forward(calls)));
  }

  private static List<Call> forward(List<Call> calls) {
    List<Call> result = new ArrayList<>();
    Map<Place, List<Call>> definitions = new HashMap<>();
    for (Call call : calls) {
      List<Call> twins = twins(call, definitions);
      result.addAll(twins);
      twins.forEach(twin -> define(twin, definitions));
    }
    return result;
  }

  /** What does a call's work without the matrix that it reads; the call itself if nothing can. */
  private static List<Call> twins(Call call, Map<Place, List<Call>> definitions) {
    boolean narrow = call.kernel().equals(BFloat16Kernels.NARROW);
    if (!narrow && !call.kernel().equals(DenseTasks.PACK_TOGETHER_FLOAT)) {
      return List.of(call);
    }
    Object matrix = call.arguments().get(narrow ? 0 : 3);
    List<Call> twins = new ArrayList<>();
    for (Call definition : definitions.getOrDefault(Place.of(matrix), List.of())) {
      Call twin = narrow ? narrowed(definition, call) : packed(definition, call);
      if (twin == null) {
        return List.of(call);
      }
      twins.add(twin);
    }
    return twins.isEmpty() ? List.of(call) : twins;
  }

  private static @Nullable Call narrowed(Call definition, Call narrow) {
    List<Object> a = definition.arguments();
    Object out = narrow.arguments().get(1);
    int count = (Integer) narrow.arguments().get(2);
    if (definition.kernel().equals(NORM) && (Integer) a.get(4) <= BFloat16Kernels.LARGEST_ROW) {
      return new Call(
          BFloat16Kernels.NORM,
          List.of(a.get(0), a.get(1), a.get(2), out, a.get(4), a.get(5)),
          definition.grid());
    }
    if (definition.kernel().equals(BFloat16Kernels.COMPLETE)
        && !hasResidual(definition)
        && count % 4 == 0) {
      return new Call(
          BFloat16Kernels.ACTIVATE,
          List.of(a.get(0), a.get(1), out, a.get(4), a.get(6), count / 4),
          Grid.elements(count / 4));
    }
    if (definition.kernel().equals(DenseTasks.UNPACK_FLOAT) && (Integer) a.get(9) == count) {
      List<Object> unpacked = new ArrayList<>(a.subList(0, 9));
      unpacked.set(3, out);
      unpacked.add(count / 2);
      return new Call(BFloat16Kernels.UNPACK, List.copyOf(unpacked), Grid.elements(count / 2));
    }
    return null;
  }

  private static @Nullable Call packed(Call definition, Call pack) {
    if (!definition.kernel().equals(BFloat16Kernels.COMPLETE)
        || hasResidual(definition)
        || !definition.arguments().get(4).equals(DeviceMath.IDENTITY)) {
      return null;
    }
    List<Object> arguments = new ArrayList<>(pack.arguments());
    arguments.set(3, definition.arguments().get(0));
    arguments.add(4, definition.arguments().get(1));
    return new Call(BFloat16Kernels.PACK, List.copyOf(arguments), pack.grid());
  }

  private static boolean hasResidual(Call complete) {
    return (Integer) complete.arguments().get(5) == 1;
  }

  /** Notes which call wrote a matrix, as long as that call's operands are what they were. */
  private static void define(Call call, Map<Place, List<Call>> definitions) {
    Effect effect = effect(call);
    List<Object> written = effect.writes == null ? effect.reads : effect.writes;
    boolean more = call.kernel().equals(DenseTasks.UNPACK_FLOAT) && !effect.whole;
    for (Object operand : written) {
      Place place = Place.of(operand);
      definitions.values().removeIf(group -> group.stream().anyMatch(c -> reads(c, place)));
      List<Call> before = definitions.remove(place);
      if (more && before != null && isMore(call)) {
        List<Call> together = new ArrayList<>(before);
        together.add(call);
        definitions.put(place, together);
      }
    }
    boolean defines =
        call.kernel().equals(NORM)
            || call.kernel().equals(BFloat16Kernels.COMPLETE)
            || (call.kernel().equals(DenseTasks.UNPACK_FLOAT) && effect.whole);
    if (defines) {
      Place place = Place.of(written.getFirst());
      if (!reads(call, place)) {
        definitions.put(place, List.of(call));
      }
    }
  }

  private static boolean isMore(Call unpack) {
    return (Integer) unpack.arguments().get(10) == DenseTasks.MORE_ROWS;
  }

  private static boolean reads(Call call, Place place) {
    return effect(call).reads.stream().anyMatch(operand -> Place.of(operand).equals(place));
  }

  private static List<Call> dropUnread(List<Call> calls) {
    List<Call> kept = new ArrayList<>();
    // Written again before it is read. A temporary is read by nobody after the program.
    Set<Place> unread = new HashSet<>();
    for (Call call : calls) {
      for (Object argument : call.arguments()) {
        if (argument instanceof Operand.Scratch scratch && scratch.slot() < 0) {
          unread.add(Place.of(scratch));
        }
      }
    }
    for (Call call : calls.reversed()) {
      Effect effect = effect(call);
      List<Object> writes = effect.writes;
      if (writes != null && writes.stream().allMatch(w -> unread.contains(Place.of(w)))) {
        continue;
      }
      kept.add(call);
      if (writes != null && effect.whole) {
        writes.forEach(operand -> unread.add(Place.of(operand)));
      }
      effect.reads.forEach(operand -> unread.remove(Place.of(operand)));
    }
    Collections.reverse(kept);
    return kept;
  }

  private static List<Call> joinSums(List<Call> calls) {
    List<Call> joined = new ArrayList<>();
    for (Call call : calls) {
      Call before = joined.isEmpty() ? null : joined.getLast();
      if (before != null
          && call.kernel().equals(BFloat16Kernels.NORM)
          && before.kernel().equals(BFloat16Kernels.COMPLETE)
          && hasResidual(before)
          && before.arguments().get(4).equals(DeviceMath.IDENTITY)
          && before.arguments().get(3).equals(call.arguments().get(0))
          && before.arguments().get(6).equals(call.arguments().get(4))) {
        List<Object> sum = before.arguments();
        List<Object> norm = call.arguments();
        joined.removeLast();
        joined.add(
            new Call(
                BFloat16Kernels.COMPLETE_NORM,
                List.of(
                    sum.get(0),
                    sum.get(1),
                    sum.get(2),
                    sum.get(3),
                    norm.get(1),
                    norm.get(2),
                    norm.get(3),
                    norm.get(4),
                    norm.get(5)),
                call.grid()));
      } else {
        joined.add(call);
      }
    }
    return joined;
  }

  private static Effect effect(Call call) {
    List<Object> a = call.arguments();
    Kernel kernel = call.kernel();
    if (kernel.equals(NORM) || kernel.equals(BFloat16Kernels.NORM)) {
      return new Effect(a.subList(0, 3), List.of(a.get(3)), true);
    }
    if (kernel.equals(BFloat16Kernels.NARROW)) {
      return new Effect(a.subList(0, 1), List.of(a.get(1)), true);
    }
    if (kernel.equals(MatrixLibrary.BFLOAT16)) {
      return new Effect(a.subList(0, 2), List.of(a.get(2)), true);
    }
    if (kernel.equals(BFloat16Kernels.COMPLETE)) {
      return new Effect(a.subList(0, hasResidual(call) ? 3 : 2), List.of(a.get(3)), true);
    }
    if (kernel.equals(BFloat16Kernels.ACTIVATE)) {
      return new Effect(a.subList(0, 2), List.of(a.get(2)), true);
    }
    if (kernel.equals(DenseTasks.PACK_TOGETHER_FLOAT)) {
      return new Effect(List.of(a.get(0), a.get(3)), a.subList(8, 11), true);
    }
    if (kernel.equals(BFloat16Kernels.PACK)) {
      return new Effect(List.of(a.get(0), a.get(3), a.get(4)), a.subList(9, 12), true);
    }
    if (kernel.equals(DenseTasks.ATTENTION)) {
      return new Effect(a.subList(0, 3), List.of(a.get(3)), true);
    }
    if (kernel.equals(DenseTasks.UNPACK_FLOAT)) {
      boolean whole = (Integer) a.get(10) == DenseTasks.ALL_ROWS;
      return new Effect(List.of(a.get(0), a.get(2)), List.of(a.get(3)), whole);
    }
    if (kernel.equals(BFloat16Kernels.UNPACK)) {
      return new Effect(List.of(a.get(0), a.get(2)), List.of(a.get(3)), false);
    }
    return new Effect(a.stream().filter(x -> x instanceof Operand).toList(), null, false);
  }
}
