// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.tornado.kernels.BFloat16Kernels;
import io.github.megabert.tornado.kernels.DenseGradientKernels;
import io.github.megabert.tornado.kernels.FloatKernelSet;
import io.github.megabert.tornado.kernels.MatrixLibrary;
import io.github.megabert.tornado.kernels.RoundedKernels;
import io.github.megabert.tornado.kernels.TrainingTasks;
import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Kernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the calls of training do with their matrices, and the twins that do so with some of them in
 * bfloat16.
 */
final class RoundedTwins {
  /** What a call does with an argument: reads it, writes all of it, changes it, or neither. */
  static final char READS = 'r';

  static final char WRITES = 'w';
  static final char CHANGES = 'c';
  static final char NEITHER = '-';

  private static final Kernel NORM = FloatKernelSet.SET.layerNorm();

  /** Those whose roles do not depend on other arguments. */
  private static final Map<Kernel, String> ROLES =
      Map.ofEntries(
          Map.entry(BFloat16Kernels.NARROW, "rw"),
          Map.entry(NORM, "rrrw"),
          Map.entry(FloatKernelSet.SET.clear(), "w"),
          Map.entry(MatrixLibrary.BFLOAT16, "rrw"),
          Map.entry(TrainingTasks.ACTIVATE, "rw"),
          Map.entry(TrainingTasks.ACTIVATION, "rrw"),
          Map.entry(TrainingTasks.CLEAR_PADDING, "r-c"),
          Map.entry(TrainingTasks.LAYER_NORM_COLUMNS, "r-rrrw"),
          Map.entry(TrainingTasks.SUM_BLOCKS, "r-rw"),
          Map.entry(TrainingTasks.ADD_BLOCKS, "r--c"),
          Map.entry(TrainingTasks.ADD, "rc"),
          Map.entry(DenseGradientKernels.PACK, "r--r--w"),
          Map.entry(DenseGradientKernels.UNPACK, "r--rc"),
          Map.entry(DenseGradientKernels.WEIGHTS, "r--cr"),
          Map.entry(DenseGradientKernels.SLOPES, "r--ccr"));

  private RoundedTwins() {}

  /** What a call does with its first arguments; it may change all others. */
  static String roles(Call call) {
    List<Object> a = call.arguments();
    Kernel kernel = call.kernel();
    if (kernel.equals(BFloat16Kernels.COMPLETE)) {
      return a.get(5).equals(1) ? "rrrw" : "rr-w";
    }
    if (kernel.equals(TrainingTasks.DROPOUT) || kernel.equals(TrainingTasks.DROPOUT_OF_QUADS)) {
      return a.get(4).equals(1) ? "rrrw" : "rr-w";
    }
    if (kernel.equals(MatrixLibrary.MIXED) || kernel.equals(MatrixLibrary.MIXED_ROUNDED)) {
      return overwrites(call) ? "rrw" : "rrc";
    }
    if (kernel.equals(TrainingTasks.LAYER_NORM)) {
      return switch ((Integer) a.get(7)) {
        case 0 -> "rrr-w";
        case 1 -> "rrrww";
        default -> "rrrcw";
      };
    }
    return ROLES.getOrDefault(kernel, "");
  }

  private static boolean overwrites(Call product) {
    return product.arguments().get(12).equals(0f);
  }

  /**
   * The call with some matrices in bfloat16.
   *
   * @param rounded their places among the arguments
   * @param a the arguments, these being the bfloat16 ones
   * @return null if there is none
   */
  static @Nullable Call twin(Call call, Set<Integer> rounded, List<Object> a) {
    Kernel kernel = call.kernel();
    Grid grid = call.grid();
    if (kernel.equals(NORM) && rounded.equals(Set.of(3))) {
      return (Integer) a.get(4) > BFloat16Kernels.LARGEST_ROW
          ? null
          : new Call(BFloat16Kernels.NORM, List.copyOf(a), grid);
    }
    if (kernel.equals(BFloat16Kernels.COMPLETE) && rounded.equals(Set.of(3))) {
      int count = (Integer) a.get(7);
      return count % 4 != 0 || a.get(5).equals(1)
          ? null
          : parts(
              BFloat16Kernels.ACTIVATE, count, 4, a.get(0), a.get(1), a.get(3), a.get(4), a.get(6));
    }
    if (kernel.equals(TrainingTasks.ACTIVATE) && rounded.equals(Set.of(0, 1))) {
      int count = (Integer) a.get(3);
      return count % RoundedKernels.PARTS != 0
          ? null
          : parts(
              RoundedKernels.ACTIVATE, count, RoundedKernels.PARTS, a.get(0), a.get(1), a.get(2));
    }
    if (kernel.equals(TrainingTasks.ACTIVATION) && rounded.equals(Set.of(0, 1, 2))) {
      int count = (Integer) a.get(4);
      return count % RoundedKernels.PARTS != 0
          ? null
          : parts(
              RoundedKernels.ACTIVATION,
              count,
              RoundedKernels.PARTS,
              a.get(0),
              a.get(1),
              a.get(2),
              a.get(3));
    }
    if (kernel.equals(TrainingTasks.DROPOUT_OF_QUADS)) {
      boolean adds = a.get(4).equals(1);
      if (adds && rounded.equals(Set.of(1))) {
        return new Call(RoundedKernels.DROPOUT_SUM, without(a, 4), grid);
      }
      return !adds && rounded.equals(Set.of(3))
          ? new Call(RoundedKernels.DROPOUT, List.of(a.get(0), a.get(1), a.get(3), a.get(5)), grid)
          : null;
    }
    if (kernel.equals(TrainingTasks.CLEAR_PADDING) && rounded.equals(Set.of(2))) {
      return new Call(RoundedKernels.CLEAR_PADDING, List.copyOf(a), grid);
    }
    if (kernel.equals(TrainingTasks.LAYER_NORM) && rounded.equals(Set.of(2))) {
      return (Integer) a.get(5) > RoundedKernels.LARGEST_ROW
          ? null
          : new Call(RoundedKernels.LAYER_NORM, List.copyOf(a), grid);
    }
    if (kernel.equals(TrainingTasks.LAYER_NORM_COLUMNS) && rounded.equals(Set.of(3))) {
      return new Call(RoundedKernels.LAYER_NORM_COLUMNS, List.copyOf(a), grid);
    }
    if (kernel.equals(TrainingTasks.SUM_BLOCKS) && rounded.equals(Set.of(2))) {
      return new Call(RoundedKernels.SUM_BLOCKS, List.copyOf(a), grid);
    }
    if (kernel.equals(DenseGradientKernels.PACK) && rounded.equals(Set.of(3))) {
      return new Call(DenseGradientKernels.PACK_ROUNDED, List.copyOf(a), grid);
    }
    if (kernel.equals(DenseGradientKernels.UNPACK) && rounded.equals(Set.of(4))) {
      return a.get(10).equals(1)
          ? null
          : new Call(DenseGradientKernels.UNPACK_ROUNDED, without(a, 10), grid);
    }
    if (kernel.equals(MatrixLibrary.MIXED) && rounded.equals(Set.of(2))) {
      return overwrites(call) ? new Call(MatrixLibrary.MIXED_ROUNDED, List.copyOf(a), grid) : null;
    }
    return null;
  }

  /** A call whose threads have one number of each part. */
  private static Call parts(Kernel kernel, int count, int parts, Object... arguments) {
    List<Object> all = new ArrayList<>(List.of(arguments));
    all.add(count / parts);
    return new Call(kernel, List.copyOf(all), Grid.elements(count / parts));
  }

  private static List<Object> without(List<Object> arguments, int index) {
    List<Object> rest = new ArrayList<>(arguments);
    rest.remove(index);
    return List.copyOf(rest);
  }

  /** A completion whose result is rounded, and an activation of that, as one call. */
  static Call completeActivate(List<Object> completion, List<Object> activation) {
    return parts(
        RoundedKernels.COMPLETE_ACTIVATE,
        (Integer) activation.get(3),
        RoundedKernels.PARTS,
        completion.get(0),
        completion.get(1),
        activation.get(0),
        activation.get(1),
        activation.get(2),
        completion.get(6));
  }

  /**
   * A completion, its dropout with a residual and the rounded LayerNorm of the sum as one call;
   * null for rows that it does not take.
   */
  static @Nullable Call dropoutNorm(
      List<Object> completion, List<Object> dropout, Call norm, List<Object> normArguments) {
    int columns = (Integer) normArguments.get(4);
    if (columns > RoundedKernels.LARGEST_ROW
        || columns % 4 != 0
        || !completion.get(6).equals(columns)) {
      return null;
    }
    return new Call(
        RoundedKernels.DROPOUT_NORM,
        List.of(
            dropout.get(0),
            completion.get(0),
            completion.get(1),
            dropout.get(2),
            dropout.get(3),
            normArguments.get(1),
            normArguments.get(2),
            normArguments.get(3),
            columns,
            normArguments.get(5)),
        norm.grid());
  }
}
