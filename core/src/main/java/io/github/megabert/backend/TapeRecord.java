// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import io.github.megabert.backend.TapeMatrices.Variable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The operations that a {@link Tape} remembers, how it walks back over them, and the gradients of
 * values meanwhile. It knows no operation: each brings its adjoint.
 */
final class TapeRecord {
  /** What is left to do of an operation: it takes its output's gradient and adds to its inputs'. */
  interface Adjoint {
    void run(Matrix gradient);
  }

  /** Something to be walked back over. */
  private sealed interface Step {
    void walkBack();
  }

  /**
   * An operation; {@code held} is what its adjoint reads, {@code trained} are the gradients of
   * parameters that it adds to.
   */
  private record Operation(
      TapeValue output, List<TapeValue> held, GradientUses.Trained trained, Adjoint adjoint)
      implements Step {
    @Override
    public void walkBack() {
      Matrix gradient = output.takeGradient();
      if (gradient != null) {
        adjoint.run(gradient);
      }
      held.forEach(TapeValue::release);
      trained.walkedBack();
    }
  }

  private final TapeMatrices matrices;
  private final TapeBuffers buffers;
  private final Gradients gradients;
  private final GradientUses uses;
  private final boolean recompute;
  private List<Step> steps = new ArrayList<>();

  TapeRecord(
      TapeMatrices matrices,
      TapeBuffers buffers,
      Gradients gradients,
      GradientUses uses,
      boolean recompute) {
    this.matrices = matrices;
    this.buffers = buffers;
    this.gradients = gradients;
    this.uses = uses;
    this.recompute = recompute;
  }

  /** Whether segments are run again rather than remembered. */
  boolean isRecomputing() {
    return recompute;
  }

  /** A value of a matrix's shape, to be written. */
  TapeValue newValue(Matrix shape, boolean isDifferentiable) {
    return new TapeValue(buffers, buffers.take(shape.rows(), shape.columns()), isDifferentiable);
  }

  /** Rounds a written value to what the tape keeps, and remembers it. */
  void finish(Matrix out, TapeValue value, List<TapeValue> held, Adjoint adjoint) {
    value.round();
    remember(out, value, held, adjoint);
  }

  /** Likewise, of an operation that has parameters. */
  void finish(
      Matrix out,
      TapeValue value,
      List<TapeValue> held,
      GradientUses.Trained trained,
      Adjoint adjoint) {
    value.round();
    remember(out, value, held, trained, adjoint);
  }

  /** Binds a written value and remembers its adjoint, if gradients pass through it. */
  void remember(Matrix out, TapeValue value, List<TapeValue> held, Adjoint adjoint) {
    remember(out, value, held, GradientUses.NONE, adjoint);
  }

  void remember(
      Matrix out,
      TapeValue value,
      List<TapeValue> held,
      GradientUses.Trained trained,
      Adjoint adjoint) {
    if (value.isDifferentiable && !matrices.isForgetful()) {
      held.forEach(TapeValue::hold);
      steps.add(new Operation(value, held, trained, adjoint));
    }
    matrices.bind(TapeMatrices.variable(out), value);
  }

  // Gradients of values.

  /** The gradient of a value, to be added to; zeros if there was none. */
  Matrix gradientOf(TapeValue value) {
    Matrix gradient = value.gradient();
    if (gradient == null) {
      gradient = buffers.take(value.rows, value.columns);
      gradients.clear(gradient);
      value.setGradient(gradient);
    }
    return gradient;
  }

  /** Adds a gradient that the caller gives up. */
  void giveGradient(TapeValue value, Matrix part) {
    Matrix gradient = value.gradient();
    if (!value.isDifferentiable) {
      buffers.give(part);
    } else if (gradient == null) {
      value.setGradient(part);
    } else {
      gradients.add(part, gradient);
      buffers.give(part);
    }
  }

  /** Walks back over what has been remembered, the last operation first. */
  void walkBack() {
    List<Step> recorded = steps;
    steps = new ArrayList<>();
    recorded.reversed().forEach(Step::walkBack);
  }

  // Recomputation.

  /** Remembers operations, or what they read alone: see {@link Computation#segment}. */
  void segment(Runnable operations) {
    if (!recompute || matrices.isForgetful()) {
      operations.run();
    } else {
      steps.add(new Segment(operations, matrices.runForFootprint(operations)));
    }
  }

  /** Operations that were run once without being remembered. */
  private final class Segment implements Step {
    private final Runnable operations;
    private final TapeMatrices.Footprint footprint;

    Segment(Runnable operations, TapeMatrices.Footprint footprint) {
      this.operations = operations;
      this.footprint = footprint;
    }

    /** Runs the operations again, remembers them, and walks back over them. */
    @Override
    public void walkBack() {
      List<Step> before = steps;
      steps = new ArrayList<>();
      Map<Variable, TapeValue> bound = new LinkedHashMap<>();
      footprint.reads.keySet().forEach(variable -> keepBinding(variable, bound));
      footprint.writes.keySet().forEach(variable -> keepBinding(variable, bound));
      footprint.reads.forEach(matrices::bind);
      uses.whileRepeated(() -> matrices.runLocally(operations));
      footprint.writes.forEach(Segment::passGradient);
      TapeRecord.this.walkBack();
      bound.forEach(
          (variable, value) -> {
            matrices.bind(variable, value);
            value.release();
          });
      footprint.reads.values().forEach(TapeValue::release);
      steps = before;
    }

    private static void keepBinding(Variable variable, Map<Variable, TapeValue> bound) {
      TapeValue value = variable.value();
      if (value != null && bound.putIfAbsent(variable, value) == null) {
        value.hold();
      }
    }

    /** What came of the first run's result is a gradient of the second's. */
    private static void passGradient(Variable variable, TapeValue first) {
      Matrix gradient = first.takeGradient();
      TapeValue second = variable.value();
      if (gradient != null && second != null) {
        second.setGradient(gradient);
      }
    }
  }
}
