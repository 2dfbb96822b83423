// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The operations of a {@link Tape} by which ranks exchange numbers, with their adjoints. */
final class TapeCollectives {
  private final Computation computation;
  private final Gradients gradients;
  private final TapeRecord record;
  private final TapeMatrices matrices;
  private final TapeBuffers buffers;

  TapeCollectives(
      Computation computation, TapeRecord record, TapeMatrices matrices, TapeBuffers buffers) {
    this.computation = computation;
    this.record = record;
    this.matrices = matrices;
    this.buffers = buffers;
    gradients = computation.gradients();
  }

  void allReduce(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    TapeValue input = matrices.valueOf(x);
    TapeValue added = residual == null ? null : matrices.valueOf(residual);
    TapeValue value =
        record.newValue(out, input.isDifferentiable || (added != null && added.isDifferentiable));
    computation.allReduce(
        group, input.memory(), added == null ? null : added.memory(), value.memory());
    record.finish(
        out,
        value,
        List.of(),
        gradient -> {
          if (added != null && added.isDifferentiable) {
            gradients.add(gradient, record.gradientOf(added));
          }
          record.giveGradient(input, gradient);
        });
  }

  Matrix copyToRanks(Communicator group, Matrix x) {
    TapeValue input = matrices.valueOf(x);
    Matrix out = matrices.make(x.rows(), x.columns());
    record.remember(
        out,
        TapeValue.sameAs(input),
        List.of(),
        gradient -> {
          computation.allReduce(group, gradient, null, gradient);
          record.giveGradient(input, gradient);
        });
    return out;
  }

  void reduceScatter(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    TapeValue input = matrices.valueOf(x);
    TapeValue added = residual == null ? null : matrices.valueOf(residual);
    TapeValue value =
        record.newValue(out, input.isDifferentiable || (added != null && added.isDifferentiable));
    computation.reduceScatter(
        group, input.memory(), added == null ? null : added.memory(), value.memory());
    record.finish(
        out,
        value,
        List.of(),
        gradient -> {
          if (input.isDifferentiable) {
            Matrix dX = buffers.take(x.rows(), x.columns());
            computation.allGather(group, gradient, GatheredUse.COPIES, dX);
            record.giveGradient(input, dX);
          }
          if (added == null) {
            buffers.give(gradient);
          } else {
            record.giveGradient(added, gradient);
          }
        });
  }

  void allGather(Communicator group, Matrix x, GatheredUse use, Matrix all) {
    TapeValue input = matrices.valueOf(x);
    TapeValue value = record.newValue(all, input.isDifferentiable);
    computation.allGather(group, input.memory(), use, value.memory());
    if (use == GatheredUse.PARTS && !record.isRecomputing()) {
      value.makeAgainBy(input, memory -> computation.allGather(group, input.memory(), use, memory));
    }
    record.finish(
        all,
        value,
        List.of(),
        gradient -> {
          Matrix dX = buffers.take(x.rows(), x.columns());
          switch (use) {
            case PARTS -> computation.reduceScatter(group, gradient, null, dX);
            case COPIES -> computation.gatherRows(gradient, ownRows(group, all.rows()), dX);
          }
          record.giveGradient(input, dX);
          buffers.give(gradient);
        });
  }

  private static int[] ownRows(Communicator group, int rows) {
    Partition parts = Partition.even(rows, group.size());
    int first = (int) parts.start(group.rank());
    return IntStream.range(first, first + (int) parts.count(group.rank())).toArray();
  }
}
