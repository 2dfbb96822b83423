package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.HostMatrix;
import io.github.megabert.backend.Precision;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@code out = activation(x·Wᵀ + b) + residual}, blocked for the caches after Goto and van de
 * Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).
 *
 * <p>A task is a {@link RowBlocks block of rows} times a {@link PanelGroups group of panels}. Where
 * rows are many, they are {@link SpacedRows copied} for {@link TallTile tall tiles} first, and where
 * they are few and the weights come from the memory, for {@link StreamTile}; the others are cut into
 * tiles of nearly equal height (13 = 7 + 6), so no tile is much less efficient than the full one.
 * The inputs are taken in blocks of fixed depth, so that the partition never changes a result.
 */
final class Gemm implements Team.Body {
  /** Inputs a block: a panel is 128 KiB of the second-level cache, 128 rows of x are 512 KiB. */
  static final int DEPTH = 1024;

  /**
   * Panels in a group, at most: the sums of a task are 128 KiB of the second-level cache, a panel's
   * after the other's. They move to where they belong, which is seldom in a cache, with the
   * epilogue, in runs of a kilobyte; tiles of 8 rows that wrote there themselves, two vectors a
   * row, took a tenth longer, and those of 12 as long.
   */
  private static final int GROUP = 8;

  /** Rows that are multiplied by all weights before others are: a copy of them is made. */
  private static final int COPIED_ROWS = 512;

  /** Panels from which the copy pays, as estimated: it takes as long as some 30 multiply-adds. */
  private static final int PANELS_FOR_TALL = 8;

  /** Rows from which reading ahead pays where the weights come from the memory. */
  private static final int FEWEST_STREAMED = 5;

  /**
   * Bytes of a task's sums. A tile of spaced rows with more of them than there are writes the
   * sums of the others too, over what the next panel then writes.
   */
  private static final long SUMS_BYTES = (long) RowBlocks.MOST_ROWS * GROUP * PANEL_BYTES;

  /** Bytes of a panel's product with one block of inputs. */
  private static final long PART_BYTES = (long) RowBlocks.MOST_ROWS * PANEL_BYTES;

  /** Bytes of scratch memory a slot: sums, part, an expanded panel. */
  private static final long SLOT_BYTES = SUMS_BYTES + PART_BYTES + (long) (DEPTH + 1) * PANEL_BYTES;

  /** Multiply-adds below which more threads cost more than they bring, about 10 µs. */
  private static final long SERIAL = 1 << 19;

  private final Team team;
  private final KernelMemory memory;
  private final Kernels kernels;
  private final Epilogue epilogue;
  private final RowBlocks blocks = new RowBlocks();
  private final RowCopy spaced;
  private final PanelGroups groups = new PanelGroups();

  private PackedLinear linear;
  private MemorySegment x;
  private MemorySegment buffers;

  Gemm(Team team, KernelMemory memory, Kernels kernels) {
    this.team = team;
    this.kernels = kernels;
    epilogue = new Epilogue(kernels);
    spaced = new RowCopy(team);
    this.memory = memory;
    linear =
        new PackedLinear(
            Precision.F32, MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL, 0, 0, false);
    x = MemorySegment.NULL;
    buffers = MemorySegment.NULL;
  }

  /** The product; {@code residual} may be {@code out}. */
  void multiply(
      HostMatrix input,
      PackedLinear packed,
      Activation activation,
      @Nullable HostMatrix residual,
      HostMatrix out) {
    int rows = input.rows();
    if (rows == 0) {
      return;
    }
    linear = packed;
    x = input.segment();
    buffers = memory.ofSize(team.slots() * SLOT_BYTES);
    epilogue.set(
        packed.bias(),
        activation,
        residual == null ? null : residual.segment(),
        out.segment(),
        packed.outputs());
    int tileRows = spacedTileRows(rows);
    int chunks = tileRows > 0 ? Math.ceilDiv(rows, COPIED_ROWS) : 1;
    for (int chunk = 0; chunk < chunks; chunk++) {
      int first = (int) ((long) rows * chunk / chunks);
      int end = (int) ((long) rows * (chunk + 1) / chunks);
      blocks.set(first, end - first, tileRows);
      cutPanels();
      if (tileRows > 0) {
        spaced.take(x, packed.inputs(), first, end - first);
      }
      team.run(blocks.count() * groups.count(), this);
    }
  }

  /**
   * Rows of a tile of spaced rows, 0 where rows are multiplied as they lie. Weights in 8 bits are
   * left out, as they are expanded in parts that are not as deep, and where rows are few those in
   * 16 bits, as expanding takes longer than reading.
   */
  private int spacedTileRows(int rows) {
    if (linear.panelCount() < PANELS_FOR_TALL) {
      return 0;
    }
    Precision precision = linear.precision();
    int wanted = 0;
    if (rows >= 2 * TallTile.ROWS) {
      wanted = precision == Precision.INT8 ? 0 : TallTile.ROWS;
    } else if (rows >= FEWEST_STREAMED && rows <= 2 * StreamTile.ROWS) {
      wanted = precision == Precision.F32 && linear.streamed() ? StreamTile.ROWS : 0;
    }
    return wanted > 0 && kernels.hasSpacedTile(wanted) ? wanted : 0;
  }

  private void cutPanels() {
    long work = (long) blocks.rows() * linear.inputs() * linear.outputs();
    int tasks = team.slots() == 1 || work < SERIAL ? 0 : team.slots();
    groups.cut(linear.panelCount(), GROUP, blocks.count(), tasks);
  }

  @Override
  public void run(int task, int next, int slot) {
    int block = task % blocks.count();
    int group = task / blocks.count();
    int firstPanel = groups.first(group);
    int endPanel = groups.first(group + 1);
    int from = blocks.from(block);
    int to = blocks.from(block + 1);
    int spacedRows = blocks.spacedRows(block);
    long sums = slot * SLOT_BYTES;
    long panelSums = (to - from) * (long) PANEL_BYTES;
    for (int depth = 0; depth < linear.inputs(); depth += DEPTH) {
      for (int panel = firstPanel; panel < endPanel; panel++) {
        long ahead = following(panel, depth, firstPanel, endPanel, next);
        long at = sums + (panel - firstPanel) * panelSums;
        multiply(panel, ahead, depth, from, to, spacedRows, at, slot);
      }
    }
    int endColumn = Math.min(linear.outputs(), endPanel * PANEL);
    epilogue.apply(buffers, sums, from, to, firstPanel * PANEL, endColumn);
  }

  /**
   * Where the weights begin that this slot multiplies after these. Where none follow, those that
   * the task began with.
   */
  private long following(int panel, int depth, int firstPanel, int endPanel, int nextTask) {
    if (panel + 1 < endPanel) {
      return linear.panelOffset(panel + 1, depth);
    }
    long offset;
    if (depth + DEPTH < linear.inputs()) {
      offset = linear.panelOffset(firstPanel, depth + DEPTH);
    } else if (nextTask != Team.NONE) {
      offset = linear.panelOffset(groups.first(nextTask / blocks.count()), 0);
    } else {
      offset = linear.panelOffset(firstPanel, 0);
    }
    // A block is read ahead as if it were as deep as the present one.
    int count = Math.min(DEPTH, linear.inputs() - depth);
    long block = NarrowWeights.bytes(linear.precision(), count);
    return Math.min(offset, linear.panels().byteSize() - block);
  }

  /** A panel's product, or what one block of inputs adds to it. */
  private void multiply(
      int panel, long ahead, int depth, int from, int to, int spacedRows, long at, int slot) {
    int height = to - from;
    boolean bytes = linear.precision() == Precision.INT8;
    if (depth == 0 || bytes) {
      if (bytes && depth == 0) {
        buffers.asSlice(at, height * (long) PANEL_BYTES).fill((byte) 0);
      }
      product(panel, ahead, depth, from, height, spacedRows, at, slot);
      return;
    }
    long part = slot * SLOT_BYTES + SUMS_BYTES;
    product(panel, ahead, depth, from, height, spacedRows, part, slot);
    kernels.addRows(1, height * PANEL, buffers, part, 0, buffers, at, 0);
  }

  /** {@code c = x·panel}, or {@code c += x·panel} of weights in 8 bits. */
  private void product(
      int panel, long ahead, int depth, int from, int height, int spacedRows, long c, int slot) {
    MemorySegment panels = linear.panels();
    long at = linear.panelOffset(panel, depth);
    int count = Math.min(DEPTH, linear.inputs() - depth);
    long xStride = (long) linear.inputs() * Float.BYTES;
    long xAt = from * xStride + (long) depth * Float.BYTES;
    long expanded = panelScratchAt(slot);
    switch (linear.precision()) {
      case BF16 -> {
        if (spacedRows == 0) {
          kernels.brainFloatPanel(
              height, count, x, xAt, xStride, panels, at, ahead, buffers, c, PANEL_BYTES);
        } else {
          kernels.expandBrainFloats(panels, at, count, buffers, expanded);
          floatPanel(depth, count, from, height, spacedRows, buffers, expanded, ahead, c);
        }
      }
      case INT8 ->
          kernels.bytePanel(
              height,
              count,
              x,
              xAt,
              xStride,
              panels,
              at,
              linear.scales(),
              linear.scaleOffset(panel, depth),
              buffers,
              expanded,
              buffers,
              c,
              PANEL_BYTES);
      case F16 -> {
        // The block then stays in the second-level cache while the rows pass by.
        kernels.expandHalves(panels, at, count, buffers, expanded);
        floatPanel(depth, count, from, height, spacedRows, buffers, expanded, ahead, c);
      }
      default -> floatPanel(depth, count, from, height, spacedRows, panels, at, ahead, c);
    }
  }

  /** The spaced rows of a block, and those behind them. */
  private void floatPanel(
      int depth,
      int count,
      int from,
      int height,
      int spacedRows,
      MemorySegment panel,
      long at,
      long ahead,
      long c) {
    if (spacedRows > 0) {
      kernels.spacedPanel(
          blocks.tileRows(),
          spacedRows,
          count,
          spaced.floats(),
          spaced.at(from, depth),
          panel,
          at,
          linear.panels(),
          ahead,
          NarrowWeights.bytes(linear.precision(), count),
          buffers,
          c);
    }
    if (spacedRows < height) {
      long xStride = (long) linear.inputs() * Float.BYTES;
      kernels.panel(
          height - spacedRows,
          count,
          x,
          (from + spacedRows) * xStride + (long) depth * Float.BYTES,
          xStride,
          panel,
          at,
          spacedRows > 0 || linear.precision() != Precision.F32 ? at : ahead,
          buffers,
          c + spacedRows * (long) PANEL_BYTES,
          PANEL_BYTES);
    }
  }

  /** Memory of a slot for an expanded panel of 16 bits, or the sums and an expanded group of 8. */
  private static long panelScratchAt(int slot) {
    return slot * SLOT_BYTES + SUMS_BYTES + PART_BYTES;
  }
}
