package io.github.megabert.tornado;

import io.github.megabert.backend.AttentionLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which calls make attention: cuDNN's between packing and unpacking, the tiled kernel, or the one
 * that stores probabilities. Layers of one layout share its integers and its scratch.
 */
final class AttentionCalls {
  /** Makes a scratch operand. */
  @FunctionalInterface
  interface ScratchSource {
    Operand make(int elements, Element element);
  }

  /** Where the tiles or queries of a layout begin, and its mask; negative without one. */
  private record Sections(int at, int maskAt) {}

  /** Groups of sequences with the dense queries, keys, values and output of each. */
  private record Fused(List<DenseGroup> groups, List<List<Operand>> dense) {}

  /** Where fused attention reads and writes; the layers of a model mostly share it. */
  private record Site(
      AttentionLayout layout,
      List<TornadoMatrix> sources,
      List<Integer> columns,
      TornadoMatrix out) {}

  private final TornadoBackend backend;
  private final IntegerBlock integers;
  private final ScratchSource scratch;
  private final Map<AttentionLayout, Sections> tiles = new HashMap<>();
  private final Map<AttentionLayout, Sections> queries = new HashMap<>();
  private final Map<AttentionLayout, Fused> fused = new HashMap<>();
  private final Map<AttentionLayout, Boolean> served = new HashMap<>();
  private @Nullable Site lastSite;
  private List<Call> lastCalls = List.of();

  AttentionCalls(TornadoBackend backend, IntegerBlock integers, ScratchSource scratch) {
    this.backend = backend;
    this.integers = integers;
    this.scratch = scratch;
  }

  /** Forgets the layouts, when their integers have been forgotten. */
  void clear() {
    tiles.clear();
    queries.clear();
    fused.clear();
    served.clear();
    lastSite = null;
  }

  /**
   * The calls.
   *
   * @param sources queries, keys and values
   * @param columns their first columns
   */
  List<Call> calls(
      AttentionLayout layout,
      List<TornadoMatrix> sources,
      int[] columns,
      TornadoMatrix out,
      @Nullable TornadoMatrix probabilities) {
    if (probabilities == null
        && backend.fusesAttention()
        && served.computeIfAbsent(layout, DenseGroup::serves)) {
      return fusedCalls(layout, sources, columns, out);
    }
    boolean tiled = probabilities == null && layout.headDim() <= AttentionTiles.DIM;
    int count = tiled ? AttentionTiles.count(layout) : AttentionTiles.queries(layout);
    int bucket = Buckets.rows(count);
    int keyRows = sources.get(1).capacity();
    Sections sections =
        (tiled ? tiles : queries).computeIfAbsent(layout, l -> sections(l, tiled, bucket, keyRows));
    List<Object> arguments = new ArrayList<>();
    arguments.add(TornadoComputation.INTEGERS);
    arguments.add(sections.at());
    arguments.add(sections.maskAt());
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
      return List.of(new Call(backend.kernels().attention(), List.copyOf(arguments), grid));
    }
    int stored = Buckets.rows(Math.toIntExact(layout.probabilityCount()));
    arguments.add(
        probabilities != null ? probabilities.operand() : scratch.make(stored, backend.element()));
    Grid grid = new Grid(bucket, layout.heads(), AttentionTiles.QUERY_THREADS);
    return List.of(
        new Call(backend.kernels().attentionWithProbabilities(), List.copyOf(arguments), grid));
  }

  private Sections sections(AttentionLayout layout, boolean tiled, int bucket, int keyRows) {
    byte[] mask = layout.keyMask();
    return new Sections(
        tiled
            ? AttentionTiles.add(layout, bucket, integers)
            : AttentionTiles.addQueries(layout, bucket, integers),
        mask == null ? -1 : AttentionTiles.addMask(mask, Math.max(keyRows, mask.length), integers));
  }

  private List<Call> fusedCalls(
      AttentionLayout layout, List<TornadoMatrix> sources, int[] columns, TornadoMatrix out) {
    Site site = new Site(layout, sources, List.of(columns[0], columns[1], columns[2]), out);
    if (site.equals(lastSite)) {
      return lastCalls;
    }
    Fused plan =
        fused.computeIfAbsent(layout, l -> plan(l, out.capacity(), sources.get(1).capacity()));
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < plan.groups().size(); i++) {
      calls.addAll(
          FusedAttention.calls(
              plan.groups().get(i), backend.element(), sources, columns, plan.dense().get(i), out));
    }
    lastSite = site;
    lastCalls = List.copyOf(calls);
    return lastCalls;
  }

  private Fused plan(AttentionLayout layout, int outRows, int keyRows) {
    DensePlan plan = backend.spares().latestPlan();
    if (plan != null && plan.serves(layout, integers.size(), outRows, keyRows)) {
      integers.append(plan.integers());
    } else {
      plan = DensePlan.of(layout, outRows, keyRows, integers);
      backend.spares().keep(plan);
    }
    List<DenseGroup> groups = plan.groups();
    List<List<Operand>> dense = new ArrayList<>();
    for (DenseGroup group : groups) {
      int queries = group.queryElements();
      int keys = group.keyElements();
      dense.add(
          List.of(
              scratch.make(queries, Element.HALF),
              scratch.make(keys, Element.HALF),
              scratch.make(keys, Element.HALF),
              scratch.make(queries, Element.HALF)));
    }
    return new Fused(groups, List.copyOf(dense));
  }
}
