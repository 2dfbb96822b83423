// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.warmup;

/**
 * The inner loop of an operation in two forms that agree to the bit: one on the Vector API, and a
 * plain one that serves for as long as the JVM has not compiled the former.
 *
 * <p>A subclass is the whole declaration of a kernel: the method that others call, which asks
 * {@link #isVector} and goes to one form or the other, the two forms, and {@link #exercise}. The
 * package's description shows one.
 */
public abstract class Kernel {
  /** How far the vector form has come. */
  enum State {
    /** Nobody has asked for it. */
    COLD,
    /** {@link WarmUp} is to run it until it is compiled. */
    WANTED,
    /** Compiled. */
    READY
  }

  private volatile State state = State.COLD;

  /** For subclasses, which are one object a kernel and process, as compiled code is. */
  protected Kernel() {}

  /** Whether the vector form shall run. If it is not compiled, it is asked for. */
  public final boolean isVector(Forms forms) {
    if (forms == Forms.WARMING) {
      return state == State.READY || WarmUp.PROCESS.request(this);
    }
    return forms == Forms.VECTOR;
  }

  /**
   * Runs the vector form once, or the call of the machine code that serves instead, on operands of
   * the sizes that {@code operands} names. All calls together must take every branch, because
   * compiled code falls back to the interpreter at a branch not yet taken.
   */
  protected abstract void exercise(Operands operands);

  final State state() {
    return state;
  }

  final void become(State next) {
    state = next;
  }
}
