// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Passes every operation on, and reports its time and work. */
final class ProfiledComputation implements Computation {
  private final Computation computation;
  private final Precision precision;
  private final OperationProfile profile;

  ProfiledComputation(Computation computation, Precision precision, OperationProfile profile) {
    this.computation = computation;
    this.precision = precision;
    this.profile = profile;
  }

  private static long bytes(Matrix... matrices) {
    long sum = 0;
    for (Matrix matrix : matrices) {
      sum += (long) matrix.rows() * matrix.columns() * Float.BYTES;
    }
    return sum;
  }

  private void report(String operation, long start, double operations, long bytes) {
    profile.add(operation, System.nanoTime() - start, operations, bytes);
  }

  @Override
  public Matrix matrix(int rows, int columns) {
    return computation.matrix(rows, columns);
  }

  @Override
  public Matrix upload(Tensor values) {
    long start = System.nanoTime();
    Matrix matrix = computation.upload(values);
    report("upload", start, 0, bytes(matrix));
    return matrix;
  }

  @Override
  public void read(Matrix matrix, MemorySegment destination) {
    long start = System.nanoTime();
    computation.read(matrix, destination);
    report("read", start, 0, bytes(matrix));
  }

  @Override
  public void embed(
      int @Nullable [] tokenIds,
      int[] typeIds,
      int[] positionIds,
      Backend.Parameter words,
      Backend.Parameter types,
      Backend.Parameter positions,
      Matrix out) {
    long start = System.nanoTime();
    computation.embed(tokenIds, typeIds, positionIds, words, types, positions, out);
    report("embed", start, 0, 4 * bytes(out));
  }

  @Override
  public void layerNorm(
      Matrix x, Backend.Parameter weight, Backend.Parameter bias, float eps, Matrix out) {
    long start = System.nanoTime();
    computation.layerNorm(x, weight, bias, eps, out);
    report("layerNorm " + shape(x), start, 0, bytes(x, out));
  }

  @Override
  public void linear(
      Matrix x,
      Backend.Linear linear,
      Activation activation,
      @Nullable Matrix residual,
      Matrix out) {
    long start = System.nanoTime();
    computation.linear(x, linear, activation, residual, out);
    long weights = (long) linear.inputs() * linear.outputs();
    report(
        "linear "
            + shape(x)
            + " -> "
            + linear.outputs()
            + (activation == Activation.IDENTITY
                ? ""
                : " " + activation.name().toLowerCase(Locale.ROOT))
            + (residual == null ? "" : " + residual"),
        start,
        2.0 * x.rows() * weights,
        weights * precision.bits() / 8 + bytes(x, out) + (residual == null ? 0 : bytes(residual)));
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
    long start = System.nanoTime();
    computation.attention(
        layout,
        queries,
        queryColumn,
        keys,
        keyColumn,
        values,
        valueColumn,
        dropout,
        out,
        probabilities);
    double operations = 4.0 * layout.headDim() * layout.probabilityCount();
    report(
        "attention " + layout.sequences() + " x " + layout.heads() + " heads",
        start,
        operations,
        4 * bytes(out) + (probabilities == null ? 0 : bytes(probabilities)));
  }

  @Override
  public void gatherRows(Matrix x, int[] rows, Matrix out) {
    long start = System.nanoTime();
    computation.gatherRows(x, rows, out);
    report("gatherRows", start, 0, 2 * bytes(out));
  }

  @Override
  public void scatterRows(Matrix x, int column, int[] rows, Matrix out) {
    long start = System.nanoTime();
    computation.scatterRows(x, column, rows, out);
    report("scatterRows", start, 0, 2L * rows.length * out.columns() * Float.BYTES);
  }

  @Override
  public void crossEntropy(Matrix logits, int[] labels, float smoothing, Matrix out) {
    long start = System.nanoTime();
    computation.crossEntropy(logits, labels, smoothing, out);
    report("crossEntropy " + shape(logits), start, 0, bytes(logits));
  }

  @Override
  public Matrix columnCrossEntropy(Matrix logits, int column, int[] offsets, int[] labels) {
    long start = System.nanoTime();
    Matrix out = computation.columnCrossEntropy(logits, column, offsets, labels);
    report("columnCrossEntropy " + shape(logits), start, 0, bytes(logits));
    return out;
  }

  @Override
  public Matrix squaredError(Matrix x, Matrix targets) {
    long start = System.nanoTime();
    Matrix out = computation.squaredError(x, targets);
    report("squaredError " + shape(x), start, 0, 2 * bytes(x));
    return out;
  }

  @Override
  public Matrix binaryCrossEntropy(Matrix logits, Matrix targets) {
    long start = System.nanoTime();
    Matrix out = computation.binaryCrossEntropy(logits, targets);
    report("binaryCrossEntropy " + shape(logits), start, 0, 2 * bytes(logits));
    return out;
  }

  @Override
  public void activate(Activation activation, Matrix x, Matrix out) {
    long start = System.nanoTime();
    computation.activate(activation, x, out);
    report("activate " + shape(x), start, 0, 2 * bytes(x));
  }

  @Override
  public void dropout(Dropout dropout, Matrix x, @Nullable Matrix residual, Matrix out) {
    long start = System.nanoTime();
    computation.dropout(dropout, x, residual, out);
    report("dropout " + shape(x), start, 0, (residual == null ? 2 : 3) * bytes(x));
  }

  @Override
  public Matrix crossEntropy(
      ClassShare share, Matrix logits, int[] labels, float smoothing, Matrix out) {
    long start = System.nanoTime();
    Matrix totals = computation.crossEntropy(share, logits, labels, smoothing, out);
    report("crossEntropy " + shape(logits) + " of ranks", start, 0, bytes(logits));
    return totals;
  }

  @Override
  public void allReduce(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    long start = System.nanoTime();
    computation.allReduce(group, x, residual, out);
    report("allReduce " + shape(x), start, 0, bytes(x, out));
  }

  @Override
  public Matrix copyToRanks(Communicator group, Matrix x) {
    return computation.copyToRanks(group, x);
  }

  @Override
  public void reduceScatter(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    long start = System.nanoTime();
    computation.reduceScatter(group, x, residual, out);
    report("reduceScatter " + shape(x), start, 0, bytes(x, out));
  }

  @Override
  public void allGather(Communicator group, Matrix x, GatheredUse use, Matrix all) {
    long start = System.nanoTime();
    computation.allGather(group, x, use, all);
    report("allGather " + shape(all), start, 0, bytes(x, all));
  }

  @Override
  public Pending startAllReduce(Communicator group, ResidentMatrix x) {
    return computation.startAllReduce(group, x);
  }

  @Override
  public Pending startReduceScatter(Communicator group, ResidentMatrix x) {
    return computation.startReduceScatter(group, x);
  }

  @Override
  public Pending startAllGather(Communicator group, ResidentMatrix x) {
    return computation.startAllGather(group, x);
  }

  @Override
  public Matrix rows(Matrix x, int first, int count) {
    return computation.rows(x, first, count);
  }

  @Override
  public void gatherColumns(Communicator group, Matrix x, Matrix all) {
    long start = System.nanoTime();
    computation.gatherColumns(group, x, all);
    report("gatherColumns " + shape(all), start, 0, bytes(x, all));
  }

  @Override
  public Gradients gradients() {
    return computation.gradients();
  }

  @Override
  public void finish() {
    long start = System.nanoTime();
    computation.finish();
    report("finish", start, 0, 0);
  }

  @Override
  public void close() {
    computation.close();
  }

  private static String shape(Matrix matrix) {
    return matrix.rows() + "x" + matrix.columns();
  }
}
