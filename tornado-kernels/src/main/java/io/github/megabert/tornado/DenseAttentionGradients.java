// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Dropout;
import io.github.megabert.tornado.kernels.AttentionGradientTiles;
import io.github.megabert.tornado.kernels.DenseGradientKernels;
import io.github.megabert.tornado.kernels.MatrixLibrary;
import io.github.megabert.tornado.kernels.TrainingTasks;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.IntegerBlock;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Recording;
import io.github.megabert.tornado.recording.Temporary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Records attention of training in bfloat16: batches of products by cuBLAS with the softmax between
 * them. Scores lie in scratch memory that all layers share; the backward pass computes them again.
 */
final class DenseAttentionGradients {
  /** Scores of a group at most: 2 GiB with all that is stored of each. */
  private static final long MOST_SCORES = 1L << 29;

  /** Sequences shorter than this are served as well by the kernels without stored scores. */
  private static final int SHORTEST = 8;

  /** Groups of sequences at most, and the share of the scores that more than two must leave. */
  private static final int CLASSES = 4;

  private static final double WORTHWHILE = 0.85;

  /** cuBLAS is fast where rows begin at multiples of 16 bytes. */
  private static final int ALIGNMENT = 8;

  /**
   * Sequences that are padded to one length.
   *
   * @param index among the groups of a layout
   * @param at where the integers of the first sequence begin
   * @param sequences some at the end may be empty
   */
  record Group(int index, int at, int sequences, int queries, int keys) {}

  private final Recording recording;

  DenseAttentionGradients(Recording recording) {
    this.recording = recording;
  }

  /** Whether a layout is served. */
  static boolean serves(AttentionLayout layout) {
    int keys = Arrays.stream(layout.keyLength()).max().orElse(0);
    return layout.headDim() % ALIGNMENT == 0
        && keys >= SHORTEST
        && keys <= DenseGradientKernels.LARGEST_KEYS
        && AttentionGradientTiles.waves(layout).size() == 1
        && groups(layout).stream().allMatch(members -> scores(layout, members) <= MOST_SCORES);
  }

  private static List<int[]> groups(AttentionLayout layout) {
    boolean even =
        DenseGroup.uniform(layout.queryLength()) && DenseGroup.uniform(layout.keyLength());
    if (even) {
      return List.of(IntStream.range(0, layout.sequences()).toArray());
    }
    List<int[]> two = DenseGroup.split(layout);
    List<int[]> classes = classes(layout);
    return scores(layout, classes) < WORTHWHILE * scores(layout, two) ? classes : two;
  }

  /** The sequences by their length: up to a quarter of the longest, up to a half, and so on. */
  private static List<int[]> classes(AttentionLayout layout) {
    int longest = Arrays.stream(layout.keyLength()).max().orElse(1);
    int step = DenseGroup.rounded(Math.ceilDiv(longest, CLASSES));
    return IntStream.range(0, CLASSES)
        .mapToObj(
            i ->
                IntStream.range(0, layout.sequences())
                    .filter(b -> (Math.max(1, layout.keyLength()[b]) - 1) / step == i)
                    .toArray())
        .filter(members -> members.length > 0)
        .toList();
  }

  private static long scores(AttentionLayout layout, List<int[]> groups) {
    return groups.stream().mapToLong(members -> scores(layout, members)).sum();
  }

  private static long scores(AttentionLayout layout, int[] members) {
    return (long) DenseGroup.padded(members.length)
        * layout.heads()
        * length(layout.queryLength(), members)
        * length(layout.keyLength(), members);
  }

  /** The length to which sequences are padded: ragged batches share programs. */
  private static int length(int[] lengths, int[] members) {
    int longest = Arrays.stream(members).map(b -> lengths[b]).max().orElse(1);
    return DenseGroup.uniform(lengths)
        ? Math.ceilDiv(longest, ALIGNMENT) * ALIGNMENT
        : DenseGroup.rounded(longest);
  }

  /**
   * Says that nothing is read of what the context holds before it is written, if attention writes
   * all rows.
   */
  void discardContext(AttentionLayout layout, TornadoMatrix out) {
    if (Arrays.stream(layout.queryLength()).sum() == out.rows()) {
      discard(out);
    }
  }

  /** Likewise of gradients of queries, keys and values, which hold zeros. */
  void discardGradients(AttentionLayout layout, List<TornadoMatrix> gradients) {
    int width = layout.heads() * layout.headDim();
    for (TornadoMatrix gradient : new LinkedHashSet<>(gradients)) {
      boolean isWritten = true;
      int columns = 0;
      for (int role = 0; role < gradients.size(); role++) {
        if (gradients.get(role).equals(gradient)) {
          int[] lengths = role == 0 ? layout.queryLength() : layout.keyLength();
          isWritten &= Arrays.stream(lengths).sum() == gradient.rows();
          columns += width;
        }
      }
      if (isWritten && columns == gradient.columns()) {
        discard(gradient);
      }
    }
  }

  private void discard(TornadoMatrix matrix) {
    recording.add(TrainingTasks.DISCARD, Grid.elements(1), matrix.operand());
  }

  /** The groups of a layout that is served, with their integers. */
  List<Group> add(AttentionLayout layout, @Nullable Dropout dropout) {
    List<Group> groups = new ArrayList<>();
    IntegerBlock integers = recording.integers();
    for (int[] members : groups(layout)) {
      int sequences = DenseGroup.padded(members.length);
      int at = AttentionGradientTiles.addSequences(layout, members, dropout, sequences, integers);
      int queries = length(layout.queryLength(), members);
      int keys = length(layout.keyLength(), members);
      groups.add(new Group(groups.size(), at, sequences, queries, keys));
    }
    return groups;
  }

  /** What both passes know of attention: {@code columns} are the first ones of the sources. */
  record Site(
      AttentionLayout layout,
      int maskAt,
      List<TornadoMatrix> sources,
      int[] columns,
      Operand words) {
    int lines(Group group) {
      return group.sequences * layout.heads();
    }

    float scale() {
      return (float) (1 / Math.sqrt(layout.headDim()));
    }
  }

  /** Attention. */
  void record(Site site, Group group, TornadoMatrix out) {
    int headDim = site.layout.headDim();
    Operand values = packed(site, group, 2, Temporary.VALUES);
    Operand weights = scores(site, group);
    recording.add(
        DenseGradientKernels.WEIGHTS,
        rows(site, group),
        Operand.INTEGERS,
        group.at,
        site.maskAt,
        weights,
        site.words,
        site.layout.heads(),
        group.queries,
        group.keys);
    Operand context = dense(site, group, group.queries, Temporary.CONTEXT);
    int[] shape = {headDim, group.queries, group.keys};
    multiply(values, weights, context, Order.NN, shape, 1f, site, group);
    unpack(site, group, DenseGradientKernels.OF_QUERIES, context, out, 0, false);
  }

  /**
   * Adds the gradients of queries, keys and values.
   *
   * @param add whether to each, or the matrix holds zeros
   */
  void recordGradients(
      Site site, Group group, TornadoMatrix dOut, List<TornadoMatrix> gradients, boolean[] add) {
    int headDim = site.layout.headDim();
    Operand values = packed(site, group, 2, Temporary.VALUES);
    Operand slope =
        packed(site, group, dOut, 0, DenseGradientKernels.OF_QUERIES, Temporary.CONTEXT_GRADIENTS);
    Operand queries = dense(site, group, group.queries, Temporary.QUERIES);
    Operand keys = dense(site, group, group.keys, Temporary.KEYS);
    Operand weights = scores(site, group);
    Operand slopes = scratch(site, group, Temporary.SCORE_GRADIENTS);
    int[] ofScores = {group.keys, group.queries, headDim};
    multiply(values, slope, slopes, Order.TN, ofScores, 1f, site, group);
    recording.add(
        DenseGradientKernels.SLOPES,
        rows(site, group),
        Operand.INTEGERS,
        group.at,
        site.maskAt,
        weights,
        slopes,
        site.words,
        site.layout.heads(),
        group.queries,
        group.keys);
    int[] ofKeys = {headDim, group.keys, group.queries};
    Operand gradient = dense(site, group, group.keys, Temporary.DENSE_GRADIENTS);
    multiply(slope, weights, gradient, Order.NT, ofKeys, 1f, site, group);
    unpack(site, group, 2, gradient, gradients, add);
    multiply(queries, slopes, gradient, Order.NT, ofKeys, site.scale(), site, group);
    unpack(site, group, 1, gradient, gradients, add);
    int[] ofQueries = {headDim, group.queries, group.keys};
    gradient = dense(site, group, group.queries, Temporary.DENSE_GRADIENTS);
    multiply(keys, slopes, gradient, Order.NN, ofQueries, site.scale(), site, group);
    unpack(site, group, 0, gradient, gradients, add);
  }

  /** Packs queries and keys and multiplies them. */
  private Operand scores(Site site, Group group) {
    Operand queries = packed(site, group, 0, Temporary.QUERIES);
    Operand keys = packed(site, group, 1, Temporary.KEYS);
    Operand scores = scratch(site, group, Temporary.SCORES);
    int[] shape = {group.keys, group.queries, site.layout.headDim()};
    multiply(keys, queries, scores, Order.TN, shape, site.scale(), site, group);
    return scores;
  }

  private static Grid rows(Site site, Group group) {
    // The length of a group is a multiple of these rows.
    int groups = site.lines(group) * group.queries / DenseGradientKernels.ROWS;
    return Grid.rows(groups, DenseGradientKernels.THREADS);
  }

  private Operand packed(Site site, Group group, int role, Temporary place) {
    return packed(
        site,
        group,
        site.sources.get(role),
        site.columns[role],
        role == 0 ? DenseGradientKernels.OF_QUERIES : DenseGradientKernels.OF_KEYS,
        place);
  }

  private Operand packed(
      Site site, Group group, TornadoMatrix x, int column, int which, Temporary place) {
    int length = which == DenseGradientKernels.OF_QUERIES ? group.queries : group.keys;
    int quads = site.lines(group) * length * site.layout.headDim() / DenseGradientKernels.QUAD;
    Operand dense = dense(site, group, length, place);
    recording.add(
        DenseGradientKernels.PACK,
        Grid.elements(quads),
        Operand.INTEGERS,
        group.at,
        which,
        x.operand(),
        x.columns(),
        column,
        dense,
        site.layout.heads(),
        length,
        site.layout.headDim(),
        quads);
    return dense;
  }

  private void unpack(
      Site site,
      Group group,
      int role,
      Operand dense,
      List<TornadoMatrix> gradients,
      boolean[] add) {
    int which = role == 0 ? DenseGradientKernels.OF_QUERIES : DenseGradientKernels.OF_KEYS;
    unpack(site, group, which, dense, gradients.get(role), site.columns[role], add[role]);
  }

  private void unpack(
      Site site,
      Group group,
      int which,
      Operand dense,
      TornadoMatrix out,
      int column,
      boolean add) {
    int length = which == DenseGradientKernels.OF_QUERIES ? group.queries : group.keys;
    int quads = site.lines(group) * length * site.layout.headDim() / DenseGradientKernels.QUAD;
    recording.add(
        DenseGradientKernels.UNPACK,
        Grid.elements(quads),
        Operand.INTEGERS,
        group.at,
        which,
        dense,
        out.operand(),
        out.columns(),
        column,
        site.layout.heads(),
        length,
        site.layout.headDim(),
        add ? 1 : 0,
        quads);
  }

  private static Operand dense(Site site, Group group, int length, Temporary place) {
    int count = site.lines(group) * length * site.layout.headDim();
    return place.of(group.index, count, Element.BFLOAT16);
  }

  private static Operand scratch(Site site, Group group, Temporary place) {
    int count = site.lines(group) * group.queries * group.keys;
    return place.of(group.index, count, Element.BFLOAT16);
  }

  /** Which factors of a product are transposed. */
  private enum Order {
    NN(false, false),
    TN(true, false),
    NT(false, true);

    private final boolean left;
    private final boolean right;

    Order(boolean left, boolean right) {
      this.left = left;
      this.right = right;
    }
  }

  /** Products of cuBLAS, {@code [m, k] · [k, n]} a head, column-major. */
  private void multiply(
      Operand left,
      Operand right,
      Operand out,
      Order order,
      int[] shape,
      float alpha,
      Site site,
      Group group) {
    recording.addLibrary(
        MatrixLibrary.MIXED_ROUNDED,
        MatrixLibrary.products(
                left,
                right,
                out,
                order.left,
                order.right,
                shape[0],
                shape[1],
                shape[2],
                alpha,
                site.lines(group))
            .toArray());
  }
}
