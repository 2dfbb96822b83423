// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.AdamWStep;
import io.github.megabert.backend.Gradients.Rows;
import io.github.megabert.backend.Gradients.Update;
import io.github.megabert.backend.Matrix;
import io.github.megabert.tornado.kernels.OptimizerKernels;
import io.github.megabert.tornado.kernels.OptimizerTasks;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Recording;
import io.github.megabert.tornado.recording.Temporary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Records the norm of gradients, and AdamW. Parameters that lie one behind the other, such as a
 * layer's query, key and value, are one; small ones share kernels.
 */
final class OptimizerCalls {
  /** Numbers of a parameter that has a kernel to itself, more than this. */
  private static final int SMALL = 1 << 16;

  /** Up to here every integer is a float too. */
  private static final int LARGEST_FLOAT = 1 << 24;

  private final TornadoComputation computation;
  private final Recording recording;
  private final TrainingScalars scalars;

  /** Whether the program that is recorded knows by what gradients are clipped. */
  private boolean knowsClip;

  /** Elements of an array. */
  private record Part(Operand array, int first, int count) {
    boolean isBefore(Part next) {
      return array.equals(next.array) && first + count == next.first;
    }

    Part with(Part next) {
      return new Part(array, first, count + next.count);
    }

    boolean isSmall() {
      return count <= SMALL && first <= LARGEST_FLOAT;
    }
  }

  /** Elements of a parameter, and as many of its moments. */
  private record Updated(
      AdamWStep step, Part value, Operand gradient, Part firstMoment, Operand secondMoment) {
    boolean isBefore(Updated next) {
      return step.equals(next.step)
          && value.isBefore(next.value)
          && gradient.equals(next.gradient)
          && firstMoment.isBefore(next.firstMoment)
          && secondMoment.equals(next.secondMoment);
    }

    Updated with(Updated next) {
      return new Updated(
          step, value.with(next.value), gradient, firstMoment.with(next.firstMoment), secondMoment);
    }

    boolean isSmall() {
      return value.isSmall() && firstMoment.isSmall();
    }
  }

  OptimizerCalls(TornadoComputation computation, Recording recording, TrainingScalars scalars) {
    this.computation = computation;
    this.recording = recording;
    this.scalars = scalars;
  }

  /** When what has been recorded runs. */
  void forget() {
    knowsClip = false;
  }

  /** The sum of the squares of all parts, in double precision. */
  double squaredNorm(List<Rows> parts) {
    Operand sums = sums();
    int count = recordSquares(parts, sums);
    return count == 0 ? 0 : Arrays.stream(computation.doubles(sums, count)).sum();
  }

  private static Operand sums() {
    return Temporary.SUMS.of(OptimizerKernels.NORM_GROUPS, Element.DOUBLE);
  }

  private static Operand clip() {
    return Temporary.CLIP.of(2, Element.DOUBLE);
  }

  /**
   * Records sums of squares. A work group has one sum over all parts: the parts of one shape share
   * a kernel.
   *
   * @return how many sums there are
   */
  private int recordSquares(List<Rows> rows, Operand sums) {
    List<Part> large = new ArrayList<>();
    List<Part> small = new ArrayList<>();
    for (Part part : parts(rows)) {
      (part.isSmall() ? small : large).add(part);
    }
    boolean add = false;
    for (Part part : large) {
      int groups =
          Math.min(
              OptimizerKernels.NORM_GROUPS,
              Math.ceilDiv(part.count, OptimizerKernels.SQUARES_PER_GROUP));
      recording.add(
          OptimizerTasks.SQUARES,
          new Grid(add ? groups : OptimizerKernels.NORM_GROUPS, 1, OptimizerKernels.THREADS),
          part.array,
          sums,
          part.first,
          part.count,
          groups,
          add ? 1 : 0);
      add = true;
    }
    for (int from = 0; from < small.size(); from += OptimizerKernels.SUMMED) {
      recordSquaresOf(
          small.subList(from, Math.min(small.size(), from + OptimizerKernels.SUMMED)), sums, add);
      add = true;
    }
    return !large.isEmpty()
        ? OptimizerKernels.NORM_GROUPS
        : small.isEmpty() ? 0 : OptimizerKernels.SUMMED;
  }

  private void recordSquaresOf(List<Part> vectors, Operand sums, boolean add) {
    float[] numbers = new float[2 * OptimizerKernels.SUMMED];
    List<Object> arguments = new ArrayList<>();
    for (int i = 0; i < OptimizerKernels.SUMMED; i++) {
      Part part = vectors.get(Math.min(i, vectors.size() - 1));
      numbers[2 * i] = part.first;
      numbers[2 * i + 1] = i < vectors.size() ? part.count : 0;
      arguments.add(part.array);
    }
    arguments.addFirst(sums);
    arguments.addFirst(scalars.ticket(numbers));
    arguments.add(add ? 1 : 0);
    recording.add(
        OptimizerTasks.SQUARES_OF_VECTORS,
        new Grid(OptimizerKernels.SUMMED, 1, OptimizerKernels.THREADS),
        arguments.toArray());
  }

  private List<Part> parts(List<Rows> rows) {
    List<Part> parts = new ArrayList<>();
    for (Rows some : rows) {
      if (some.count() > 0) {
        Part part = part(some.matrix(), "x", some.first(), some.count());
        if (!parts.isEmpty() && parts.getLast().isBefore(part)) {
          part = parts.removeLast().with(part);
        }
        parts.add(part);
      }
    }
    return parts;
  }

  /** Rows of a matrix, or of a view of one. */
  private Part part(Matrix matrix, String name, int firstRow, int rows) {
    int columns = matrix.columns();
    return new Part(
        whole(matrix, name).operand(),
        Math.multiplyExact(firstRow(matrix) + firstRow, columns),
        Math.multiplyExact(rows, columns));
  }

  /** Updates with gradients as they are, but for the steps' scale. */
  void adamW(List<Update> updates) {
    List<Updated> all = updated(updates);
    if (!all.isEmpty() && !knowsClip) {
      recording.add(OptimizerTasks.UNCLIPPED, Grid.elements(1), clip());
      knowsClip = true;
    }
    recordUpdates(all);
  }

  /**
   * Updates with clipped gradients. While the device sums up squares, the host records the updates.
   */
  double clippedAdamW(List<Rows> parts, double largest, List<Update> updates) {
    Operand sums = sums();
    int count = recordSquares(parts, sums);
    if (count == 0) {
      adamW(updates);
      return 0;
    }
    recording.add(
        OptimizerTasks.CLIP,
        new Grid(1, 1, OptimizerKernels.THREADS),
        scalars.ticket(new float[] {(float) largest, (float) AdamWStep.CLIP_EPS}),
        sums,
        clip(),
        count);
    computation.launch();
    recordUpdates(updated(updates));
    return Math.sqrt(computation.doubles(clip(), 1)[0]);
  }

  private void recordUpdates(List<Updated> all) {
    Map<AdamWStep, List<Updated>> small = new LinkedHashMap<>();
    for (Updated one : all) {
      if (one.isSmall()) {
        small.computeIfAbsent(one.step, step -> new ArrayList<>()).add(one);
      } else {
        recordUpdate(one);
      }
    }
    small.values().forEach(this::recordVectors);
    computation.forgetRounded();
  }

  private void recordUpdate(Updated one) {
    Part moment = one.firstMoment;
    recording.add(
        OptimizerTasks.ADAM_W,
        new Grid(
            Math.ceilDiv(moment.count, OptimizerKernels.PER_GROUP), 1, OptimizerKernels.THREADS),
        scalars.ticket(numbers(one.step, OptimizerKernels.STEP_NUMBERS)),
        clip(),
        one.value.array,
        one.gradient,
        moment.array,
        one.secondMoment,
        moment.first,
        moment.count,
        one.value.first - moment.first);
  }

  /**
   * Vectors whose steps are the same: as many together as a kernel takes, the others each. A task
   * takes no array twice: TornadoVM would look for an order of its writes for ever.
   */
  private void recordVectors(List<Updated> vectors) {
    List<Updated> pack = new ArrayList<>();
    for (Updated one : vectors) {
      if (pack.stream().anyMatch(other -> other.value.array.equals(one.value.array))) {
        recordUpdate(one);
        continue;
      }
      pack.add(one);
      if (pack.size() == OptimizerKernels.UPDATED) {
        recordPack(pack);
        pack.clear();
      }
    }
    pack.forEach(this::recordUpdate);
  }

  private void recordPack(List<Updated> pack) {
    float[] numbers =
        numbers(pack.getFirst().step, OptimizerKernels.STEP_NUMBERS + 3 * pack.size());
    List<Object> arguments = new ArrayList<>();
    int longest = 1;
    for (int i = 0; i < pack.size(); i++) {
      Updated one = pack.get(i);
      int at = OptimizerKernels.STEP_NUMBERS + 3 * i;
      numbers[at] = one.firstMoment.first;
      numbers[at + 1] = one.value.count;
      numbers[at + 2] = one.value.first;
      longest = Math.max(longest, one.value.count);
      arguments.addAll(
          List.of(one.value.array, one.gradient, one.firstMoment.array, one.secondMoment));
    }
    arguments.addFirst(clip());
    arguments.addFirst(scalars.ticket(numbers));
    // A power of two: there are few kernels.
    int groups = Integer.highestOneBit(2 * Math.ceilDiv(longest, OptimizerKernels.THREADS) - 1);
    recording.add(
        OptimizerTasks.ADAM_W_OF_VECTORS,
        new Grid(groups, pack.size(), OptimizerKernels.THREADS),
        arguments.toArray());
  }

  private static float[] numbers(AdamWStep step, int length) {
    float[] numbers = {
      (float) step.gradientScale(),
      (float) step.beta1(),
      (float) (1 - step.beta1()),
      (float) step.beta2(),
      (float) (1 - step.beta2()),
      (float) (1 / step.secondCorrection()),
      (float) (step.learningRate() / step.firstCorrection()),
      (float) step.eps(),
      (float) (1 - step.learningRate() * step.weightDecay())
    };
    return Arrays.copyOf(numbers, length);
  }

  private List<Updated> updated(List<Update> updates) {
    List<Updated> all = new ArrayList<>();
    for (Update update : updates) {
      if (update.rows() > 0) {
        Updated one = updated(update);
        if (!all.isEmpty() && all.getLast().isBefore(one)) {
          one = all.removeLast().with(one);
        }
        all.add(one);
      }
    }
    return all;
  }

  private Updated updated(Update update) {
    Matrix value = update.value();
    int rows = value.rows();
    int columns = value.columns();
    TornadoMatrix.requireShape(update.gradient(), "gradient", rows, columns);
    TornadoMatrix.requireShape(update.firstMoment(), "firstMoment", rows, columns);
    TornadoMatrix.requireShape(update.secondMoment(), "secondMoment", rows, columns);
    if (firstRow(update.gradient()) != firstRow(value)) {
      throw new IllegalArgumentException("a value and its gradient are views of the same rows");
    }
    return new Updated(
        update.step(),
        part(value, "value", update.firstRow(), update.rows()),
        whole(update.gradient(), "gradient").operand(),
        part(update.firstMoment(), "firstMoment", update.firstRow(), update.rows()),
        computation.own(update.secondMoment(), "secondMoment").operand());
  }

  /** The matrix itself, or the one that it is a view of. */
  private TornadoMatrix whole(Matrix matrix, String name) {
    return matrix instanceof TornadoRows view ? view.matrix() : computation.own(matrix, name);
  }

  private static int firstRow(Matrix matrix) {
    return matrix instanceof TornadoRows view ? view.first() : 0;
  }
}
