// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a matrix held between two writes: one node of the graph that a {@link Tape} records. Its
 * memory goes back when no matrix is bound to it and no adjoint will read it. In bfloat16, what is
 * for adjoints alone is stored in half the memory until the first of them reads it.
 */
final class TapeValue {
  private final TapeBuffers buffers;

  /** The value whose memory it has; null where the memory is its own. */
  private final @Nullable TapeValue origin;

  /** What it can be made again from; null where it is kept. */
  private @Nullable TapeValue source;

  private @Nullable Consumer<Matrix> maker;
  private @Nullable Matrix memory;

  /** The same numbers in half the memory, once they have been packed. */
  private @Nullable Matrix halves;

  private boolean isRounded;
  private int bindings;
  private int readers;
  final int rows;
  final int columns;

  /** Whether a parameter that is trained had a part in it. */
  final boolean isDifferentiable;

  /** The derivative of the loss with respect to it, once there is one. */
  private @Nullable Matrix gradient;

  TapeValue(TapeBuffers buffers, Matrix memory, boolean isDifferentiable) {
    this(buffers, memory, isDifferentiable, null);
  }

  private TapeValue(
      TapeBuffers buffers, Matrix memory, boolean isDifferentiable, @Nullable TapeValue origin) {
    this.buffers = buffers;
    this.origin = origin;
    this.memory = origin == null ? memory : null;
    rows = memory.rows();
    columns = memory.columns();
    this.isDifferentiable = isDifferentiable;
  }

  /** Another node of the graph with the same numbers, in the same memory. */
  static TapeValue sameAs(TapeValue value) {
    return new TapeValue(value.buffers, value.memory(), value.isDifferentiable, value);
  }

  /** The numbers. */
  Matrix memory() {
    if (origin != null) {
      return origin.memory();
    }
    Matrix present = memory;
    if (present == null) {
      if (maker != null) {
        present = buffers.take(rows, columns);
        maker.accept(present);
      } else if (halves != null) {
        present = buffers.unpack(halves, rows);
      } else {
        throw new IllegalStateException("the tape has freed this matrix already");
      }
      memory = present;
    }
    return present;
  }

  /**
   * Keeps no memory for adjoints: the first that reads the value has it made again.
   *
   * @param from what that reads, kept as long as this value is
   * @param again writes the same numbers
   */
  void makeAgainBy(TapeValue from, Consumer<Matrix> again) {
    from.hold();
    source = from;
    maker = again;
  }

  /** Rounds the numbers, just written, to what the tape keeps. */
  void round() {
    if (origin != null) {
      return;
    }
    isRounded = buffers.round(memory());
  }

  /** A matrix is bound to it. */
  void bind() {
    if (origin != null) {
      origin.bind();
      return;
    }
    bindings++;
  }

  /** A matrix is bound to it no more. */
  void unbind() {
    if (origin != null) {
      origin.unbind();
      return;
    }
    bindings--;
    settle();
  }

  /** One more adjoint will read it. */
  void hold() {
    if (origin != null) {
      origin.hold();
      return;
    }
    readers++;
  }

  /** An adjoint has read it for the last time. */
  void release() {
    if (origin != null) {
      origin.release();
      return;
    }
    readers--;
    settle();
  }

  /** Gives back the memory that is not needed now. */
  private void settle() {
    if (bindings > 0) {
      return;
    }
    if (readers == 0) {
      give(memory);
      give(halves);
      memory = null;
      halves = null;
      if (source != null) {
        source.release();
        source = null;
        maker = null;
      }
    } else if (maker != null) {
      give(memory);
      memory = null;
    } else if (memory != null && isRounded && rows > 1) {
      halves = halves == null ? buffers.pack(memory) : halves;
      give(memory);
      memory = null;
    }
  }

  private void give(@Nullable Matrix matrix) {
    if (matrix != null) {
      buffers.give(matrix);
    }
  }

  @Nullable Matrix gradient() {
    return gradient;
  }

  /** The first or only part of the gradient. */
  void setGradient(Matrix part) {
    gradient = part;
  }

  /** The gradient, which is complete and is wanted no more here; null if there is none. */
  @Nullable Matrix takeGradient() {
    Matrix taken = gradient;
    gradient = null;
    return taken;
  }
}
