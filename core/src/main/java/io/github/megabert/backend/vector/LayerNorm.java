package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.HostMatrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * LayerNorm (Ba et al. 2016), some rows a task.
 *
 * <p>The mean first, then the sum of squared differences from it; the differences' own sum corrects
 * what rounding the mean left over (Chan, Golub and LeVeque 1983, eq. 1.7), which an eps of 1e-12
 * would otherwise blow up on nearly constant rows.
 */
final class LayerNorm implements Team.Body {
  /** Numbers a task, at least: about 5 µs. */
  private static final int WORK = 1 << 15;

  private final Team team;
  private final KernelMemory memory;
  private MemorySegment x = MemorySegment.NULL;
  private MemorySegment weight = MemorySegment.NULL;
  private MemorySegment bias = MemorySegment.NULL;
  private MemorySegment out = MemorySegment.NULL;
  private MemorySegment lanes = MemorySegment.NULL;
  private int rows;
  private int columns;
  private int tasks;
  private float eps;

  LayerNorm(Team team, KernelMemory memory) {
    this.team = team;
    this.memory = memory;
  }

  /** {@code (x - mean) / √(variance + eps) · weight + bias} of each row. */
  void normalize(
      HostMatrix x, MemorySegment weight, MemorySegment bias, float eps, HostMatrix out) {
    this.x = x.segment();
    this.weight = weight;
    this.bias = bias;
    this.eps = eps;
    this.out = out.segment();
    rows = x.rows();
    columns = x.columns();
    lanes = memory.ofSize((long) team.slots() * 2 * VECTOR_BYTES);
    long most = Math.max(1, Math.min((long) rows * columns / WORK, 8L * team.slots()));
    tasks = (int) Math.min(rows, most);
    team.run(tasks, this);
  }

  @Override
  public void run(int task, int slot) {
    int end = (int) ((long) rows * (task + 1) / tasks);
    for (int row = (int) ((long) rows * task / tasks); row < end; row++) {
      normalizeRow((long) row * columns * Float.BYTES, (long) slot * 2 * VECTOR_BYTES);
    }
  }

  private void normalizeRow(long at, long lane) {
    float mean = mean(at, lane);
    squares(at, lane, mean);
    int whole = columns - columns % COUNT;
    double squares = Lanes.sum(lanes, lane);
    double rest = Lanes.sum(lanes, lane + VECTOR_BYTES);
    for (int i = whole; i < columns; i++) {
      float difference = x.get(FLOAT, at + (long) i * Float.BYTES) - mean;
      squares += (double) difference * difference;
      rest += difference;
    }
    double correction = rest / columns;
    double variance = Math.max(0, squares / columns - correction * correction);
    scale(at, mean, (float) correction, (float) (1 / Math.sqrt(variance + eps)));
  }

  private float mean(long at, long lane) {
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= columns - 2 * COUNT; i += 2 * COUNT) {
      long from = at + (long) i * Float.BYTES;
      even = even.add(FloatVector.fromMemorySegment(SPECIES, x, from, ORDER));
      odd = odd.add(FloatVector.fromMemorySegment(SPECIES, x, from + VECTOR_BYTES, ORDER));
    }
    even.add(odd).intoMemorySegment(lanes, lane, ORDER);
    double sum = Lanes.sum(lanes, lane);
    for (; i < columns; i++) {
      sum += x.get(FLOAT, at + (long) i * Float.BYTES);
    }
    return (float) (sum / columns);
  }

  /** Leaves the sums of squared and of plain differences, lane by lane. */
  private void squares(long at, long lane, float mean) {
    FloatVector squares = FloatVector.zero(SPECIES);
    FloatVector rest = FloatVector.zero(SPECIES);
    for (int i = 0; i <= columns - COUNT; i += COUNT) {
      FloatVector difference =
          FloatVector.fromMemorySegment(SPECIES, x, at + (long) i * Float.BYTES, ORDER).sub(mean);
      squares = difference.fma(difference, squares);
      rest = rest.add(difference);
    }
    squares.intoMemorySegment(lanes, lane, ORDER);
    rest.intoMemorySegment(lanes, lane + VECTOR_BYTES, ORDER);
  }

  private void scale(long at, float mean, float correction, float inverse) {
    int i = 0;
    for (; i <= columns - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, x, at + step, ORDER)
          .sub(mean)
          .sub(correction)
          .mul(inverse)
          .fma(
              FloatVector.fromMemorySegment(SPECIES, weight, step, ORDER),
              FloatVector.fromMemorySegment(SPECIES, bias, step, ORDER))
          .intoMemorySegment(out, at + step, ORDER);
    }
    for (; i < columns; i++) {
      long step = (long) i * Float.BYTES;
      float normal = (x.get(FLOAT, at + step) - mean - correction) * inverse;
      out.set(FLOAT, at + step, Math.fma(normal, weight.get(FLOAT, step), bias.get(FLOAT, step)));
    }
  }
}
