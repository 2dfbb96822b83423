package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.MAX_ROWS;
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
 * <p>A task is a block of rows times a group of panels. Rows are cut into tiles of nearly equal
 * height (13 = 7 + 6), so no tile is much less efficient than the full one. The inputs are taken in
 * blocks of fixed depth, so that the partition never changes a result.
 */
final class Gemm implements Team.Body {
  /**
   * Inputs a block: 8 rows of x are 32 KiB of the first-level cache, a panel 128 KiB of the second.
   */
  static final int DEPTH = 1024;

  /** Tiles in a block of rows: 128 rows × 1024 inputs are 512 KiB of the second-level cache. */
  private static final int TILES = Math.ceilDiv(128, MAX_ROWS);

  /**
   * Panels in a group, at most: the sums of a task are 128 KiB of the second-level cache. They move
   * to where they belong, which is seldom in a cache, with the epilogue, in runs of a kilobyte;
   * tiles that wrote there themselves, two vectors a row, took 10 % longer.
   */
  private static final int GROUP = 8;

  /** Tasks a thread, so that a thread that is held up leaves its share to the others. */
  private static final int TASKS = 4;

  /** Rows of a block, at most. */
  private static final int BLOCK_ROWS = (TILES + 1) * MAX_ROWS;

  /** Bytes of a task's sums. */
  private static final long SUMS_BYTES = (long) BLOCK_ROWS * GROUP * PANEL_BYTES;

  /** Bytes of a panel's product with one block of inputs. */
  private static final long PART_BYTES = (long) BLOCK_ROWS * PANEL_BYTES;

  /** Bytes of scratch memory a slot: sums, part, an expanded panel. */
  private static final long SLOT_BYTES = SUMS_BYTES + PART_BYTES + (long) (DEPTH + 1) * PANEL_BYTES;

  /** Multiply-adds below which more threads cost more than they bring, about 10 µs. */
  private static final long SERIAL = 1 << 19;

  private final Team team;
  private final KernelMemory memory;
  private final Kernels kernels;
  private final Epilogue epilogue;

  private PackedLinear linear;
  private MemorySegment x;
  private MemorySegment buffers;
  private int rows;
  private int tiles;
  private int rowBlocks;
  private int groups;

  Gemm(Team team, KernelMemory memory, Kernels kernels) {
    this.team = team;
    this.kernels = kernels;
    epilogue = new Epilogue(kernels);
    this.memory = memory;
    linear =
        new PackedLinear(
            Precision.F32, MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL, 0, 0);
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
    rows = input.rows();
    if (rows == 0) {
      return;
    }
    linear = packed;
    x = input.segment();
    tiles = Math.ceilDiv(rows, MAX_ROWS);
    rowBlocks = Math.ceilDiv(tiles, TILES);
    groups = groupCount(packed.panelCount());
    buffers = memory.ofSize(team.slots() * SLOT_BYTES);
    epilogue.set(
        packed.bias(),
        activation,
        residual == null ? null : residual.segment(),
        out.segment(),
        packed.outputs());
    team.run(rowBlocks * groups, this);
  }

  private int groupCount(int panels) {
    int fewest = Math.ceilDiv(panels, GROUP);
    long work = (long) rows * linear.inputs() * linear.outputs();
    if (team.slots() == 1 || work < SERIAL) {
      return fewest;
    }
    int wanted = Math.ceilDiv(team.slots() * TASKS, rowBlocks);
    return Math.max(fewest, Math.min(wanted, Math.ceilDiv(panels, 2)));
  }

  @Override
  public void run(int task, int next, int slot) {
    int block = task % rowBlocks;
    int group = task / rowBlocks;
    int firstTile = (int) ((long) tiles * block / rowBlocks);
    int endTile = (int) ((long) tiles * (block + 1) / rowBlocks);
    int firstPanel = firstPanel(group);
    int endPanel = firstPanel(group + 1);
    int from = firstRow(firstTile);
    int to = firstRow(endTile);
    long sums = slot * SLOT_BYTES;
    long stride = (long) (endPanel - firstPanel) * PANEL_BYTES;
    for (int depth = 0; depth < linear.inputs(); depth += DEPTH) {
      for (int panel = firstPanel; panel < endPanel; panel++) {
        long ahead = following(panel, depth, firstPanel, endPanel, next);
        long at = sums + (long) (panel - firstPanel) * PANEL_BYTES;
        multiply(panel, ahead, depth, from, to, at, stride, slot);
      }
    }
    int endColumn = Math.min(linear.outputs(), endPanel * PANEL);
    epilogue.apply(buffers, sums, stride, from, to, firstPanel * PANEL, endColumn);
  }

  private int firstPanel(int group) {
    return (int) ((long) linear.panelCount() * group / groups);
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
      offset = linear.panelOffset(firstPanel(nextTask / rowBlocks), 0);
    } else {
      offset = linear.panelOffset(firstPanel, 0);
    }
    // A block is read ahead as if it were as deep as the present one.
    int count = Math.min(DEPTH, linear.inputs() - depth);
    long block = NarrowWeights.bytes(linear.precision(), count);
    return Math.min(offset, linear.panels().byteSize() - block);
  }

  private int firstRow(int tile) {
    return (int) ((long) rows * tile / tiles);
  }

  /** A panel's product, or what one block of inputs adds to it. */
  private void multiply(
      int panel, long ahead, int depth, int from, int to, long at, long stride, int slot) {
    int inputs = linear.inputs();
    int count = Math.min(DEPTH, inputs - depth);
    int height = to - from;
    long xOffset = ((long) from * inputs + depth) * Float.BYTES;
    boolean bytes = linear.precision() == Precision.INT8;
    if (depth == 0 || bytes) {
      if (bytes && depth == 0) {
        clear(buffers, at, stride, height);
      }
      product(panel, ahead, depth, count, height, xOffset, at, stride, slot);
      return;
    }
    long part = slot * SLOT_BYTES + SUMS_BYTES;
    product(panel, ahead, depth, count, height, xOffset, part, PANEL_BYTES, slot);
    kernels.addRows(height, PANEL, buffers, part, PANEL_BYTES, buffers, at, stride);
  }

  private static void clear(MemorySegment c, long offset, long stride, int rows) {
    for (int r = 0; r < rows; r++) {
      for (int n = 0; n < PANEL; n++) {
        c.set(Lanes.FLOAT, offset + r * stride + (long) n * Float.BYTES, 0);
      }
    }
  }

  /** {@code c = x·panel}, or {@code c += x·panel} of weights in 8 bits. */
  private void product(
      int panel,
      long ahead,
      int depth,
      int count,
      int height,
      long xOffset,
      long cOffset,
      long cStride,
      int slot) {
    MemorySegment c = buffers;
    MemorySegment panels = linear.panels();
    long at = linear.panelOffset(panel, depth);
    long xStride = (long) linear.inputs() * Float.BYTES;
    switch (linear.precision()) {
      case BF16 ->
          kernels.brainFloatPanel(
              height, count, x, xOffset, xStride, panels, at, ahead, c, cOffset, cStride);
      case INT8 ->
          kernels.bytePanel(
              height,
              count,
              x,
              xOffset,
              xStride,
              panels,
              at,
              linear.scales(),
              linear.scaleOffset(panel, depth),
              buffers,
              panelScratchAt(slot),
              c,
              cOffset,
              cStride);
      case F16 -> {
        // The block then stays in the second-level cache while the rows pass by.
        kernels.expandHalves(panels, at, count, buffers, panelScratchAt(slot));
        kernels.panel(
            height,
            count,
            x,
            xOffset,
            xStride,
            buffers,
            panelScratchAt(slot),
            panelScratchAt(slot),
            c,
            cOffset,
            cStride);
      }
      default ->
          kernels.panel(height, count, x, xOffset, xStride, panels, at, ahead, c, cOffset, cStride);
    }
  }

  /** Memory of a slot for an expanded panel of 16 bits, or the sums and an expanded group of 8. */
  private static long panelScratchAt(int slot) {
    return slot * SLOT_BYTES + SUMS_BYTES + PART_BYTES;
  }
}
