// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Dropout;
import io.github.megabert.tornado.kernels.AttentionGradientTiles;
import io.github.megabert.tornado.kernels.DenseGradientKernels;
import io.github.megabert.tornado.kernels.MatrixLibrary;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.IntegerBlock;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Recording;
import io.github.megabert.tornado.recording.Temporary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Records attention of training in bfloat16: batches of products by cuBLAS with the softmax between
 * them. Scores lie in scratch memory that all layers share; the backward pass computes them again.
 */
final class DenseAttentionGradients {
  /** Scores of a group at most: 4 GiB with all that is stored of each. */
  private static final long MOST_SCORES = 1L << 29;

  /** Sequences shorter than this are served as well by the kernels without stored scores. */
  private static final int SHORTEST = 8;

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
    return even
        ? List.of(IntStream.range(0, layout.sequences()).toArray())
        : DenseGroup.split(layout);
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
    Operand scores = scores(site, group);
    Operand weights = scratch(site, group, Temporary.WEIGHTS, Element.BFLOAT16);
    recording.add(
        DenseGradientKernels.WEIGHTS,
        Grid.rows(site.lines(group) * group.queries, DenseGradientKernels.THREADS),
        Operand.INTEGERS,
        group.at,
        site.maskAt,
        scores,
        site.words,
        weights,
        site.layout.heads(),
        group.queries,
        group.keys);
    Operand context = dense(site, group, group.queries, Temporary.CONTEXT, Element.FLOAT);
    multiply(
        values,
        weights,
        context,
        false,
        false,
        headDim,
        group.queries,
        group.keys,
        1f,
        site,
        group);
    unpack(site, group, DenseGradientKernels.OF_QUERIES, context, out, 0, false);
  }

  /** Adds the gradients of queries, keys and values. */
  void recordGradients(Site site, Group group, TornadoMatrix dOut, List<TornadoMatrix> gradients) {
    int headDim = site.layout.headDim();
    Operand values = packed(site, group, 2, Temporary.VALUES);
    Operand slope =
        packed(site, group, dOut, 0, DenseGradientKernels.OF_QUERIES, Temporary.CONTEXT_GRADIENTS);
    Operand queries = dense(site, group, group.queries, Temporary.QUERIES, Element.BFLOAT16);
    Operand keys = dense(site, group, group.keys, Temporary.KEYS, Element.BFLOAT16);
    Operand scores = scores(site, group);
    Operand weightGradients = scratch(site, group, Temporary.WEIGHT_GRADIENTS, Element.FLOAT);
    multiply(
        values,
        slope,
        weightGradients,
        true,
        false,
        group.keys,
        group.queries,
        headDim,
        1f,
        site,
        group);
    Operand weights = scratch(site, group, Temporary.WEIGHTS, Element.BFLOAT16);
    Operand slopes = scratch(site, group, Temporary.SCORE_GRADIENTS, Element.BFLOAT16);
    recording.add(
        DenseGradientKernels.SLOPES,
        Grid.rows(site.lines(group) * group.queries, DenseGradientKernels.THREADS),
        Operand.INTEGERS,
        group.at,
        site.maskAt,
        scores,
        weightGradients,
        site.words,
        weights,
        slopes,
        site.layout.heads(),
        group.queries,
        group.keys);
    Operand ofKeys = dense(site, group, group.keys, Temporary.DENSE_GRADIENTS, Element.FLOAT);
    multiply(
        slope, weights, ofKeys, false, true, headDim, group.keys, group.queries, 1f, site, group);
    unpack(
        site, group, DenseGradientKernels.OF_KEYS, ofKeys, gradients.get(2), site.columns[2], true);
    float scale = site.scale();
    multiply(
        queries,
        slopes,
        ofKeys,
        false,
        true,
        headDim,
        group.keys,
        group.queries,
        scale,
        site,
        group);
    unpack(
        site, group, DenseGradientKernels.OF_KEYS, ofKeys, gradients.get(1), site.columns[1], true);
    Operand ofQueries = dense(site, group, group.queries, Temporary.DENSE_GRADIENTS, Element.FLOAT);
    multiply(
        keys,
        slopes,
        ofQueries,
        false,
        false,
        headDim,
        group.queries,
        group.keys,
        scale,
        site,
        group);
    unpack(
        site,
        group,
        DenseGradientKernels.OF_QUERIES,
        ofQueries,
        gradients.get(0),
        site.columns[0],
        true);
  }

  /** Packs queries and keys and multiplies them. */
  private Operand scores(Site site, Group group) {
    Operand queries = packed(site, group, 0, Temporary.QUERIES);
    Operand keys = packed(site, group, 1, Temporary.KEYS);
    Operand scores = scratch(site, group, Temporary.SCORES, Element.FLOAT);
    multiply(
        keys,
        queries,
        scores,
        true,
        false,
        group.keys,
        group.queries,
        site.layout.headDim(),
        site.scale(),
        site,
        group);
    return scores;
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
    int count = site.lines(group) * length * site.layout.headDim();
    Operand dense = dense(site, group, length, place, Element.BFLOAT16);
    recording.add(
        DenseGradientKernels.PACK,
        Grid.elements(count),
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
        count);
    return dense;
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
    int count = site.lines(group) * length * site.layout.headDim();
    recording.add(
        DenseGradientKernels.UNPACK,
        Grid.elements(count),
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
        count);
  }

  private static Operand dense(
      Site site, Group group, int length, Temporary place, Element element) {
    return place.of(group.index, site.lines(group) * length * site.layout.headDim(), element);
  }

  private static Operand scratch(Site site, Group group, Temporary place, Element element) {
    return place.of(group.index, site.lines(group) * group.queries * group.keys, element);
  }

  private void multiply(
      Operand left,
      Operand right,
      Operand out,
      boolean transposedLeft,
      boolean transposedRight,
      int m,
      int n,
      int k,
      float alpha,
      Site site,
      Group group) {
    recording.addLibrary(
        MatrixLibrary.MIXED,
        MatrixLibrary.products(
                left,
                right,
                out,
                transposedLeft,
                transposedRight,
                m,
                n,
                k,
                alpha,
                site.lines(group))
            .toArray());
  }
}
