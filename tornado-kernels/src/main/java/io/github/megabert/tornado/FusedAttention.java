package io.github.megabert.tornado;

import io.github.megabert.backend.AttentionLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Attention by cuDNN on its matrix units: rows to dense tensors, one library task, and back. */
final class FusedAttention {
  /** Lengths of ragged batches are rounded up to this, so that they share programs. */
  private static final int LENGTH_STEP = 64;

  /** Two columns for mask and padding, and the width a multiple of 8 as cuDNN demands. */
  private static final int MASK_COLUMNS = 8;

  private static final int LARGEST_WIDTH = 128;
  private static final KernelContext CONTEXT = new KernelContext();

  /** q, k, v, out, sequences, heads, queries, keys, width, scale, causal (0 or 1). */
  private static final Kernel ATTENTION =
      new Kernel(
          "cudnnAttention",
          (graph, task, a) ->
              graph.libraryTask(
                  task,
                  (HalfFloatArray q, HalfFloatArray k, HalfFloatArray v, HalfFloatArray out) ->
                      descriptor(q, k, v, out, a),
                  (HalfFloatArray) a[0],
                  (HalfFloatArray) a[1],
                  (HalfFloatArray) a[2],
                  (HalfFloatArray) a[3]));

  private static final Kernel PACK =
      new Kernel(
          "pack",
          (graph, task, a) ->
              graph.task(
                  task,
                  DenseKernels::pack,
                  CONTEXT,
                  (IntArray) a[0],
                  (Integer) a[1],
                  (Integer) a[2],
                  (HalfFloatArray) a[3],
                  (Integer) a[4],
                  (Integer) a[5],
                  (HalfFloatArray) a[6],
                  (Integer) a[7],
                  (Integer) a[8],
                  (Integer) a[9],
                  (Integer) a[10],
                  (Integer) a[11],
                  (Integer) a[12]));

  private static final Kernel PACK_TOGETHER =
      new Kernel(
          "packTogether",
          (graph, task, a) ->
              graph.task(
                  task,
                  DenseKernels::packTogether,
                  CONTEXT,
                  (IntArray) a[0],
                  (Integer) a[1],
                  (Integer) a[2],
                  (HalfFloatArray) a[3],
                  (Integer) a[4],
                  (Integer) a[5],
                  (Integer) a[6],
                  (Integer) a[7],
                  (HalfFloatArray) a[8],
                  (HalfFloatArray) a[9],
                  (HalfFloatArray) a[10],
                  (Integer) a[11],
                  (Integer) a[12],
                  (Integer) a[13],
                  (Integer) a[14],
                  (Integer) a[15]));

  private static final Kernel UNPACK =
      new Kernel(
          "unpack",
          (graph, task, a) ->
              graph.task(
                  task,
                  DenseKernels::unpack,
                  CONTEXT,
                  (IntArray) a[0],
                  (Integer) a[1],
                  (HalfFloatArray) a[2],
                  (HalfFloatArray) a[3],
                  (Integer) a[4],
                  (Integer) a[5],
                  (Integer) a[6],
                  (Integer) a[7],
                  (Integer) a[8],
                  (Integer) a[9]));

  /**
   * The integers of a layout and the extents of its dense tensors.
   *
   * @param queriesAt pairs of first row and length, one a sequence
   * @param keysAt likewise for the keys
   * @param linesAt a line of the dense tensor for every row of the output
   */
  record Plan(
      AttentionLayout layout,
      int queriesAt,
      int keysAt,
      int linesAt,
      int maskAt,
      int queries,
      int keys,
      int width) {}

  private FusedAttention() {}

  /** Whether cuDNN serves the layout: not for a few queries over a cache, nor for odd heads. */
  static boolean serves(AttentionLayout layout) {
    int longest = longest(layout.queryLength());
    boolean alike = Arrays.equals(layout.queryLength(), layout.keyLength());
    return layout.headDim() % 8 == 0
        && layout.headDim() + MASK_COLUMNS <= LARGEST_WIDTH
        && longest >= LENGTH_STEP / 2
        && (alike || !layout.causal());
  }

  private static int longest(int[] lengths) {
    return Arrays.stream(lengths).max().orElse(0);
  }

  private static boolean uniform(int[] lengths) {
    return Arrays.stream(lengths).allMatch(length -> length == lengths[0]);
  }

  /** Adds the integers that the calls of a layout need. */
  static Plan plan(AttentionLayout layout, int outRows, int keyRows, IntegerBlock block) {
    byte[] mask = layout.keyMask();
    boolean exact = mask == null && uniform(layout.queryLength()) && uniform(layout.keyLength());
    int queries = longest(layout.queryLength());
    int keys = longest(layout.keyLength());
    if (!exact) {
      queries = Math.ceilDiv(queries, LENGTH_STEP) * LENGTH_STEP;
      keys = Math.ceilDiv(keys, LENGTH_STEP) * LENGTH_STEP;
    }
    int linesAt = block.section(outRows, -1);
    for (int b = 0; b < layout.sequences(); b++) {
      for (int i = 0; i < layout.queryLength()[b]; i++) {
        block.set(linesAt + layout.queryStart()[b] + i, b * layout.heads() * queries + i);
      }
    }
    return new Plan(
        layout,
        pairs(layout.queryStart(), layout.queryLength(), block),
        pairs(layout.keyStart(), layout.keyLength(), block),
        linesAt,
        mask == null ? -1 : AttentionTiles.addMask(mask, Math.max(keyRows, mask.length), block),
        queries,
        keys,
        layout.headDim() + (exact ? 0 : MASK_COLUMNS));
  }

  private static int pairs(int[] starts, int[] lengths, IntegerBlock block) {
    int at = block.section(2 * starts.length, 0);
    for (int b = 0; b < starts.length; b++) {
      block.set(at + 2 * b, starts[b]);
      block.set(at + 2 * b + 1, lengths[b]);
    }
    return at;
  }

  /** Elements of the dense queries, and of the dense output. */
  static int queryElements(Plan plan) {
    AttentionLayout layout = plan.layout();
    int lines = Math.multiplyExact(layout.sequences() * layout.heads(), plan.queries());
    return Math.multiplyExact(lines, plan.width());
  }

  /** Elements of the dense keys, and of the dense values. */
  static int keyElements(Plan plan) {
    AttentionLayout layout = plan.layout();
    int lines = Math.multiplyExact(layout.sequences() * layout.heads(), plan.keys());
    return Math.multiplyExact(lines, plan.width());
  }

  /**
   * The calls.
   *
   * @param sources queries, keys and values
   * @param columns their first columns
   * @param dense scratch for the dense queries, keys, values and output
   */
  static List<Call> calls(
      Plan plan,
      Operand integers,
      List<TornadoMatrix> sources,
      int[] columns,
      List<Operand> dense,
      TornadoMatrix out) {
    AttentionLayout layout = plan.layout();
    List<Call> calls = new ArrayList<>();
    if (together(plan, sources, columns)) {
      calls.add(packTogether(plan, integers, sources.getFirst(), columns, dense));
    } else {
      for (int role = DenseKernels.QUERY; role <= DenseKernels.VALUE; role++) {
        calls.add(pack(plan, integers, sources.get(role), columns[role], dense.get(role), role));
      }
    }
    calls.add(
        new Call(
            ATTENTION,
            List.of(
                dense.get(0),
                dense.get(1),
                dense.get(2),
                dense.get(3),
                layout.sequences(),
                layout.heads(),
                plan.queries(),
                plan.keys(),
                plan.width(),
                (float) (1 / Math.sqrt(layout.headDim())),
                layout.causal() ? 1 : 0),
            null));
    int count = out.capacity() * layout.heads() * layout.headDim() / 2;
    calls.add(
        new Call(
            UNPACK,
            List.of(
                integers,
                plan.linesAt(),
                dense.get(3),
                out.operand(),
                out.columns(),
                layout.heads(),
                plan.queries(),
                layout.headDim(),
                plan.width(),
                count),
            Grid.elements(count)));
    return calls;
  }

  private static boolean together(Plan plan, List<TornadoMatrix> sources, int[] columns) {
    AttentionLayout layout = plan.layout();
    return Arrays.stream(columns).allMatch(column -> column % 2 == 0)
        && sources.getFirst().columns() % 2 == 0
        && sources.get(0).equals(sources.get(1))
        && sources.get(1).equals(sources.get(2))
        && Arrays.equals(layout.queryStart(), layout.keyStart())
        && Arrays.equals(layout.queryLength(), layout.keyLength());
  }

  private static Call packTogether(
      Plan plan, Operand integers, TornadoMatrix source, int[] columns, List<Operand> dense) {
    int count = queryElements(plan) / 2;
    return new Call(
        PACK_TOGETHER,
        List.of(
            integers,
            plan.queriesAt(),
            plan.maskAt(),
            source.operand(),
            source.columns(),
            columns[0],
            columns[1],
            columns[2],
            dense.get(0),
            dense.get(1),
            dense.get(2),
            plan.layout().heads(),
            plan.queries(),
            plan.layout().headDim(),
            plan.width(),
            count),
        Grid.elements(count));
  }

  private static Call pack(
      Plan plan, Operand integers, TornadoMatrix source, int column, Operand dense, int role) {
    boolean query = role == DenseKernels.QUERY;
    int count = query ? queryElements(plan) : keyElements(plan);
    return new Call(
        PACK,
        List.of(
            integers,
            query ? plan.queriesAt() : plan.keysAt(),
            plan.maskAt(),
            source.operand(),
            source.columns(),
            column,
            dense,
            plan.layout().heads(),
            query ? plan.queries() : plan.keys(),
            plan.layout().headDim(),
            plan.width(),
            role,
            count),
        Grid.elements(count));
  }

  private static LibraryTaskDescriptor descriptor(
      Object q, Object k, Object v, Object out, Object[] a) {
    Object[] parameters = {q, k, v, out, a[4], a[5], a[6], a[7], a[8], a[9], (Integer) a[10] != 0};
    Access[] accesses = new Access[parameters.length];
    Arrays.fill(accesses, Access.READ_ONLY);
    accesses[3] = Access.READ_WRITE;
    return new LibraryTaskDescriptor()
        .withLibrary("nvidia/cudnn")
        .withFunction("sdpaForward")
        .withParameters(parameters)
        .withAccess(accesses);
  }
}
