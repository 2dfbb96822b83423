// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import io.github.megabert.backend.TapeMatrices.Variable;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A computation that remembers its operations and walks back through them: reverse-mode automatic
 * differentiation (Griewank and Walther 2008, chapter 3) over a dozen operations on matrices.
 *
 * <p>It hands each operation to the backend's own computation, so a model's forward pass is written
 * once. A matrix that is written again gets a new {@link TapeValue}; the tape keeps those that an
 * adjoint reads, and gives their memory back as soon as the last adjoint has read them. Operations
 * in which no trained parameter has a part are not remembered.
 *
 * <p>Where the backend's precision is bfloat16, what each operation has written is rounded to it,
 * so that later operations and adjoints read the same numbers. Sums within an operation, losses and
 * gradients stay float32.
 *
 * <p>With {@code recompute}, a {@link #segment} keeps what it reads alone, and is run again when
 * its adjoints come (Chen et al. 2016).
 *
 * <p>Belongs to one thread, as its computation does; closing it closes that.
 */
public final class Tape implements Computation {
  private final Computation computation;
  private final Gradients gradients;
  private final GradientTargets targets;
  private final TapeBuffers buffers;
  private final GradientUses uses;
  private final TapeMatrices matrices = new TapeMatrices();
  private final TapeRecord record;
  private final TapeLosses losses;
  private final TapeCollectives collectives;
  private final Map<Variable, TapeValue> inputs = new HashMap<>();

  /**
   * An empty tape.
   *
   * @param computation carries out the operations
   * @param targets where gradients of parameters are added
   * @param recompute whether segments are run again rather than remembered
   */
  public Tape(Computation computation, GradientTargets targets, boolean recompute) {
    this(computation, targets, recompute, (begun, complete) -> {});
  }

  /**
   * An empty tape that tells which gradients are complete while it walks back.
   *
   * @param completed is given the computation and the gradient of a parameter, one of the targets,
   *     when the last operation of this tape that adds to it has done so
   */
  public Tape(
      Computation computation,
      GradientTargets targets,
      boolean recompute,
      BiConsumer<Computation, Matrix> completed) {
    uses = new GradientUses(gradient -> completed.accept(computation, gradient));
    this.computation = computation;
    this.gradients = computation.gradients();
    this.targets = targets;
    buffers = new TapeBuffers(computation, gradients);
    record = new TapeRecord(matrices, buffers, gradients, uses, recompute);
    losses = new TapeLosses(computation, record, matrices, buffers);
    collectives = new TapeCollectives(computation, record, matrices, buffers);
  }

  // Matrices and their values.

  @Override
  public Matrix matrix(int rows, int columns) {
    return matrices.make(rows, columns);
  }

  @Override
  public Matrix upload(Tensor values) {
    Matrix memory = computation.upload(values);
    Variable variable = matrices.make(memory.rows(), memory.columns());
    matrices.bind(variable, new TapeValue(buffers, memory, false));
    return variable;
  }

  /**
   * A matrix with the numbers of a tensor {@code [rows, columns]}, which another rank has computed:
   * the tape finds their gradient ({@link #readGradient}).
   */
  public Matrix input(Tensor values) {
    return input(computation.upload(values));
  }

  /**
   * A matrix that another rank has computed and sends, as {@link #input(Tensor)}.
   *
   * @param receive writes the numbers over a matrix of the computation
   */
  public Matrix input(int rows, int columns, BiConsumer<Computation, Matrix> receive) {
    Matrix memory = computation.matrix(rows, columns);
    receive.accept(computation, memory);
    return input(memory);
  }

  private Matrix input(Matrix memory) {
    TapeValue value = new TapeValue(buffers, memory, true);
    value.round();
    Variable variable = matrices.make(memory.rows(), memory.columns());
    matrices.bind(variable, value);
    inputs.put(variable, value);
    return variable;
  }

  /**
   * Copies the gradient of an {@link #input} once the tape has been walked back, as {@link #read}
   * does a matrix: of what the matrix held first. Zeros where no loss depends on it.
   */
  public void readGradient(Matrix input, MemorySegment destination) {
    computation.read(gradientOf(input), destination);
  }

  /**
   * Hands on the gradient of an {@link #input}, as {@link #readGradient} copies it.
   *
   * @param send reads a matrix of the computation
   */
  public void sendGradient(Matrix input, BiConsumer<Computation, Matrix> send) {
    send.accept(computation, gradientOf(input));
  }

  private Matrix gradientOf(Matrix input) {
    TapeValue value = inputs.get(TapeMatrices.variable(input));
    if (value == null) {
      throw new IllegalArgumentException("the matrix is no input of this tape");
    }
    return record.gradientOf(value);
  }

  /**
   * Hands on a matrix to another rank.
   *
   * @param send reads a matrix of the computation
   */
  public void send(Matrix matrix, BiConsumer<Computation, Matrix> send) {
    send.accept(computation, matrices.valueOf(matrix).memory());
  }

  @Override
  public void read(Matrix matrix, MemorySegment destination) {
    computation.read(matrices.valueOf(matrix).memory(), destination);
  }

  /**
   * Walks back and adds the gradients of all parameters that had a part in losses.
   *
   * @param columns the losses, matrices of one column
   * @param weights of each: the derivative of the whole loss with respect to every row
   */
  public void backward(List<Matrix> columns, List<float[]> weights) {
    for (int i = 0; i < columns.size(); i++) {
      TapeValue value = matrices.valueOf(columns.get(i));
      Matrix seed = computation.upload(columnOf(weights.get(i)));
      if (value.isDifferentiable) {
        record.giveGradient(value, seed);
      }
    }
    record.walkBack();
  }

  /**
   * Walks back from a matrix that another rank reads, and adds the gradients of all parameters that
   * had a part in it.
   *
   * @param gradient the derivative of the loss with respect to {@code out}, of its shape
   */
  public void backward(Matrix out, Tensor gradient) {
    backward(out, computation.upload(gradient));
  }

  /**
   * Likewise, with a gradient that another rank sends.
   *
   * @param receive writes the derivative over a matrix of the computation, of the shape of {@code
   *     out}
   */
  public void backward(Matrix out, BiConsumer<Computation, Matrix> receive) {
    Matrix gradient = buffers.take(out.rows(), out.columns());
    receive.accept(computation, gradient);
    backward(out, gradient);
  }

  private void backward(Matrix out, Matrix gradient) {
    TapeValue value = matrices.valueOf(out);
    if (value.isDifferentiable) {
      record.giveGradient(value, gradient);
    }
    record.walkBack();
  }

  private static Tensor columnOf(float[] values) {
    return Tensor.wrap(MemorySegment.ofArray(values), DType.F32, Shape.of(values.length, 1));
  }

  // Operations.

  @Override
  public void embed(
      int @Nullable [] tokenIds,
      int[] typeIds,
      int[] positionIds,
      Backend.Parameter words,
      Backend.Parameter types,
      Backend.Parameter positions,
      Matrix out) {
    Matrix dWords = targets.of(words);
    Matrix dTypes = targets.of(types);
    Matrix dPositions = targets.of(positions);
    boolean isDifferentiable = dWords != null || dTypes != null || dPositions != null;
    TapeValue value;
    if (tokenIds == null) {
      Matrix given = buffers.take(out.rows(), out.columns());
      gradients.clear(given);
      gradients.add(matrices.valueOf(out).memory(), given);
      value = new TapeValue(buffers, given, isDifferentiable);
    } else {
      value = record.newValue(out, isDifferentiable);
    }
    computation.embed(tokenIds, typeIds, positionIds, words, types, positions, value.memory());
    record.finish(
        out,
        value,
        List.of(),
        uses.of(dWords, dTypes, dPositions),
        gradient -> {
          gradients.embed(
              tokenIds,
              targets.paddingRow(words),
              typeIds,
              positionIds,
              gradient,
              dWords,
              dTypes,
              dPositions);
          buffers.give(gradient);
        });
  }

  @Override
  public void layerNorm(
      Matrix x, Backend.Parameter weight, Backend.Parameter bias, float eps, Matrix out) {
    TapeValue input = matrices.valueOf(x);
    Matrix dWeight = targets.of(weight);
    Matrix dBias = targets.of(bias);
    TapeValue value =
        record.newValue(out, input.isDifferentiable || dWeight != null || dBias != null);
    computation.layerNorm(input.memory(), weight, bias, eps, value.memory());
    record.finish(
        out,
        value,
        List.of(input),
        uses.of(dWeight, dBias),
        gradient -> {
          boolean add = input.gradient() != null;
          Matrix dX = null;
          if (input.isDifferentiable) {
            dX = add ? input.gradient() : buffers.take(x.rows(), x.columns());
          }
          gradients.layerNorm(input.memory(), weight, eps, gradient, add, dX, dWeight, dBias);
          if (dX != null) {
            input.setGradient(dX);
          }
          buffers.give(gradient);
        });
  }

  @Override
  public void linear(
      Matrix x,
      Backend.Linear linear,
      Activation activation,
      @Nullable Matrix residual,
      Matrix out) {
    if (activation == Activation.IDENTITY) {
      multiply(x, linear, residual, out);
      return;
    }
    // The activation's input vanishes in a fused operation, and its adjoint wants it.
    Matrix product = matrix(x.rows(), linear.outputs());
    multiply(x, linear, null, product);
    if (residual == null) {
      activate(activation, product, out);
    } else {
      Matrix activated = matrix(x.rows(), linear.outputs());
      activate(activation, product, activated);
      sum(activated, residual, out);
      TapeMatrices.forget(TapeMatrices.variable(activated));
    }
    TapeMatrices.forget(TapeMatrices.variable(product));
  }

  private void multiply(Matrix x, Backend.Linear linear, @Nullable Matrix residual, Matrix out) {
    TapeValue input = matrices.valueOf(x);
    TapeValue added = residual == null ? null : matrices.valueOf(residual);
    Matrix dWeight = targets.ofWeight(linear);
    Matrix dBias = targets.ofBias(linear);
    boolean isTrained = dWeight != null || dBias != null;
    TapeValue value =
        record.newValue(
            out, isTrained || input.isDifferentiable || (added != null && added.isDifferentiable));
    computation.linear(
        input.memory(),
        linear,
        Activation.IDENTITY,
        added == null ? null : added.memory(),
        value.memory());
    record.finish(
        out,
        value,
        List.of(input),
        uses.of(dWeight, dBias),
        gradient -> {
          if (isTrained) {
            gradients.linearParameters(gradient, input.memory(), dWeight, dBias);
          }
          if (input.isDifferentiable) {
            boolean add = input.gradient() != null;
            Matrix dX = add ? input.gradient() : buffers.take(x.rows(), x.columns());
            gradients.linearInput(gradient, linear, add, Objects.requireNonNull(dX));
            input.setGradient(dX);
          }
          if (added == null) {
            buffers.give(gradient);
          } else {
            record.giveGradient(added, gradient);
          }
        });
  }

  private void sum(Matrix x, Matrix y, Matrix out) {
    TapeValue first = matrices.valueOf(x);
    TapeValue second = matrices.valueOf(y);
    TapeValue value = record.newValue(out, first.isDifferentiable || second.isDifferentiable);
    gradients.clear(value.memory());
    gradients.add(first.memory(), value.memory());
    gradients.add(second.memory(), value.memory());
    record.finish(
        out,
        value,
        List.of(first, second),
        gradient -> {
          if (first.isDifferentiable) {
            gradients.add(gradient, record.gradientOf(first));
          }
          record.giveGradient(second, gradient);
        });
  }

  @Override
  public void activate(Activation activation, Matrix x, Matrix out) {
    TapeValue input = matrices.valueOf(x);
    TapeValue value = record.newValue(out, input.isDifferentiable);
    computation.activate(activation, input.memory(), value.memory());
    record.finish(
        out,
        value,
        List.of(input),
        gradient -> {
          gradients.activation(activation, input.memory(), gradient, gradient);
          record.giveGradient(input, gradient);
        });
  }

  @Override
  public void dropout(Dropout dropout, Matrix x, @Nullable Matrix residual, Matrix out) {
    TapeValue input = matrices.valueOf(x);
    TapeValue added = residual == null ? null : matrices.valueOf(residual);
    TapeValue value =
        record.newValue(out, input.isDifferentiable || (added != null && added.isDifferentiable));
    computation.dropout(
        dropout, input.memory(), added == null ? null : added.memory(), value.memory());
    record.finish(
        out,
        value,
        List.of(),
        gradient -> {
          if (input.isDifferentiable) {
            Matrix dX = added == null ? gradient : buffers.take(out.rows(), out.columns());
            gradients.dropout(dropout, gradient, dX);
            record.giveGradient(input, dX);
          }
          if (added != null) {
            record.giveGradient(added, gradient);
          } else if (!input.isDifferentiable) {
            buffers.give(gradient);
          }
        });
  }

  @Override
  public void attention(
      AttentionLayout layout,
      Matrix queries,
      int queryColumn,
      Matrix keys,
      int keyColumn,
      Matrix values,
      int valueColumn,
      @Nullable Dropout dropout,
      Matrix out,
      @Nullable Matrix probabilities) {
    TapeValue q = matrices.valueOf(queries);
    TapeValue k = matrices.valueOf(keys);
    TapeValue v = matrices.valueOf(values);
    TapeValue value =
        record.newValue(out, q.isDifferentiable || k.isDifferentiable || v.isDifferentiable);
    TapeValue kept = probabilities == null ? null : record.newValue(probabilities, false);
    computation.attention(
        layout,
        q.memory(),
        queryColumn,
        k.memory(),
        keyColumn,
        v.memory(),
        valueColumn,
        dropout,
        value.memory(),
        kept == null ? null : kept.memory());
    if (probabilities != null && kept != null) {
      matrices.bind(TapeMatrices.variable(probabilities), kept);
    }
    record.finish(
        out,
        value,
        List.of(q, k, v, value),
        gradient -> {
          gradients.attention(
              layout,
              q.memory(),
              queryColumn,
              k.memory(),
              keyColumn,
              v.memory(),
              valueColumn,
              dropout,
              value.memory(),
              gradient,
              record.gradientOf(q),
              record.gradientOf(k),
              record.gradientOf(v));
          buffers.give(gradient);
        });
  }

  @Override
  public void gatherRows(Matrix x, int[] rows, Matrix out) {
    TapeValue input = matrices.valueOf(x);
    TapeValue value = record.newValue(out, input.isDifferentiable);
    computation.gatherRows(input.memory(), rows, value.memory());
    record.finish(
        out,
        value,
        List.of(input),
        gradient -> {
          gradients.gatherRows(gradient, rows, record.gradientOf(input));
          buffers.give(gradient);
        });
  }

  /** A key-value cache is for generation, through which nothing is trained. */
  @Override
  public void scatterRows(Matrix x, int column, int[] rows, Matrix out) {
    throw new UnsupportedOperationException("gradients do not pass through a key-value cache");
  }

  @Override
  public void crossEntropy(Matrix logits, int[] labels, float smoothing, Matrix out) {
    losses.crossEntropy(logits, labels, smoothing, out);
  }

  @Override
  public Matrix crossEntropy(
      ClassShare share, Matrix logits, int[] labels, float smoothing, Matrix out) {
    return losses.crossEntropy(share, logits, labels, smoothing, out);
  }

  @Override
  public Matrix columnCrossEntropy(Matrix logits, int column, int[] offsets, int[] labels) {
    return losses.columnCrossEntropy(logits, column, offsets, labels);
  }

  @Override
  public Matrix squaredError(Matrix x, Matrix targets) {
    return losses.squaredError(x, targets);
  }

  @Override
  public Matrix binaryCrossEntropy(Matrix logits, Matrix targets) {
    return losses.binaryCrossEntropy(logits, targets);
  }

  @Override
  public void allReduce(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    collectives.allReduce(group, x, residual, out);
  }

  @Override
  public Matrix copyToRanks(Communicator group, Matrix x) {
    return collectives.copyToRanks(group, x);
  }

  @Override
  public void reduceScatter(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    collectives.reduceScatter(group, x, residual, out);
  }

  @Override
  public void allGather(Communicator group, Matrix x, GatheredUse use, Matrix all) {
    collectives.allGather(group, x, use, all);
  }

  /** A value is what was last written as a whole. */
  @Override
  public Matrix rows(Matrix x, int first, int count) {
    throw new UnsupportedOperationException("gradients do not pass through views of matrices");
  }

  /** For inference: nothing is trained through columns that other ranks have computed. */
  @Override
  public void gatherColumns(Communicator group, Matrix x, Matrix all) {
    throw new UnsupportedOperationException("gradients do not pass through gathered columns");
  }

  // Recomputation.

  @Override
  public void segment(Runnable operations) {
    record.segment(operations);
  }

  @Override
  public Gradients gradients() {
    return gradients;
  }

  @Override
  public void finish() {
    computation.finish();
  }

  @Override
  public void close() {
    computation.close();
  }
}
