package io.github.megabert.tornado;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Records operations as {@link Call}s and runs them when a result is read.
 *
 * <p>From the first run to the close the computation owns the device: results lie in scratch memory
 * that all computations share.
 */
final class TornadoComputation implements Computation {
  private static final Operand INTEGERS = new Operand.Integers();

  private final TornadoBackend backend;
  private final KernelSet kernels;
  private final Products products;
  private final List<Call> calls = new ArrayList<>();
  private final IntegerBlock integers = new IntegerBlock();
  private final List<float[]> uploads = new ArrayList<>();
  private final Map<AttentionLayout, int[]> attentionSections = new HashMap<>();
  private final Map<Operand, TornadoNativeArray> arrays = new HashMap<>();
  private final Map<AttentionLayout, FusedAttention.Plan> fusedPlans = new HashMap<>();
  private final Map<FusedAttention.Plan, List<Operand>> denseScratch = new HashMap<>();
  private int slots;
  private int depth;
  private @Nullable Program last;
  private boolean closed;

  TornadoComputation(TornadoBackend backend) {
    this.backend = backend;
    kernels = backend.kernels();
    products = backend.products();
  }

  @Override
  public Matrix matrix(int rows, int columns) {
    requireOpen();
    int capacity = Buckets.rows(rows);
    int elements = Math.multiplyExact(capacity, Math.max(1, columns));
    return new TornadoMatrix(this, new Operand.Scratch(slots++, elements), rows, columns, capacity);
  }

  @Override
  public Matrix upload(Tensor values) {
    if (values.shape().rank() != 2) {
      throw new IllegalArgumentException("a matrix is needed, not shape " + values.shape());
    }
    TornadoMatrix matrix =
        own(matrix(values.shape().intExtent(0), values.shape().intExtent(1)), "matrix");
    int elements = matrix.capacity() * matrix.columns();
    Operand source = new Operand.Upload(uploads.size(), elements);
    uploads.add(values.toFloatArray());
    add(kernels.upload(), Grid.elements(elements), source, matrix.operand(), elements);
    return matrix;
  }

  @Override
  public void read(Matrix matrix, MemorySegment destination) {
    TornadoMatrix source = own(matrix, "matrix");
    finish();
    long count = (long) source.rows() * source.columns();
    TornadoNativeArray array =
        source.operand() instanceof Operand.Resident resident
            ? resident.array()
            : arrays.get(source.operand());
    if (array == null) {
      throw new IllegalArgumentException("no operation has written the matrix that is read");
    }
    if (last == null || !last.uses(array)) {
      // An earlier program of this computation wrote it: a copy of it makes it this one's.
      int elements = source.capacity() * source.columns();
      TornadoMatrix copy = own(matrix(source.rows(), source.columns()), "copy");
      add(kernels.copy(), Grid.elements(elements), source.operand(), copy.operand(), elements);
      read(copy, destination);
      return;
    }
    last.read(array, count);
    HostCopies.copy(array, count, destination);
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
    int idsAt = tokenIds == null ? -1 : integers.section(tokenIds, rows, 0);
    add(
        kernels.embed(),
        Grid.elements(rows * target.columns()),
        INTEGERS,
        idsAt,
        integers.section(typeIds, rows, 0),
        integers.section(positionIds, rows, 0),
        parameter(words).elements(),
        parameter(types).elements(),
        parameter(positions).elements(),
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
    add(
        pairs ? KernelSet.PAIR_LAYER_NORM : kernels.layerNorm(),
        Grid.rows(source.capacity(), FloatRowKernels.ROW_THREADS),
        source.operand(),
        parameter(weight).floats(),
        parameter(bias).floats(),
        target.operand(),
        source.columns(),
        eps);
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
    calls.addAll(products.calls(source, dense, DeviceMath.code(activation), added, target));
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
      Matrix out,
      @Nullable Matrix probabilities) {
    TornadoMatrix q = own(queries, "queries");
    TornadoMatrix k = own(keys, "keys");
    TornadoMatrix v = own(values, "values");
    TornadoMatrix target = own(out, "out");
    if (probabilities == null && backend.fusesAttention() && FusedAttention.serves(layout)) {
      fusedAttention(
          layout, List.of(q, k, v), new int[] {queryColumn, keyColumn, valueColumn}, target);
      return;
    }
    boolean tiled = probabilities == null && layout.headDim() <= AttentionTiles.DIM;
    int count = tiled ? AttentionTiles.count(layout) : AttentionTiles.queries(layout);
    int bucket = Buckets.rows(count);
    int[] sections =
        attentionSections.computeIfAbsent(layout, l -> sections(l, tiled, bucket, k.capacity()));
    List<Object> arguments =
        new ArrayList<>(
            List.of(
                INTEGERS,
                sections[tiled ? 0 : 1],
                sections[2],
                q.operand(),
                q.columns(),
                queryColumn,
                k.operand(),
                k.columns(),
                keyColumn,
                v.operand(),
                v.columns(),
                valueColumn,
                target.operand(),
                target.columns(),
                layout.headDim(),
                (float) (1 / Math.sqrt(layout.headDim()))));
    if (tiled) {
      Grid grid = new Grid(bucket, layout.heads(), AttentionTiles.THREADS);
      calls.add(new Call(kernels.attention(), List.copyOf(arguments), grid));
      return;
    }
    Matrix stored =
        probabilities != null
            ? probabilities
            : matrix(1, Math.toIntExact(Buckets.rows(Math.toIntExact(layout.probabilityCount()))));
    arguments.add(own(stored, "probabilities").operand());
    Grid grid = new Grid(bucket, layout.heads(), AttentionTiles.QUERY_THREADS);
    calls.add(new Call(kernels.attentionWithProbabilities(), List.copyOf(arguments), grid));
  }

  /** Attention by cuDNN. All layers share the dense scratch of their layout. */
  private void fusedAttention(
      AttentionLayout layout, List<TornadoMatrix> sources, int[] columns, TornadoMatrix out) {
    FusedAttention.Plan plan =
        fusedPlans.computeIfAbsent(
            layout,
            l -> FusedAttention.plan(l, out.capacity(), sources.get(1).capacity(), integers));
    List<Operand> dense =
        denseScratch.computeIfAbsent(
            plan,
            p -> {
              int queries = FusedAttention.queryElements(p);
              int keys = FusedAttention.keyElements(p);
              return List.of(
                  new Operand.Scratch(slots++, queries),
                  new Operand.Scratch(slots++, keys),
                  new Operand.Scratch(slots++, keys),
                  new Operand.Scratch(slots++, queries));
            });
    calls.addAll(FusedAttention.calls(plan, INTEGERS, sources, columns, dense, out));
  }

  /** Where tiles, queries and mask of a layout begin; layers share a layout. */
  private int[] sections(AttentionLayout layout, boolean tiled, int bucket, int keyRows) {
    byte[] mask = layout.keyMask();
    return new int[] {
      tiled ? AttentionTiles.add(layout, bucket, integers) : -1,
      tiled ? -1 : AttentionTiles.addQueries(layout, bucket, integers),
      mask == null ? -1 : AttentionTiles.addMask(mask, Math.max(keyRows, mask.length), integers)
    };
  }

  @Override
  public void gatherRows(Matrix x, int[] rows, Matrix out) {
    TornadoMatrix source = own(x, "x");
    TornadoMatrix target = own(out, "out", rows.length, x.columns());
    add(
        kernels.gatherRows(),
        Grid.elements(target.capacity() * target.columns()),
        INTEGERS,
        integers.section(rows, target.capacity(), 0),
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
    add(
        kernels.scatterRows(),
        Grid.elements(bucket * target.columns()),
        INTEGERS,
        integers.section(rows, bucket, -1),
        source.operand(),
        source.columns(),
        column,
        target.operand(),
        bucket,
        target.columns());
  }

  @Override
  public void softmax(Matrix x) {
    TornadoMatrix matrix = own(x, "x");
    add(
        kernels.softmax(),
        Grid.rows(matrix.capacity(), FloatRowKernels.ROW_THREADS),
        matrix.operand(),
        matrix.columns());
  }

  @Override
  public void crossEntropy(Matrix logits, int[] labels, Matrix out) {
    TornadoMatrix source = own(logits, "logits");
    TornadoMatrix target = own(out, "out", logits.rows(), 1);
    add(
        kernels.crossEntropy(),
        Grid.rows(source.capacity(), FloatRowKernels.ROW_THREADS),
        INTEGERS,
        integers.section(labels, source.capacity(), -1),
        source.operand(),
        target.operand(),
        source.columns());
  }

  /** Fills an array with zeros. */
  void clear(Operand operand, int elements) {
    add(kernels.clear(), Grid.elements(elements), operand, elements);
  }

  @Override
  public void finish() {
    requireOpen();
    if (calls.isEmpty()) {
      return;
    }
    if (depth == 0) {
      depth = backend.acquireDevice();
    }
    for (Call call : calls) {
      for (Object argument : call.arguments()) {
        if (argument instanceof Operand.Scratch scratch) {
          arrays.computeIfAbsent(
              scratch, s -> backend.memory().scratch(depth, scratch.slot(), scratch.elements()));
        }
      }
    }
    Program program = backend.program(List.copyOf(calls), depth, arrays, integers.size());
    program.run(integers, uploads);
    last = program;
    calls.clear();
    integers.clear();
    uploads.clear();
    attentionSections.clear();
    fusedPlans.clear();
    denseScratch.clear();
  }

  private void add(Kernel kernel, Grid grid, Object... arguments) {
    calls.add(new Call(kernel, List.of(arguments), grid));
  }

  private static TornadoParameter parameter(Backend.Parameter parameter) {
    if (parameter instanceof TornadoParameter own) {
      return own;
    }
    throw new IllegalArgumentException("the parameter belongs to another backend: " + parameter);
  }

  private TornadoMatrix own(Matrix matrix, String name, int rows, int columns) {
    if (matrix.rows() != rows || matrix.columns() != columns) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s is [%d, %d], [%d, %d] is needed",
              name,
              matrix.rows(),
              matrix.columns(),
              rows,
              columns));
    }
    return own(matrix, name);
  }

  private TornadoMatrix own(Matrix matrix, String name) {
    requireOpen();
    if (matrix instanceof TornadoResidentMatrix resident) {
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
    if (depth > 0) {
      backend.releaseDevice();
    }
  }
}
