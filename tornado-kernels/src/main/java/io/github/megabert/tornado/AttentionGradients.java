// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Dropout;
import io.github.megabert.tornado.kernels.AttentionGradientTiles;
import io.github.megabert.tornado.kernels.AttentionTiles;
import io.github.megabert.tornado.kernels.FloatKernelSet;
import io.github.megabert.tornado.kernels.TrainingTasks;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Recording;
import io.github.megabert.tornado.recording.Temporary;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Records attention of training. Layers of one layout share its integers. */
final class AttentionGradients {
  /** Sequences that share no rows; where their tiles begin, and how many there is room for. */
  private record Wave(int queriesAt, int queryTiles, int keysAt, int keyTiles) {}

  /** A layout, and where in a step's probabilities its own begin. */
  private record Place(AttentionLayout layout, long position, int firstHead, int heads) {
    static Place of(AttentionLayout layout, @Nullable Dropout dropout) {
      return dropout == null
          ? new Place(layout, 0, 0, 0)
          : new Place(layout, dropout.position(), dropout.firstHead(), dropout.heads());
    }
  }

  private final Recording recording;
  private final TrainingScalars scalars;

  /** Attention by products; null where no library multiplies. */
  private final @Nullable DenseAttentionGradients dense;

  private final Map<Place, List<Wave>> waves = new HashMap<>();
  private final Map<Place, List<DenseAttentionGradients.Group>> groups = new HashMap<>();
  private final Map<AttentionLayout, Boolean> served = new HashMap<>();
  private final Map<AttentionLayout, Integer> masks = new HashMap<>();

  AttentionGradients(
      Recording recording, TrainingScalars scalars, @Nullable DenseAttentionGradients dense) {
    this.recording = recording;
    this.scalars = scalars;
    this.dense = dense;
  }

  /** Forgets the layouts, when their integers have been forgotten. */
  void forget() {
    waves.clear();
    groups.clear();
    served.clear();
    masks.clear();
  }

  /** Attention with dropout. */
  void record(
      AttentionLayout layout,
      List<TornadoMatrix> sources,
      int[] columns,
      Dropout dropout,
      TornadoMatrix out) {
    requireWidth(layout, out);
    Operand words = scalars.dropout(dropout);
    if (dense != null && isDense(layout)) {
      var site = site(layout, sources, columns, words);
      dense.discardContext(layout, out);
      for (DenseAttentionGradients.Group group : groups(layout, dropout)) {
        dense.record(site, group, out);
      }
      return;
    }
    for (Wave wave : waves(layout, dropout)) {
      List<Object> arguments = sources(wave.queriesAt, layout, sources, columns);
      arguments.add(out.operand());
      arguments.add(words);
      arguments.add(layout.heads());
      arguments.add(layout.headDim());
      recording.add(TrainingTasks.ATTENTION, grid(wave.queryTiles, layout), arguments.toArray());
    }
  }

  /**
   * The adjoint of attention, which adds to all three gradients.
   *
   * @param add whether to each, or the matrix holds zeros
   */
  void recordGradients(
      AttentionLayout layout,
      List<TornadoMatrix> sources,
      int[] columns,
      @Nullable Dropout dropout,
      TornadoMatrix out,
      TornadoMatrix dOut,
      List<TornadoMatrix> gradients,
      boolean[] add) {
    requireWidth(layout, out);
    Operand words = scalars.dropout(dropout);
    if (dense != null && isDense(layout)) {
      var site = site(layout, sources, columns, words);
      if (!add[0] && !add[1] && !add[2]) {
        dense.discardGradients(layout, gradients);
      }
      for (DenseAttentionGradients.Group group : groups(layout, dropout)) {
        dense.recordGradients(site, group, dOut, gradients, add);
      }
      return;
    }
    Operand statistics =
        Temporary.STATISTICS.of(
            out.capacity() * layout.heads() * AttentionGradientTiles.STATISTICS, Element.FLOAT);
    TornadoMatrix dValues = gradients.get(2);
    int width = layout.heads() * layout.headDim();
    int count = dValues.capacity() * width;
    Operand ofValues = Temporary.VALUE_GRADIENTS.of(count, Element.FLOAT);
    for (Wave wave : waves(layout, dropout)) {
      List<Object> ofQueries = sources(wave.queriesAt, layout, sources, columns);
      ofQueries.add(out.operand());
      ofQueries.add(dOut.operand());
      ofQueries.add(gradients.get(0).operand());
      ofQueries.add(statistics);
      ofQueries.add(words);
      ofQueries.add(layout.heads());
      ofQueries.add(layout.headDim());
      recording.add(
          TrainingTasks.ATTENTION_QUERIES, grid(wave.queryTiles, layout), ofQueries.toArray());
      List<Object> ofKeys = sources(wave.keysAt, layout, sources, columns);
      ofKeys.add(dOut.operand());
      ofKeys.add(gradients.get(1).operand());
      ofKeys.add(ofValues);
      ofKeys.add(statistics);
      ofKeys.add(words);
      ofKeys.add(layout.heads());
      ofKeys.add(layout.headDim());
      recording.add(FloatKernelSet.SET.clear(), Grid.elements(count), ofValues, count);
      recording.add(TrainingTasks.ATTENTION_KEYS, grid(wave.keyTiles, layout), ofKeys.toArray());
      recording.add(
          TrainingTasks.ADD_COLUMNS,
          Grid.elements(count),
          ofValues,
          dValues.operand(),
          width,
          dValues.columns(),
          columns[2],
          count);
    }
  }

  private boolean isDense(AttentionLayout layout) {
    return served.computeIfAbsent(layout, DenseAttentionGradients::serves);
  }

  private DenseAttentionGradients.Site site(
      AttentionLayout layout, List<TornadoMatrix> sources, int[] columns, Operand words) {
    int mask = maskAt(layout, sources.get(1).capacity());
    return new DenseAttentionGradients.Site(layout, mask, sources, columns, words);
  }

  private List<DenseAttentionGradients.Group> groups(
      AttentionLayout layout, @Nullable Dropout dropout) {
    Place place = Place.of(layout, dropout);
    List<DenseAttentionGradients.Group> known = groups.get(place);
    if (known == null) {
      known = requireNonNull(dense).add(layout, dropout);
      groups.put(place, known);
    }
    return known;
  }

  private static void requireWidth(AttentionLayout layout, TornadoMatrix out) {
    TornadoMatrix.requireShape(out, "out", out.rows(), layout.heads() * layout.headDim());
  }

  private static Grid grid(int tiles, AttentionLayout layout) {
    int chunks = Math.ceilDiv(layout.headDim(), AttentionGradientTiles.WIDTH);
    return new Grid(tiles, layout.heads() * chunks, AttentionGradientTiles.THREADS);
  }

  /** What all three kernels begin with. */
  private List<Object> sources(
      int tilesAt, AttentionLayout layout, List<TornadoMatrix> sources, int[] columns) {
    List<Object> arguments = new ArrayList<>();
    arguments.add(Operand.INTEGERS);
    arguments.add(tilesAt);
    arguments.add(maskAt(layout, sources.get(1).capacity()));
    for (int role = 0; role < sources.size(); role++) {
      arguments.add(sources.get(role).operand());
      arguments.add(sources.get(role).columns());
      arguments.add(columns[role]);
    }
    return arguments;
  }

  private int maskAt(AttentionLayout layout, int keyRows) {
    byte[] mask = layout.keyMask();
    return mask == null
        ? -1
        : masks.computeIfAbsent(
            layout,
            absent ->
                AttentionTiles.addMask(mask, Math.max(keyRows, mask.length), recording.integers()));
  }

  private List<Wave> waves(AttentionLayout layout, @Nullable Dropout dropout) {
    return waves.computeIfAbsent(
        Place.of(layout, dropout),
        absent ->
            AttentionGradientTiles.waves(layout).stream()
                .map(sequences -> wave(layout, sequences, dropout))
                .toList());
  }

  private Wave wave(AttentionLayout layout, List<Integer> sequences, @Nullable Dropout dropout) {
    int queries = Buckets.rows(AttentionGradientTiles.count(layout, sequences, false));
    int keys = Buckets.rows(AttentionGradientTiles.count(layout, sequences, true));
    return new Wave(
        AttentionGradientTiles.add(
            layout, sequences, false, dropout, queries, recording.integers()),
        queries,
        AttentionGradientTiles.add(layout, sequences, true, dropout, keys, recording.integers()),
        keys);
  }
}
