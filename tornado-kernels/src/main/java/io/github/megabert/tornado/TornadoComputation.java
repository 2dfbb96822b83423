// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.GatheredUse;
import io.github.megabert.backend.Gradients;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tornado.kernels.BFloat16Kernels;
import io.github.megabert.tornado.kernels.DeviceMath;
import io.github.megabert.tornado.kernels.DividedLossTasks;
import io.github.megabert.tornado.kernels.FloatRowKernels;
import io.github.megabert.tornado.kernels.HalfPairKernels;
import io.github.megabert.tornado.kernels.KernelSet;
import io.github.megabert.tornado.kernels.PairTasks;
import io.github.megabert.tornado.kernels.TrainingTasks;
import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Program;
import io.github.megabert.tornado.recording.Recording;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Records operations as {@link Call}s and runs them when a result is read.
 *
 * <p>From the first run, or its early {@link Recording start}, to the close the computation owns
 * the device: results lie in scratch memory that all computations share.
 */
final class TornadoComputation implements Computation {
  /** What the call of a LayerNorm depends on. */
  private record NormSite(
      Operand x, int rows, int columns, Operand weight, Operand bias, float eps, Operand out) {}

  /** What the calls of a linear layer depend on. */
  private record LinearSite(
      Operand x,
      int rows,
      TornadoLinear linear,
      int activation,
      @Nullable Operand residual,
      Operand out) {}

  private final TornadoBackend backend;
  private final KernelSet kernels;
  private final Products products;
  private final Recording recording;
  private final AttentionCalls attention;
  private final TornadoGradients gradients;

  /** Weights whose rounded copy the program that is recorded has made. */
  private final Set<Operand> refreshed = new HashSet<>();

  private final Collectives collectives;
  private final DividedCrossEntropy dividedLoss;
  private final HostOperations onHost;
  private @Nullable Program last;
  private boolean closed;

  TornadoComputation(TornadoBackend backend) {
    this.backend = backend;
    kernels = backend.kernels();
    products = backend.products();
    recording = new Recording(backend.programs());
    attention = new AttentionCalls(backend, recording);
    dividedLoss = new DividedCrossEntropy(this, recording);
    onHost = new HostOperations(this);
    gradients = new TornadoGradients(this, backend, recording, dividedLoss, onHost);
    collectives = new Collectives(this, backend);
  }

  @Override
  public Matrix matrix(int rows, int columns) {
    requireOpen();
    int capacity = Buckets.rows(rows);
    int elements = Math.multiplyExact(capacity, Math.max(1, columns));
    return new TornadoMatrix(
        this, recording.scratch(elements, backend.element()), rows, columns, capacity);
  }

  @Override
  public Matrix upload(Tensor values) {
    if (values.shape().rank() != 2) {
      throw new IllegalArgumentException("a matrix is needed, not shape " + values.shape());
    }
    TornadoMatrix matrix =
        own(matrix(values.shape().intExtent(0), values.shape().intExtent(1)), "matrix");
    int elements = matrix.capacity() * matrix.columns();
    Operand source = recording.upload(values.toFloatArray(), elements);
    recording.add(kernels.upload(), Grid.elements(elements), source, matrix.operand(), elements);
    return matrix;
  }

  @Override
  public void read(Matrix matrix, MemorySegment destination) {
    if (matrix instanceof TornadoRows part) {
      readRows(part, destination);
      return;
    }
    TornadoMatrix source = own(matrix, "matrix");
    launch();
    long count = (long) source.rows() * source.columns();
    TornadoNativeArray array = recording.array(source.operand());
    if (array == null) {
      throw new IllegalArgumentException("no operation has written the matrix that is read");
    }
    if (last == null || !last.uses(array)) {
      // An earlier program of this computation wrote it: a copy of it makes it this one's.
      int elements = source.capacity() * source.columns();
      TornadoMatrix copy = own(matrix(source.rows(), source.columns()), "copy");
      recording.add(
          kernels.copy(), Grid.elements(elements), source.operand(), copy.operand(), elements);
      read(copy, destination);
      return;
    }
    last.read(array, count);
    HostCopies.copy(array, 0, count, destination);
  }

  private void readRows(TornadoRows part, MemorySegment destination) {
    settle();
    TornadoNativeArray array = array(part.matrix());
    long first = (long) part.first() * part.columns();
    long count = (long) part.rows() * part.columns();
    backend.programs().alone(() -> backend.programs().memory().read(array, first, count));
    HostCopies.copy(array, first, count, destination);
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
    TornadoMatrix target = own(out, "out", typeIds.length, words.columns());
    int rows = target.capacity();
    int idsAt = tokenIds == null ? -1 : recording.integers().section(tokenIds, rows, 0);
    recording.add(
        kernels.embed(),
        Grid.elements(rows * target.columns()),
        Operand.INTEGERS,
        idsAt,
        recording.integers().section(typeIds, rows, 0),
        recording.integers().section(positionIds, rows, 0),
        TornadoParameter.of(words).elements(),
        TornadoParameter.of(types).elements(),
        TornadoParameter.of(positions).elements(),
        target.operand(),
        rows,
        target.columns());
  }

  @Override
  public void layerNorm(
      Matrix x, Backend.Parameter weight, Backend.Parameter bias, float eps, Matrix out) {
    TornadoMatrix source = own(x, "x");
    TornadoMatrix target = own(out, "out", x.rows(), x.columns());
    boolean pairs =
        backend.hasPairs()
            && source.columns() % 2 == 0
            && source.columns() <= HalfPairKernels.LARGEST_ROW;
    Operand w = TornadoParameter.of(weight).floats();
    Operand b = TornadoParameter.of(bias).floats();
    recording.add(
        new NormSite(
            source.operand(), source.capacity(), source.columns(), w, b, eps, target.operand()),
        () ->
            List.of(
                new Call(
                    pairs ? PairTasks.LAYER_NORM : kernels.layerNorm(),
                    List.of(source.operand(), w, b, target.operand(), source.columns(), eps),
                    Grid.rows(source.capacity(), FloatRowKernels.ROW_THREADS))));
  }

  @Override
  public void linear(
      Matrix x,
      Backend.Linear linear,
      Activation activation,
      @Nullable Matrix residual,
      Matrix out) {
    TornadoLinear dense = (TornadoLinear) linear;
    TornadoMatrix source = own(x, "x", x.rows(), dense.inputs());
    TornadoMatrix target = own(out, "out", x.rows(), dense.outputs());
    TornadoMatrix added =
        residual == null ? null : own(residual, "residual", x.rows(), dense.outputs());
    int code = DeviceMath.code(activation);
    refresh(dense);
    recording.add(
        new LinearSite(
            source.operand(),
            source.capacity(),
            dense,
            code,
            added == null ? null : added.operand(),
            target.operand()),
        () -> products.calls(source, dense, code, added, target));
  }

  /** Rounds a weight that training changes, before a program's first product with it. */
  void refresh(TornadoLinear linear) {
    Operand master = linear.master();
    if (master != null && refreshed.add(linear.weight())) {
      int elements = Math.multiplyExact(linear.inputs(), linear.outputs());
      Call call = BFloat16Kernels.narrow(master, linear.weight(), elements);
      recording.add(call, () -> List.of(call));
    }
  }

  /** Weights have changed: their next products read them rounded anew. */
  void forgetRounded() {
    refreshed.clear();
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
    if (dropout != null) {
      requireTraining();
    }
    List<TornadoMatrix> sources =
        List.of(own(queries, "queries"), own(keys, "keys"), own(values, "values"));
    int[] columns = {queryColumn, keyColumn, valueColumn};
    TornadoMatrix target = own(out, "out");
    if (dropout == null || probabilities != null) {
      attention.record(
          layout,
          sources,
          columns,
          target,
          probabilities == null ? null : own(probabilities, "probabilities"));
    }
    if (dropout != null) {
      gradients.attentionWithDropout(layout, sources, columns, dropout, target);
    }
  }

  @Override
  public void gatherRows(Matrix x, int[] rows, Matrix out) {
    TornadoMatrix source = own(x, "x");
    TornadoMatrix target = own(out, "out", rows.length, x.columns());
    recording.add(
        kernels.gatherRows(),
        Grid.elements(target.capacity() * target.columns()),
        Operand.INTEGERS,
        recording.integers().section(rows, target.capacity(), 0),
        source.operand(),
        target.operand(),
        target.capacity(),
        target.columns());
  }

  @Override
  public void scatterRows(Matrix x, int column, int[] rows, Matrix out) {
    TornadoMatrix source = own(x, "x");
    TornadoMatrix target = own(out, "out");
    int bucket = Buckets.rows(rows.length);
    recording.add(
        kernels.scatterRows(),
        Grid.elements(bucket * target.columns()),
        Operand.INTEGERS,
        recording.integers().section(rows, bucket, -1),
        source.operand(),
        source.columns(),
        column,
        target.operand(),
        bucket,
        target.columns());
  }

  private void requireTraining() {
    backend.requireTraining();
  }

  @Override
  public void activate(Activation activation, Matrix x, Matrix out) {
    requireTraining();
    TornadoMatrix source = own(x, "x");
    TornadoMatrix target = own(out, "out", x.rows(), x.columns());
    int elements = source.capacity() * source.columns();
    recording.add(
        TrainingTasks.ACTIVATE,
        Grid.elements(elements),
        source.operand(),
        target.operand(),
        DeviceMath.code(activation),
        elements);
  }

  @Override
  public void dropout(Dropout dropout, Matrix x, @Nullable Matrix residual, Matrix out) {
    requireTraining();
    gradients.dropout(
        dropout,
        own(x, "x"),
        residual == null ? null : own(residual, "residual", x.rows(), x.columns()),
        own(out, "out", x.rows(), x.columns()));
  }

  @Override
  public Gradients gradients() {
    requireTraining();
    return gradients;
  }

  /** Losses of few numbers are computed on the host. */
  @Override
  public Matrix columnCrossEntropy(Matrix logits, int column, int[] offsets, int[] labels) {
    return onHost.compute(
        host -> host.columnCrossEntropy(onHost.copy(host, logits), column, offsets, labels));
  }

  @Override
  public Matrix squaredError(Matrix x, Matrix targets) {
    return onHost.compute(
        host -> host.squaredError(onHost.copy(host, x), onHost.copy(host, targets)));
  }

  @Override
  public Matrix binaryCrossEntropy(Matrix logits, Matrix targets) {
    return onHost.compute(
        host -> host.binaryCrossEntropy(onHost.copy(host, logits), onHost.copy(host, targets)));
  }

  @Override
  public void crossEntropy(Matrix logits, int[] labels, float smoothing, Matrix out) {
    TornadoMatrix source = own(logits, "logits");
    TornadoMatrix target = own(out, "out", logits.rows(), 1);
    if (smoothing != 0) {
      requireTraining();
      recording.add(
          TrainingTasks.CROSS_ENTROPY,
          Grid.rows(source.capacity(), FloatRowKernels.ROW_THREADS),
          Operand.INTEGERS,
          recording.integers().section(labels, source.capacity(), -1),
          source.operand(),
          target.operand(),
          source.columns(),
          smoothing);
      return;
    }
    recording.add(
        kernels.crossEntropy(),
        Grid.rows(source.capacity(), FloatRowKernels.ROW_THREADS),
        Operand.INTEGERS,
        recording.integers().section(labels, source.capacity(), -1),
        source.operand(),
        target.operand(),
        source.columns());
  }

  @Override
  public Matrix crossEntropy(
      ClassShare share, Matrix logits, int[] labels, float smoothing, Matrix out) {
    requireTraining();
    return dividedLoss.losses(
        share, own(logits, "logits"), labels, smoothing, own(out, "out", logits.rows(), 1));
  }

  @Override
  public void allReduce(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    requireTraining();
    collectives.allReduce(group, own(x, "x"), residual, own(out, "out", x.rows(), x.columns()));
  }

  @Override
  public void reduceScatter(Communicator group, Matrix x, @Nullable Matrix residual, Matrix out) {
    requireTraining();
    collectives.reduceScatter(group, own(x, "x"), residual, own(out, "out"));
  }

  @Override
  public void allGather(Communicator group, Matrix x, GatheredUse use, Matrix all) {
    requireTraining();
    collectives.allGather(group, x, own(all, "all"));
  }

  @Override
  public void gatherColumns(Communicator group, Matrix x, Matrix all) {
    requireTraining();
    collectives.gatherColumns(group, own(x, "x"), own(all, "all"));
  }

  @Override
  public Matrix rows(Matrix x, int first, int count) {
    return new TornadoRows(own(x, "x"), first, count);
  }

  @Override
  public Pending startAllReduce(Communicator group, ResidentMatrix x) {
    return collectives.start(group, Exchange.ALL_REDUCE, own(x, "x"));
  }

  @Override
  public Pending startReduceScatter(Communicator group, ResidentMatrix x) {
    return collectives.start(group, Exchange.REDUCE_SCATTER, own(x, "x"));
  }

  @Override
  public Pending startAllGather(Communicator group, ResidentMatrix x) {
    return collectives.start(group, Exchange.ALL_GATHER, own(x, "x"));
  }

  /** {@code out = x + residual}, or x alone. */
  void add(TornadoMatrix x, @Nullable TornadoMatrix residual, TornadoMatrix out) {
    if (residual == null) {
      copy(x, out);
    } else if (x.operand().equals(out.operand())) {
      gradients.add(residual, out);
    } else {
      copy(residual, out);
      gradients.add(x, out);
    }
  }

  /** Copies a matrix over another, if it is another. */
  void copy(TornadoMatrix from, TornadoMatrix to) {
    if (!from.operand().equals(to.operand())) {
      int elements = to.capacity() * to.columns();
      recording.add(
          kernels.copy(), Grid.elements(elements), from.operand(), to.operand(), elements);
    }
  }

  /** Columns of ranks, each rank's {@code [rows of out, its columns]}, side by side. */
  void sideBySide(TornadoMatrix parts, int ranks, TornadoMatrix out) {
    int elements = out.capacity() * out.columns();
    recording.add(
        DividedLossTasks.SIDE_BY_SIDE,
        Grid.elements(elements),
        parts.operand(),
        out.operand(),
        out.rows(),
        out.columns(),
        ranks,
        elements);
  }

  /** Where a matrix lies that an operation has written. */
  TornadoNativeArray array(TornadoMatrix matrix) {
    TornadoNativeArray array = recording.array(matrix.operand());
    if (array == null) {
      throw new IllegalArgumentException("no operation has written the matrix");
    }
    return array;
  }

  /** Runs what has been recorded, and waits for it. */
  void settle() {
    launch();
    awaitLast();
  }

  /** Writes numbers over a matrix. */
  void overwrite(TornadoMatrix matrix, float[] values) {
    int elements = matrix.capacity() * matrix.columns();
    recording.add(
        kernels.upload(),
        Grid.elements(elements),
        recording.upload(values, elements),
        matrix.operand(),
        elements);
  }

  /** Fills an array with zeros. */
  void clear(Operand operand, int elements) {
    recording.add(kernels.clear(), Grid.elements(elements), operand, elements);
  }

  @Override
  public void finish() {
    collectives.finish();
    settle();
  }

  /** Runs what has been recorded, and reads doubles that the latest program uses. */
  double[] doubles(Operand operand, int count) {
    launch();
    TornadoNativeArray array = recording.array(operand);
    if (last == null || array == null) {
      throw new IllegalStateException("no operation has written the numbers");
    }
    last.read(array, count);
    return array
        .getSegment()
        .asSlice(0, (long) count * Double.BYTES)
        .toArray(ValueLayout.JAVA_DOUBLE);
  }

  /** Starts what has been recorded. */
  void launch() {
    requireOpen();
    if (recording.isEmpty()) {
      return;
    }
    // Another program's results are on a stream of their own.
    awaitLast();
    last = recording.run();
    attention.clear();
    gradients.forget();
    refreshed.clear();
  }

  private void awaitLast() {
    if (last != null) {
      last.await();
    }
  }

  TornadoMatrix own(Matrix matrix, String name, int rows, int columns) {
    TornadoMatrix.requireShape(matrix, name, rows, columns);
    return own(matrix, name);
  }

  TornadoMatrix own(Matrix matrix, String name) {
    requireOpen();
    if (matrix instanceof TornadoResidentMatrix resident) {
      recording.writesOutlive();
      return resident.matrix();
    }
    if (matrix instanceof TornadoMatrix own && (own.owner() == null || own.owner() == this)) {
      return own;
    }
    throw new IllegalArgumentException(name + " belongs to another computation: " + matrix);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the computation is closed");
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      awaitLast();
    } finally {
      recording.close();
    }
  }
}
