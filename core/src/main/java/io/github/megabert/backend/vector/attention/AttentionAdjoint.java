// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.gemm.Gemm;
import io.github.megabert.backend.vector.gemm.ReadAhead;
import io.github.megabert.backend.vector.gemm.StridedTiles;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.rows.AddRows;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The adjoint of attention; the probabilities are computed again (Dao et al. 2022, algorithm 4). A
 * task is one head of one sequence, so the gradients of a head's keys and values are one task's,
 * summed up in the order of queries, whatever the number of threads.
 *
 * <p>All is transposed: a lane is a query, a row a key. With P the probabilities, D the factors of
 * dropout and d the columns of a head, for each panel of queries
 *
 * <pre>
 *   Sᵀ = K·Qᵀ              rows of keys × a panel of queries
 *   dWᵀ = V·dOᵀ            rows of values × a panel of dO
 *   Pᵀ = softmax(Sᵀ/√d + mask) down the columns
 *   dSᵀ = Pᵀ ⊙ (D ⊙ dWᵀ − δ)/√d
 *   dQᵀ += Kᵀ·dSᵀ          rows of a column of keys × the panel that dSᵀ is
 * </pre>
 *
 * <p>and for each block of several panels, with P ⊙ D and dS as rows too,
 *
 * <pre>
 *   dV += (P ⊙ D)ᵀ·dO      rows of keys × panels of dO
 *   dK += dSᵀ·Q            rows of keys × panels of queries
 * </pre>
 *
 * <p>So softmax needs no sum across lanes, and no product a transposed copy of P or dS, of which
 * there are queries × keys; what is transposed are the operands.
 */
public final class AttentionAdjoint implements Team.Body {
  /** Queries of a block, at most. */
  private static final int MOST = 128;

  /**
   * Elements of P that a block holds, at least a panel: 64 KiB, of which there are four at once
   * beside the head's keys, values and gradients.
   */
  private static final int BLOCK = 1 << 14;

  private final Team team;
  private final KernelMemory memory;
  private final Forms forms;
  private final Slot[] slots;
  private AttentionLayout layout =
      new AttentionLayout(0, 0, false, new int[0], new int[0], new int[0], new int[0], null);
  private final HeadColumns queries = new HeadColumns();
  private final HeadColumns keys = new HeadColumns();
  private final HeadColumns values = new HeadColumns();
  private final HeadColumns dOut = new HeadColumns();
  private final HeadColumns dQueries = new HeadColumns();
  private final HeadColumns dKeys = new HeadColumns();
  private final HeadColumns dValues = new HeadColumns();
  private @Nullable Dropout dropout;
  private float factor;
  private float scale;
  private boolean isShared;
  private MemorySegment scratch = MemorySegment.NULL;
  private final AdjointMemory places = new AdjointMemory();

  /** Arrays of one task under way. */
  private static final class Slot {
    final KeyBlock block = new KeyBlock();
    final KeptColumns keptColumns = new KeptColumns();
    final RowGroups keyRows = new RowGroups();
    final RowGroups valueRows = new RowGroups();

    /** A row a column of the head, a number a key. */
    final RowGroups keyColumns = new RowGroups();

    /** P ⊙ D, a row a key, a number a query. */
    final RowGroups weights = new RowGroups();

    /** dS likewise. */
    final RowGroups dScores = new RowGroups();

    void shape(int keys, int headDim, int queries) {
      keyRows.shape(keys, headDim);
      valueRows.shape(keys, headDim);
      keyColumns.shape(headDim, keys);
      weights.shape(keys, queries);
      dScores.shape(keys, queries);
    }
  }

  /** What it needs beyond {@link Attention#kernels()}, with dropout. */
  public static List<Kernel> kernels() {
    return List.of(
        ScoreGradients.KERNEL,
        WeightColumns.KERNEL,
        ScoreColumns.KERNEL,
        DropoutBits.KERNEL,
        DropWeights.KERNEL);
  }

  public AttentionAdjoint(Team team, KernelMemory memory, Forms forms) {
    this.team = team;
    this.memory = memory;
    this.forms = forms;
    slots = new Slot[team.slots()];
    for (int i = 0; i < slots.length; i++) {
      slots[i] = new Slot();
    }
  }

  /** As {@link io.github.megabert.backend.Gradients#attention} says. */
  public void addGradients(
      AttentionLayout layout,
      HostMatrix queryMatrix,
      int queryColumn,
      HostMatrix keyMatrix,
      int keyColumn,
      HostMatrix valueMatrix,
      int valueColumn,
      @Nullable Dropout dropout,
      HostMatrix dOutMatrix,
      HostMatrix dQueryMatrix,
      HostMatrix dKeyMatrix,
      HostMatrix dValueMatrix) {
    this.layout = layout;
    this.dropout = dropout;
    queries.set(queryMatrix, queryColumn);
    keys.set(keyMatrix, keyColumn);
    values.set(valueMatrix, valueColumn);
    dOut.set(dOutMatrix, 0);
    dQueries.set(dQueryMatrix, queryColumn);
    dKeys.set(dKeyMatrix, keyColumn);
    dValues.set(dValueMatrix, valueColumn);
    factor = dropout == null ? 1 : dropout.mask().scale();
    scale = (float) (1 / Math.sqrt(layout.headDim()));
    int longest = 0;
    int block = 0;
    for (int b = 0; b < layout.sequences(); b++) {
      longest = Math.max(longest, layout.keyLength()[b]);
      block = Math.max(block, block(b));
    }
    places.lay(longest, layout.headDim(), block);
    scratch = memory.ofSize(team.slots() * places.bytes());
    isShared =
        overlap(layout.queryStart(), layout.queryLength())
            || overlap(layout.keyStart(), layout.keyLength());
    team.run(isShared ? layout.heads() : layout.heads() * layout.sequences(), this);
  }

  /** Whether sequences may have rows in common: whether they do not lie one behind the other. */
  private static boolean overlap(int[] start, int[] length) {
    for (int b = 1; b < start.length; b++) {
      if (start[b] < start[b - 1] + length[b - 1]) {
        return true;
      }
    }
    return false;
  }

  /** Queries of a sequence's blocks: whole panels. */
  private int block(int b) {
    int wanted = Math.min(MOST, BLOCK / Math.max(1, layout.keyLength()[b]));
    return Math.max(1, wanted / PANEL) * PANEL;
  }

  @Override
  public void run(int task, int next, int slot) {
    if (!isShared) {
      addGradients(task / layout.heads(), task % layout.heads(), slot);
      return;
    }
    for (int b = 0; b < layout.sequences(); b++) {
      addGradients(b, task, slot);
    }
  }

  private void addGradients(int b, int head, int slot) {
    int queryLength = layout.queryLength()[b];
    int keyLength = layout.keyLength()[b];
    if (queryLength == 0 || keyLength == 0) {
      return;
    }
    int block = block(b);
    slots[slot].shape(keyLength, layout.headDim(), block);
    long base = slot * places.bytes();
    packKeys(b, head, slot);
    packMask(b, base);
    if (dropout == null) {
      KeptColumns.keepAll(keyLength, scratch, base + places.kept());
    }
    long sums = (long) keyLength * panels() * PANEL_BYTES;
    scratch.asSlice(base + places.dKeys(), sums).fill((byte) 0);
    scratch.asSlice(base + places.dValues(), sums).fill((byte) 0);
    for (int first = 0; first < queryLength; first += block) {
      addBlock(b, head, first, Math.min(block, queryLength - first), slot);
    }
    addSums(b, head, base + places.dKeys(), dKeys);
    addSums(b, head, base + places.dValues(), dValues);
  }

  /** Panels that hold the columns of a head. */
  private int panels() {
    return Math.ceilDiv(layout.headDim(), PANEL);
  }

  private void packKeys(int b, int head, int slot) {
    int headDim = layout.headDim();
    int start = layout.keyStart()[b];
    int count = layout.keyLength()[b];
    Slot mine = slots[slot];
    for (int j = 0; j < count; j++) {
      mine.keyRows.copy(j, headDim, keys.segment(), keys.at(start + j, head * headDim));
      mine.valueRows.copy(j, headDim, values.segment(), values.at(start + j, head * headDim));
    }
    long panel = slot * places.bytes() + places.queries();
    for (int j = 0; j < count; j += PANEL) {
      int part = Math.min(PANEL, count - j);
      long from = keys.at(start + j, head * headDim);
      mine.block.pack(forms, keys.segment(), from, keys.stride(), part, headDim, scratch, panel);
      for (int c = 0; c < headDim; c++) {
        long row = panel + (long) c * PANEL_BYTES;
        MemorySegment.copy(
            scratch, FLOAT, row, mine.keyColumns.floats(), mine.keyColumns.at(c, j), part);
      }
    }
  }

  /** What the mask adds to the scores of each key. */
  private void packMask(int b, long base) {
    byte[] mask = layout.keyMask();
    int start = layout.keyStart()[b];
    for (int j = 0; j < layout.keyLength()[b]; j++) {
      float term = mask != null && mask[start + j] == 0 ? -Float.MAX_VALUE : 0;
      scratch.set(FLOAT, base + places.mask() + (long) j * Float.BYTES, term);
    }
  }

  /** Some panels of queries. */
  private void addBlock(int b, int head, int first, int count, int slot) {
    long base = slot * places.bytes();
    int ahead = layout.keyLength()[b] - layout.queryLength()[b];
    int visible = layout.causal() ? ahead + first + count : layout.keyLength()[b];
    for (int from = 0; from < count; from += PANEL) {
      int part = Math.min(PANEL, count - from);
      int seen = layout.causal() ? ahead + first + from + 1 : visible;
      addPanel(b, head, first + from, part, from, visible, seen, slot);
    }
    long panels = base + places.queryPanels();
    packPanels(queries, b, head, first, count, panels);
    accumulate(slots[slot].dScores, visible, count, panels, b, places.dKeys(), base);
    packPanels(dOut, b, head, first, count, panels);
    accumulate(slots[slot].weights, visible, count, panels, b, places.dValues(), base);
  }

  /**
   * A panel of queries, which is the {@code column}-th of its block.
   *
   * @param visible keys that any query of the block sees
   * @param seen keys that the panel's first query sees
   */
  private void addPanel(
      int b, int head, int first, int count, int column, int visible, int seen, int slot) {
    int headDim = layout.headDim();
    Slot mine = slots[slot];
    long base = slot * places.bytes();
    long scores = base + places.scores();
    long dScores = base + places.dScores();
    long panel = base + places.queries();
    int row = layout.queryStart()[b] + first;
    packTransposed(queries, row, head, count, panel, mine);
    multiply(mine.keyRows, visible, headDim, panel, scores, base);
    packTransposed(dOut, row, head, count, panel, mine);
    multiply(mine.valueRows, visible, headDim, panel, dScores, base);
    long kept = base + places.kept();
    if (dropout != null) {
      int keyLength = layout.keyLength()[b];
      long start = layout.probabilityOffset(b) + dropout.shift(layout, b);
      start += ((long) head * layout.queryLength()[b] + first) * keyLength;
      long bits = base + places.bits();
      mine.keptColumns.write(forms, dropout, start, count, keyLength, visible, scratch, bits, kept);
    }
    long statistics = base + places.statistics();
    ScoreColumns.mask(
        forms, scratch, scores, visible, seen, scale, base + places.mask(), statistics);
    WeightColumns.exponentiate(forms, scratch, scores, dScores, visible, kept, factor, statistics);
    for (int j = 0; j < visible; j += RowGroups.HEIGHT) {
      long step = (long) j * PANEL_BYTES;
      ScoreGradients.apply(
          forms,
          scratch,
          scores + step,
          dScores + step,
          Math.min(RowGroups.HEIGHT, visible - j),
          kept + (long) j * Integer.BYTES,
          factor,
          scale,
          statistics,
          mine.weights.floats(),
          mine.weights.at(j, 0) + column,
          mine.dScores.floats(),
          mine.dScores.at(j, 0) + column);
    }
    multiply(mine.keyColumns, headDim, visible, dScores, panel, base);
    long rows = base + places.queryRows();
    mine.block.unpack(scratch, panel, count, headDim, scratch, rows);
    AddRows.add(
        forms,
        count,
        headDim,
        scratch,
        rows,
        (long) headDim * Float.BYTES,
        dQueries.segment(),
        dQueries.at(row, head * headDim),
        dQueries.stride());
  }

  private void packTransposed(
      HeadColumns matrix, int row, int head, int count, long panel, Slot mine) {
    int headDim = layout.headDim();
    long from = matrix.at(row, head * headDim);
    mine.block.pack(forms, matrix.segment(), from, matrix.stride(), count, headDim, scratch, panel);
  }

  /** Rows of queries in panels: {@code [panel, count, PANEL]}; what is no column has no meaning. */
  private void packPanels(HeadColumns matrix, int b, int head, int first, int count, long target) {
    int headDim = layout.headDim();
    int start = layout.queryStart()[b] + first;
    for (int column = 0; column < headDim; column += PANEL) {
      long bytes = (long) Math.min(PANEL, headDim - column) * Float.BYTES;
      long row = target + (long) column * count * Float.BYTES;
      for (int i = 0; i < count; i++) {
        long from = matrix.at(start + i, head * headDim + column);
        MemorySegment.copy(matrix.segment(), from, scratch, row, bytes);
        row += PANEL_BYTES;
      }
    }
  }

  /** {@code c = rows·panel}. */
  private void multiply(RowGroups rows, int count, int depth, long panel, long c, long base) {
    for (int row = 0; row < count; row += RowGroups.HEIGHT) {
      int height = Math.min(RowGroups.HEIGHT, count - row);
      multiplyGroup(rows, row, height, depth, panel, c + (long) row * PANEL_BYTES, base);
    }
  }

  /** The same of a group of rows, by blocks of inputs. */
  private void multiplyGroup(
      RowGroups rows, int row, int height, int depth, long panel, long c, long base) {
    for (int from = 0; from < depth; from += Gemm.DEPTH) {
      long target = from == 0 ? c : base + places.part();
      StridedTiles.multiply(
          forms,
          rows.segment(),
          rows.at(row, from),
          height,
          Math.min(Gemm.DEPTH, depth - from),
          Precision.F32,
          scratch,
          panel + (long) from * PANEL_BYTES,
          scratch,
          panel,
          0,
          ReadAhead.Way.NONE,
          scratch,
          target);
      if (from > 0) {
        AddRows.add(forms, 1, height * PANEL, scratch, target, 0, scratch, c, 0);
      }
    }
  }

  /** {@code sums += rows·panels}, of keys by columns of the head. */
  private void accumulate(
      RowGroups rows, int visible, int count, long panels, int b, long sums, long base) {
    long part = base + places.part();
    for (int j = 0; j < visible; j += RowGroups.HEIGHT) {
      int height = Math.min(RowGroups.HEIGHT, visible - j);
      for (int p = 0; p < panels(); p++) {
        long panel = panels + (long) p * count * PANEL_BYTES;
        multiplyGroup(rows, j, height, count, panel, part, base);
        long target = base + sums + ((long) p * layout.keyLength()[b] + j) * PANEL_BYTES;
        AddRows.add(forms, 1, height * PANEL, scratch, part, 0, scratch, target, 0);
      }
    }
  }

  /** Adds a head's gradients, in panels, to those of all. */
  private void addSums(int b, int head, long sums, HeadColumns target) {
    int headDim = layout.headDim();
    int keyLength = layout.keyLength()[b];
    for (int column = 0; column < headDim; column += PANEL) {
      AddRows.add(
          forms,
          keyLength,
          Math.min(PANEL, headDim - column),
          scratch,
          sums + (long) column * keyLength * Float.BYTES,
          PANEL_BYTES,
          target.segment(),
          target.at(layout.keyStart()[b], head * headDim + column),
          target.stride());
    }
  }
}
