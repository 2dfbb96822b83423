// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.tornado.kernels.AttentionTiles;
import io.github.megabert.tornado.kernels.HalfPairAttention;
import io.github.megabert.tornado.kernels.PairTasks;
import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.IntegerBlock;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Recording;
import io.github.megabert.tornado.recording.Temporary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which calls make attention: cuDNN's between packing and unpacking, the tiled kernel, or the one
 * that stores probabilities. Layers of one layout share its integers and its scratch.
 */
final class AttentionCalls {
  /** Where the tiles or queries of a layout begin, and its mask; negative without one. */
  private record Sections(int first, int maskAt) {}

  /** A layout and the queries of its tiles, {@link #SINGLE} for queries that are no tiles. */
  private record Cut(AttentionLayout layout, int tileQueries) {}

  /** All that the calls of fused attention depend on. */
  private record FusedSite(
      DensePlan plan,
      Operand queries,
      Operand keys,
      Operand values,
      int queryColumn,
      int keyColumn,
      int valueColumn,
      int queryStride,
      Operand out,
      int outRows) {}

  private static final int SINGLE = 0;

  private final TornadoBackend backend;
  private final Recording recording;
  private final Map<Cut, Sections> sections = new HashMap<>();
  private final Map<AttentionLayout, DensePlan> fused = new HashMap<>();
  private final Map<AttentionLayout, Boolean> served = new HashMap<>();
  private @Nullable AttentionLayout lastLayout;
  private @Nullable DensePlan lastPlan;

  AttentionCalls(TornadoBackend backend, Recording recording) {
    this.backend = backend;
    this.recording = recording;
  }

  /** Forgets the layouts, when their integers have been forgotten. */
  void clear() {
    sections.clear();
    fused.clear();
    served.clear();
    lastLayout = null;
    lastPlan = null;
  }

  /**
   * Records attention.
   *
   * @param sources queries, keys and values
   * @param columns their first columns
   */
  void record(
      AttentionLayout layout,
      List<TornadoMatrix> sources,
      int[] columns,
      TornadoMatrix out,
      @Nullable TornadoMatrix probabilities) {
    if (probabilities == null && backend.fusesAttention()) {
      // Mostly the layers of a model have one layout.
      DensePlan plan = layout.equals(lastLayout) ? lastPlan : plan(layout, sources, out);
      lastLayout = layout;
      lastPlan = plan;
      if (plan != null) {
        recordFused(plan, sources, columns, out);
        return;
      }
    }
    boolean tiled = probabilities == null && layout.headDim() <= AttentionTiles.DIM;
    boolean pairs = tiled && backend.hasPairs() && arePairs(layout, sources, columns);
    int tileQueries = !tiled ? SINGLE : pairs ? HalfPairAttention.QUERIES : AttentionTiles.QUERIES;
    int count = tiled ? AttentionTiles.count(layout, tileQueries) : AttentionTiles.queries(layout);
    int bucket = Buckets.rows(count);
    int keyRows = sources.get(1).capacity();
    Sections at =
        sections.computeIfAbsent(
            new Cut(layout, tileQueries), cut -> sections(cut, bucket, keyRows));
    List<Object> arguments = new ArrayList<>();
    arguments.add(Operand.INTEGERS);
    arguments.add(at.first());
    arguments.add(at.maskAt());
    for (int role = 0; role < sources.size(); role++) {
      arguments.add(sources.get(role).operand());
      arguments.add(sources.get(role).columns());
      arguments.add(columns[role]);
    }
    arguments.add(out.operand());
    arguments.add(out.columns());
    arguments.add(layout.headDim());
    arguments.add((float) (1 / Math.sqrt(layout.headDim())));
    if (tiled) {
      Grid grid = new Grid(bucket, layout.heads(), AttentionTiles.THREADS);
      recording.add(
          pairs ? PairTasks.ATTENTION : backend.kernels().attention(), grid, arguments.toArray());
      return;
    }
    int stored = Buckets.rows(Math.toIntExact(layout.probabilityCount()));
    arguments.add(
        probabilities != null
            ? probabilities.operand()
            : Temporary.PROBABILITIES.of(stored, backend.element()));
    Grid grid = new Grid(bucket, layout.heads(), AttentionTiles.QUERY_THREADS);
    recording.add(backend.kernels().attentionWithProbabilities(), grid, arguments.toArray());
  }

  /** Whether all that attention reads and writes are pairs. */
  private static boolean arePairs(
      AttentionLayout layout, List<TornadoMatrix> sources, int[] columns) {
    return layout.headDim() <= AttentionTiles.DIM
        && layout.headDim() % 2 == 0
        && Arrays.stream(columns).allMatch(column -> column % 2 == 0)
        && sources.stream().allMatch(source -> source.columns() % 2 == 0);
  }

  private Sections sections(Cut cut, int bucket, int keyRows) {
    AttentionLayout layout = cut.layout();
    byte[] mask = layout.keyMask();
    IntegerBlock integers = recording.integers();
    return new Sections(
        cut.tileQueries() == SINGLE
            ? AttentionTiles.addQueries(layout, bucket, integers)
            : AttentionTiles.add(layout, cut.tileQueries(), bucket, integers),
        mask == null ? -1 : AttentionTiles.addMask(mask, Math.max(keyRows, mask.length), integers));
  }

  private void recordFused(
      DensePlan plan, List<TornadoMatrix> sources, int[] columns, TornadoMatrix out) {
    FusedSite site =
        new FusedSite(
            plan,
            sources.get(0).operand(),
            sources.get(1).operand(),
            sources.get(2).operand(),
            columns[0],
            columns[1],
            columns[2],
            sources.get(0).columns(),
            out.operand(),
            out.rows());
    recording.add(
        site,
        () -> {
          List<Call> calls = new ArrayList<>();
          for (int i = 0; i < plan.groups().size(); i++) {
            DenseGroup group = plan.groups().get(i);
            calls.addAll(FusedAttention.calls(group, i, backend.element(), sources, columns, out));
          }
          return List.copyOf(calls);
        });
  }

  /** How cuDNN computes a layout; null where it does not. */
  private @Nullable DensePlan plan(
      AttentionLayout layout, List<TornadoMatrix> sources, TornadoMatrix out) {
    if (!served.computeIfAbsent(layout, DenseGroup::serves)) {
      return null;
    }
    return fused.computeIfAbsent(layout, l -> planOf(l, out.capacity(), sources.get(1).capacity()));
  }

  private DensePlan planOf(AttentionLayout layout, int outRows, int keyRows) {
    IntegerBlock integers = recording.integers();
    DensePlan plan = backend.latestPlan();
    if (plan != null && plan.serves(layout, integers.size(), outRows, keyRows)) {
      integers.append(plan.integers());
    } else {
      plan = DensePlan.of(layout, outRows, keyRows, integers);
      backend.keep(plan);
    }
    return plan;
  }
}
