// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The matrices that a {@link Tape} hands out, and which value each is bound to now. */
final class TapeMatrices {
  /** A matrix, bound to what was last written into it. */
  static final class Variable implements Matrix {
    private final int rows;
    private final int columns;
    private @Nullable TapeValue value;

    private Variable(int rows, int columns) {
      this.rows = rows;
      this.columns = columns;
    }

    @Override
    public int rows() {
      return rows;
    }

    @Override
    public int columns() {
      return columns;
    }

    /** What it is bound to; null before the first write. */
    @Nullable TapeValue value() {
      return value;
    }
  }

  /** What operations read that they had not written, and what they wrote last into each matrix. */
  static final class Footprint {
    final Map<Variable, TapeValue> reads = new LinkedHashMap<>();
    final Map<Variable, TapeValue> writes = new LinkedHashMap<>();

    private void noteRead(Variable variable, TapeValue value) {
      if (!writes.containsKey(variable) && reads.putIfAbsent(variable, value) == null) {
        value.hold();
      }
    }
  }

  private @Nullable Footprint footprint;

  /** Matrices made by the operations that are run locally. */
  private @Nullable List<Variable> local;

  Variable make(int rows, int columns) {
    Variable variable = new Variable(rows, columns);
    if (local != null) {
      local.add(variable);
    }
    return variable;
  }

  static Variable variable(Matrix matrix) {
    if (matrix instanceof Variable variable) {
      return variable;
    }
    throw new IllegalArgumentException("the matrix was not made by this tape: " + matrix);
  }

  /** What a matrix holds, about to be read. */
  TapeValue valueOf(Matrix matrix) {
    Variable variable = variable(matrix);
    TapeValue value = variable.value;
    if (value == null) {
      throw new IllegalArgumentException("the matrix is read before it is written");
    }
    if (footprint != null) {
      footprint.noteRead(variable, value);
    }
    return value;
  }

  /** A matrix has been written. */
  void bind(Variable variable, TapeValue value) {
    TapeValue before = variable.value;
    value.bind();
    variable.value = value;
    if (footprint != null) {
      footprint.writes.put(variable, value);
    }
    if (before != null) {
      before.unbind();
    }
  }

  /** Unbinds a matrix that nobody reads any more. */
  static void forget(Variable variable) {
    if (variable.value != null) {
      variable.value.unbind();
      variable.value = null;
    }
  }

  /** Runs operations and forgets the matrices that they made for themselves. */
  void runLocally(Runnable operations) {
    List<Variable> made = new ArrayList<>();
    local = made;
    try {
      operations.run();
    } finally {
      local = null;
      made.forEach(TapeMatrices::forget);
    }
  }

  /** Runs operations locally; what they read is held until the caller releases it. */
  Footprint runForFootprint(Runnable operations) {
    Footprint mine = new Footprint();
    footprint = mine;
    try {
      runLocally(operations);
    } finally {
      footprint = null;
    }
    mine.writes.keySet().removeIf(variable -> variable.value == null);
    return mine;
  }

  /** Whether operations run for their footprint, and are not to be remembered. */
  boolean isForgetful() {
    return footprint != null;
  }
}
