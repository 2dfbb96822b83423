// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.padToPanel;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.machine.RowKernels;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.gemm.Gemm;
import io.github.megabert.backend.vector.gemm.ReadAhead;
import io.github.megabert.backend.vector.gemm.StridedRows;
import io.github.megabert.backend.vector.gemm.StridedTiles;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.rows.AddRows;
import io.github.megabert.backend.vector.rows.Exponentials;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.rows.PanelExponentials;
import io.github.megabert.backend.vector.rows.RowMax;
import io.github.megabert.backend.vector.rows.ScaleAndAdd;
import io.github.megabert.backend.vector.rows.ScaleRow;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention (Vaswani et al. 2017, eq. 1) of a ragged batch. A task is some heads
 * of one sequence, or a part of its queries where there are few heads; it packs a head's keys and
 * values into panels and takes the queries in blocks of {@value #BLOCK} rows, so its memory grows
 * with the keys and never with queries × keys. Both products are those of {@link StridedTiles}: of
 * queries and keys, and of the weights that softmax makes and values. {@link QueryDots A few
 * queries}, as in decoding, read keys and values where they are. {@link MachineHeads} do all of it
 * for short sequences.
 */
public final class Attention implements Team.Body {
  /** Query rows whose scores are held at once: four full tiles. */
  static final int BLOCK = 48;

  /** Bytes of a panel's scores or results for a block. */
  static final long BLOCK_BYTES = (long) BLOCK * PANEL_BYTES;

  /** Bytes from a row to the next of queries and weights. */
  private static final long ROW_BYTES = (long) StridedRows.DISTANCE * Float.BYTES;

  /** Queries of a sequence for which packing does not pay. */
  private static final int FEW = 8;

  /** Tasks a thread, where the heads allow it. */
  private static final int TASKS = 4;

  private final Team team;
  private final KernelMemory memory;
  private final Forms forms;
  private AttentionLayout layout =
      new AttentionLayout(0, 0, false, new int[0], new int[0], new int[0], new int[0], null);
  private final HeadColumns queries = new HeadColumns();
  private final HeadColumns keys = new HeadColumns();
  private final HeadColumns values = new HeadColumns();
  private final KeyBlock[] blocks;

  /** A block of queries of each slot. */
  private final StridedRows[] queryRows;

  /** The weights of such a block. */
  private final StridedRows[] weightRows;

  private final MachineHeads machineHeads;

  private MemorySegment out = MemorySegment.NULL;
  private @Nullable MemorySegment probabilities;
  private @Nullable Dropout dropout;
  private MemorySegment scratch = MemorySegment.NULL;
  private float scale;

  /** Heads of a task, the last of a sequence may have fewer. */
  private int headGroup;

  private int chunk;

  /** The number of tasks of a sequence and all before it. */
  private int[] taskEnds = new int[0];

  private int headDimPadded;
  private AttentionMemory slots = new AttentionMemory(0, 0, 0, 0);
  private int longestPadded;

  public Attention(Team team, KernelMemory memory, Forms forms) {
    this.forms = forms;
    this.team = team;
    this.memory = memory;
    blocks = new KeyBlock[team.slots()];
    queryRows = new StridedRows[team.slots()];
    weightRows = new StridedRows[team.slots()];
    machineHeads = new MachineHeads(forms, team.slots());
    for (int slot = 0; slot < team.slots(); slot++) {
      blocks[slot] = new KeyBlock();
      queryRows[slot] = new StridedRows();
      weightRows[slot] = new StridedRows();
    }
  }

  /**
   * What the first batch of a model needs: many queries of a sequence, none of them masked. Nothing
   * where that is machine code, although some batches need kernels there too, which then are asked
   * for when such a batch first comes: one with masked keys {@link ScaleAndAdd}, one with more than
   * {@link Gemm#DEPTH} keys of a sequence {@link RowMax} and {@link PanelExponentials}, one with
   * dropout {@link DropWeights}.
   */
  public static List<Kernel> kernels() {
    if (MachineRows.get(Forms.WARMING) != null) {
      return List.of();
    }
    return List.of(
        StridedTiles.high(Precision.F32),
        StridedTiles.low(Precision.F32),
        RowMax.KERNEL,
        PanelExponentials.KERNEL,
        ScaleRow.KERNEL);
  }

  /** As {@link io.github.megabert.backend.Computation#attention} says. */
  public void attend(
      AttentionLayout layout,
      HostMatrix queryMatrix,
      int queryColumn,
      HostMatrix keyMatrix,
      int keyColumn,
      HostMatrix valueMatrix,
      int valueColumn,
      @Nullable Dropout dropout,
      HostMatrix out,
      @Nullable HostMatrix probabilities) {
    this.layout = layout;
    this.dropout = dropout;
    queries.set(queryMatrix, queryColumn);
    keys.set(keyMatrix, keyColumn);
    values.set(valueMatrix, valueColumn);
    this.out = out.segment();
    this.probabilities = probabilities == null ? null : probabilities.segment();
    scale = (float) (1 / Math.sqrt(layout.headDim()));
    int longest = 0;
    for (int length : layout.keyLength()) {
      longest = Math.max(longest, length);
    }
    longestPadded = padToPanel(longest);
    headDimPadded = padToPanel(layout.headDim());
    boolean isPlain = dropout == null && probabilities == null;
    machineHeads.begin(layout, isPlain, queries, keys, values, this.out);
    long least = machineHeads.bytes(longest, layout.headDim());
    slots = new AttentionMemory(longestPadded, layout.headDim(), headDimPadded, least);
    scratch = memory.ofSize(slots.keysAt(team.slots()));
    cut();
    if (taskEnds.length < layout.sequences()) {
      taskEnds = new int[layout.sequences()];
    }
    int tasks = 0;
    for (int b = 0; b < layout.sequences(); b++) {
      tasks += tasks(b);
      taskEnds[b] = tasks;
    }
    team.run(tasks, this);
  }

  /**
   * Heads and query rows a task: all of a sequence's queries, unless that makes too few tasks, and
   * as many heads as leave enough of them.
   */
  private void cut() {
    chunk = Integer.MAX_VALUE;
    int tasks = layout.heads() * layout.sequences();
    int wanted = team.slots() == 1 ? 1 : team.slots() * TASKS;
    headGroup = Math.clamp(tasks / wanted, 1, Math.max(1, layout.heads()));
    if (tasks > 0 && tasks < wanted) {
      int most = 0;
      for (int length : layout.queryLength()) {
        most = Math.max(most, length);
      }
      int parts = Math.ceilDiv(wanted, tasks);
      chunk = Math.ceilDiv(Math.ceilDiv(Math.max(1, most), parts), BLOCK) * BLOCK;
    }
  }

  private int tasks(int b) {
    return Math.ceilDiv(layout.heads(), headGroup) * chunks(b);
  }

  private int chunks(int b) {
    return Math.ceilDiv(layout.queryLength()[b], Math.min(chunk, Integer.MAX_VALUE - 1));
  }

  @Override
  public void run(int task, int next, int slot) {
    int found = Arrays.binarySearch(taskEnds, 0, layout.sequences(), task + 1);
    int b = found < 0 ? -1 - found : found;
    while (tasks(b) == 0) { // An empty sequence ends where the one before it does.
      b--;
    }
    int rest = task - (taskEnds[b] - tasks(b));
    int firstHead = rest / chunks(b) * headGroup;
    int endHead = Math.min(layout.heads(), firstHead + headGroup);
    int part = rest % chunks(b);
    int queryLength = layout.queryLength()[b];
    int from = part == 0 ? 0 : part * chunk;
    int to = chunk > queryLength - from ? queryLength : from + chunk;
    if (machineHeads.serves(b, to - from)) {
      boolean isPacked = !isFew(b);
      long at = slots.keysAt(slot);
      machineHeads.attend(
          slot, b, firstHead, endHead, from, to, scale, isPacked, queries, keys, values, out,
          scratch, at);
      return;
    }
    for (int head = firstHead; head < endHead; head++) {
      attend(b, head, from, to, slot);
    }
  }

  /** Whether packing does not pay. */
  private boolean isFew(int b) {
    return layout.queryLength()[b] <= FEW && dropout == null;
  }

  private void attend(int b, int head, int from, int to, int slot) {
    int keyLength = layout.keyLength()[b];
    int hidden = layout.causal() ? layout.queryLength()[b] - to : 0;
    int reachable = keyLength - hidden;
    boolean few = isFew(b);
    if (!few) {
      packKeys(b, head, reachable, slot);
      packValues(b, head, reachable, slot);
      queryRows[slot].shape(BLOCK, layout.headDim());
      weightRows[slot].shape(BLOCK, reachable);
    }
    boolean masked = packMask(b, reachable, slot);
    for (int row = from; row < to; row += BLOCK) {
      int end = Math.min(to, row + BLOCK);
      int visible = layout.causal() ? keyLength - layout.queryLength()[b] + end : keyLength;
      if (few) {
        scoreEach(b, head, row, end, visible, slot);
        softmaxes(b, row, end, visible, masked, true, slot);
        weighEach(b, head, row, end, visible, slot);
      } else {
        score(b, head, row, end, visible, slot);
        softmaxes(b, row, end, visible, masked, false, slot);
      }
      if (probabilities != null) {
        writeProbabilities(b, head, row, end, visible, few, slot);
      }
      if (!few) {
        drop(b, head, row, end, visible, slot);
        weigh(end - row, reachable, visible, slot);
      }
      writeResults(b, head, row, end, few, slot);
    }
  }

  /** Keys in panels, transposed: {@code [panel, headDim, PANEL]}, zeros where there is no key. */
  private void packKeys(int b, int head, int count, int slot) {
    int headDim = layout.headDim();
    KeyBlock block = blocks[slot];
    for (int first = 0; first < count; first += PANEL) {
      block.pack(
          forms,
          keys.segment(),
          keys.at(layout.keyStart()[b] + first, head * headDim),
          keys.stride(),
          Math.min(PANEL, count - first),
          headDim,
          scratch,
          slots.keysAt(slot) + (long) first * headDim * Float.BYTES);
    }
  }

  /** Values in panels: {@code [panel, count, PANEL]}, zeros where there is no column. */
  private void packValues(int b, int head, int count, int slot) {
    int headDim = layout.headDim();
    for (int column = 0; column < headDim; column += PANEL) {
      KeyBlock.packColumns(
          forms,
          values.segment(),
          values.at(layout.keyStart()[b], head * headDim + column),
          values.stride(),
          count,
          Math.min(PANEL, headDim - column),
          scratch,
          slots.valuesAt(slot) + (long) column * count * Float.BYTES);
    }
  }

  /** Writes what the mask adds to the scores; says whether that is anything. */
  private boolean packMask(int b, int count, int slot) {
    byte[] mask = layout.keyMask();
    if (mask == null) {
      return false;
    }
    boolean any = false;
    int start = layout.keyStart()[b];
    long at = slots.maskAt(slot);
    for (int j = 0; j < count; j++) {
      boolean masked = mask[start + j] == 0;
      any |= masked;
      scratch.set(FLOAT, at + (long) j * Float.BYTES, masked ? -Float.MAX_VALUE : 0);
    }
    return any;
  }

  /** {@code scores = q·kᵀ}, the columns padded to whole panels. */
  private void score(int b, int head, int row, int end, int visible, int slot) {
    int headDim = layout.headDim();
    StridedRows rows = queryRows[slot];
    for (int depth = 0; depth < headDim; depth += Gemm.DEPTH) {
      rows.copy(
          forms,
          0,
          end - row,
          depth,
          queries.segment(),
          queries.at(layout.queryStart()[b] + row, head * headDim + depth),
          queries.stride(),
          Math.min(Gemm.DEPTH, headDim - depth));
    }
    for (int panel = 0; panel * PANEL < visible; panel++) {
      long keyPanel = slots.keysAt(slot) + (long) panel * headDim * PANEL_BYTES;
      multiply(
          end - row, headDim, rows, keyPanel, slots.scoresAt(slot) + panel * BLOCK_BYTES, slot);
    }
  }

  /** {@code c = rows·panel}, by blocks of inputs. */
  private void multiply(int rows, int depth, StridedRows x, long panel, long c, int slot) {
    for (int from = 0; from < depth; from += Gemm.DEPTH) {
      long target = from == 0 ? c : slots.partAt(slot);
      StridedTiles.multiply(
          forms,
          x.segment(),
          x.at(0, from),
          rows,
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
        AddRows.add(forms, 1, rows * PANEL, scratch, target, 0, scratch, c, 0);
      }
    }
  }

  /** {@code scores = q·kᵀ} of one query after the other. */
  private void scoreEach(int b, int head, int row, int end, int visible, int slot) {
    int headDim = layout.headDim();
    for (int i = row; i < end; i++) {
      QueryDots.multiply(
          forms,
          queries.segment(),
          queries.at(layout.queryStart()[b] + i, head * headDim),
          headDim,
          keys.segment(),
          keys.at(layout.keyStart()[b], head * headDim),
          keys.stride(),
          visible,
          scratch,
          rowOfScoresAt(i - row, slot));
    }
  }

  /** The weights of a block of queries, and the inverses of their sums. */
  private void softmaxes(
      int b, int row, int end, int visible, boolean masked, boolean few, int slot) {
    RowKernels machine = MachineRows.get(forms);
    // A row of weights has to be one piece. In one call all queries see as much.
    boolean isMachine = machine != null && visible > 0 && (few || visible <= Gemm.DEPTH);
    int step = isMachine && !masked && !layout.causal() ? end - row : 1;
    long fewBytes = (long) longestPadded * Float.BYTES;
    for (int i = row; i < end; i += step) {
      int r = i - row;
      if (machine != null && isMachine) {
        long at = few ? rowOfScoresAt(r, slot) : slots.scoresAt(slot) + (long) r * PANEL_BYTES;
        long panelStep = few ? PANEL_BYTES : BLOCK_BYTES;
        int seen = seen(b, i, visible);
        if (masked) {
          ScaleAndAdd.apply(forms, scratch, at, panelStep, seen, scale, slots.maskAt(slot));
        }
        machine.softmax(
            step,
            seen,
            visible,
            scratch,
            at,
            panelStep,
            few ? fewBytes : PANEL_BYTES,
            masked ? 1 : scale,
            few ? scratch : weightRows[slot].segment(),
            few ? at : weightRows[slot].at(r, 0) * (long) Float.BYTES,
            few ? fewBytes : ROW_BYTES,
            scratch,
            slots.sumsAt(slot) + (long) r * Float.BYTES);
      } else if (few) {
        softmaxEach(b, i, r, visible, masked, slot);
      } else {
        softmax(b, i, r, visible, masked, slot);
      }
    }
  }

  /** The weights of query {@code i}, row {@code r} of its block, and the inverse of their sum. */
  private void softmax(int b, int i, int r, int visible, boolean masked, int slot) {
    long at = slots.scoresAt(slot) + (long) r * PANEL_BYTES;
    StridedRows weights = weightRows[slot];
    int seen = seen(b, i, visible);
    float factor = masked ? 1 : scale;
    if (masked) {
      ScaleAndAdd.apply(forms, scratch, at, BLOCK_BYTES, seen, scale, slots.maskAt(slot));
    }
    float max = RowMax.of(forms, scratch, at, BLOCK_BYTES, seen);
    float sum = 0;
    for (int depth = 0; depth < visible; depth += Gemm.DEPTH) {
      int count = Math.clamp(seen - depth, 0, Gemm.DEPTH);
      int target = weights.at(r, depth);
      sum +=
          PanelExponentials.write(
              forms,
              scratch,
              at + depth / PANEL * BLOCK_BYTES,
              BLOCK_BYTES,
              count,
              max,
              factor,
              weights.floats(),
              target,
              scratch,
              slots.laneAt(slot));
      int end = Math.min(Gemm.DEPTH, visible - depth);
      Arrays.fill(weights.floats(), target + count, target + end, 0);
    }
    scratch.set(FLOAT, slots.sumsAt(slot) + (long) r * Float.BYTES, 1 / sum);
  }

  /** The same where scores are rows, which become the weights. */
  private void softmaxEach(int b, int i, int r, int visible, boolean masked, int slot) {
    long at = rowOfScoresAt(r, slot);
    int seen = seen(b, i, visible);
    float factor = masked ? 1 : scale;
    if (masked) {
      ScaleAndAdd.apply(forms, scratch, at, PANEL_BYTES, seen, scale, slots.maskAt(slot));
    }
    float max = RowMax.of(forms, scratch, at, PANEL_BYTES, seen);
    float sum =
        Exponentials.apply(forms, scratch, at, seen, max, factor, scratch, slots.laneAt(slot));
    for (int j = seen; j < visible; j++) {
      scratch.set(FLOAT, at + (long) j * Float.BYTES, 0);
    }
    scratch.set(FLOAT, slots.sumsAt(slot) + (long) r * Float.BYTES, 1 / sum);
  }

  /** Zeroes the weights that dropout drops; the others' factor is left to the results. */
  private void drop(int b, int head, int row, int end, int visible, int slot) {
    Dropout mine = dropout;
    if (mine == null) {
      return;
    }
    StridedRows weights = weightRows[slot];
    for (int i = row; i < end; i++) {
      long position = mine.position() + mine.shift(layout, b) + firstProbability(b, head, i);
      DropoutBits.write(forms, mine.mask(), position, visible, scratch, slots.keptAt(slot));
      for (int depth = 0; depth < visible; depth += Gemm.DEPTH) {
        int count = Math.min(Gemm.DEPTH, visible - depth);
        long kept = slots.keptAt(slot) + depth / Byte.SIZE;
        DropWeights.apply(
            forms, weights.floats(), weights.at(i - row, depth), count, scratch, kept);
      }
    }
  }

  /** Where a query's probabilities begin among all. */
  private long firstProbability(int b, int head, int i) {
    long row = (long) head * layout.queryLength()[b] + i;
    return layout.probabilityOffset(b) + row * layout.keyLength()[b];
  }

  /** Keys that a query attends to. */
  private int seen(int b, int i, int visible) {
    return layout.causal() ? layout.keyLength()[b] - layout.queryLength()[b] + 1 + i : visible;
  }

  private long rowOfScoresAt(int r, int slot) {
    return slots.scoresAt(slot) + (long) r * longestPadded * Float.BYTES;
  }

  /** {@code results = weights·v}. */
  private void weigh(int rows, int reachable, int visible, int slot) {
    for (int panel = 0; panel * PANEL < layout.headDim(); panel++) {
      long valuePanel = slots.valuesAt(slot) + (long) panel * reachable * PANEL_BYTES;
      long at = slots.resultsAt(slot) + panel * BLOCK_BYTES;
      multiply(rows, visible, weightRows[slot], valuePanel, at, slot);
    }
  }

  /** {@code results = weights·v} of one query after the other. */
  private void weighEach(int b, int head, int row, int end, int visible, int slot) {
    int headDim = layout.headDim();
    for (int i = 0; i < end - row; i++) {
      WeightedSum.add(
          forms,
          scratch,
          rowOfScoresAt(i, slot),
          visible,
          values.segment(),
          values.at(layout.keyStart()[b], head * headDim),
          values.stride(),
          headDim,
          scratch,
          slots.resultsAt(slot) + (long) i * headDimPadded * Float.BYTES);
    }
  }

  /** {@code out = results}, divided by the sums of the weights and by dropout's share. */
  private void writeResults(int b, int head, int row, int end, boolean few, int slot) {
    int headDim = layout.headDim();
    long outStride = (long) layout.heads() * headDim * Float.BYTES;
    long stride = few ? (long) headDimPadded * Float.BYTES : PANEL_BYTES;
    float factor = dropout == null ? 1 : dropout.mask().scale();
    RowKernels machine = MachineRows.get(forms);
    if (machine != null) {
      machine.scale(
          end - row,
          headDim,
          scratch,
          slots.resultsAt(slot),
          few ? PANEL_BYTES : BLOCK_BYTES,
          stride,
          scratch,
          slots.sumsAt(slot),
          factor,
          out,
          (layout.queryStart()[b] + row) * outStride + (long) head * headDim * Float.BYTES,
          outStride);
      return;
    }
    for (int i = 0; i < end - row; i++) {
      ScaleRow.scale(
          forms,
          scratch,
          slots.resultsAt(slot) + i * stride,
          few ? PANEL_BYTES : BLOCK_BYTES,
          headDim,
          scratch.get(FLOAT, slots.sumsAt(slot) + (long) i * Float.BYTES) * factor,
          out,
          (layout.queryStart()[b] + row + i) * outStride + (long) head * headDim * Float.BYTES);
    }
  }

  private void writeProbabilities(
      int b, int head, int row, int end, int visible, boolean few, int slot) {
    MemorySegment target = probabilities;
    if (target == null) {
      return;
    }
    int keyLength = layout.keyLength()[b];
    StridedRows weights = weightRows[slot];
    for (int i = row; i < end; i++) {
      int r = i - row;
      long at = firstProbability(b, head, i) * Float.BYTES;
      float factor = scratch.get(FLOAT, slots.sumsAt(slot) + (long) r * Float.BYTES);
      for (int j = 0; j < keyLength; j++) {
        float weight = 0;
        if (j < visible) {
          int depth = j / Gemm.DEPTH * Gemm.DEPTH;
          weight =
              few
                  ? scratch.get(FLOAT, rowOfScoresAt(r, slot) + (long) j * Float.BYTES)
                  : weights.floats()[weights.at(r, depth) + j - depth];
        }
        target.set(FLOAT, at + (long) j * Float.BYTES, weight * factor);
      }
    }
  }
}
