package io.github.megabert.backend;

import org.jspecify.annotations.Nullable;

/**
 * What a matrix held between two writes: one node of the graph that a {@link Tape} records. Its
 * memory goes back when no matrix is bound to it and no operation will read it.
 */
final class TapeValue {
  private final TapeBuffers buffers;
  private @Nullable Matrix memory;
  private int holders;
  final int rows;
  final int columns;

  /** Whether a parameter that is trained had a part in it. */
  final boolean isDifferentiable;

  /** The derivative of the loss with respect to it, once there is one. */
  private @Nullable Matrix gradient;

  TapeValue(TapeBuffers buffers, Matrix memory, boolean isDifferentiable) {
    this.buffers = buffers;
    this.memory = memory;
    rows = memory.rows();
    columns = memory.columns();
    this.isDifferentiable = isDifferentiable;
  }

  /** The numbers. */
  Matrix memory() {
    if (memory == null) {
      throw new IllegalStateException("the tape has freed this matrix already");
    }
    return memory;
  }

  /** One more will read it. */
  void hold() {
    holders++;
  }

  /** One has read it for the last time. */
  void release() {
    holders--;
    if (holders == 0 && memory != null) {
      buffers.give(memory);
      memory = null;
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
