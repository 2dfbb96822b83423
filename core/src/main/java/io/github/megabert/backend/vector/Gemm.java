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
   * Rows up to which the next panel is read ahead: with more, the weights come in faster than they
   * are multiplied.
   */
  private static final int FEW_ROWS = 28;

  /** Panels in a group, at most. */
  private static final int GROUP = 32;

  /** Tasks a thread, so that a thread that is held up leaves its share to the others. */
  private static final int TASKS = 12;

  /** Multiply-adds below which more threads cost more than they bring, about 10 µs. */
  private static final long SERIAL = 1 << 19;

  private final Team team;
  private final KernelMemory memory;
  private final Kernels kernels;
  private final Epilogue epilogue;

  private PackedLinear linear;
  private MemorySegment x;
  private MemorySegment target;
  private MemorySegment buffers;
  private int rows;
  private int tiles;
  private int rowBlocks;
  private int groups;
  private boolean onResidual;

  Gemm(Team team, KernelMemory memory, Kernels kernels) {
    this.team = team;
    this.kernels = kernels;
    epilogue = new Epilogue(kernels);
    this.memory = memory;
    linear =
        new PackedLinear(
            Precision.F32, MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL, 0, 0);
    x = MemorySegment.NULL;
    target = MemorySegment.NULL;
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
    boolean inPlace = residual != null && residual.segment().address() == out.segment().address();
    // The sum may grow on the residual itself unless an activation comes between.
    onResidual = inPlace && activation == Activation.IDENTITY;
    long buffersBytes = team.slots() * bufferBytes();
    boolean detour = inPlace && !onResidual;
    long detourBytes = detour ? (long) rows * packed.outputs() * Float.BYTES : 0;
    MemorySegment scratch = memory.ofSize(buffersBytes + detourBytes);
    buffers = scratch;
    target = detour ? scratch.asSlice(buffersBytes) : out.segment();
    epilogue.set(
        packed.bias(),
        activation,
        residual == null || onResidual ? null : residual.segment(),
        target,
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
  public void run(int task, int slot) {
    int block = task % rowBlocks;
    int group = task / rowBlocks;
    int firstTile = (int) ((long) tiles * block / rowBlocks);
    int endTile = (int) ((long) tiles * (block + 1) / rowBlocks);
    int panels = linear.panelCount();
    int firstPanel = (int) ((long) panels * group / groups);
    int endPanel = (int) ((long) panels * (group + 1) / groups);
    int from = firstRow(firstTile);
    int to = firstRow(endTile);
    for (int depth = 0; depth < linear.inputs(); depth += DEPTH) {
      for (int panel = firstPanel; panel < endPanel; panel++) {
        int next = readsAhead(to - from) ? Math.min(panel + 1, endPanel - 1) : panel;
        multiply(panel, next, depth, from, to, slot);
      }
    }
    int endColumn = Math.min(linear.outputs(), endPanel * PANEL);
    epilogue.apply(from, to, firstPanel * PANEL, endColumn);
  }

  /** For few rows, where a row of a panel fills a cache line. */
  private boolean readsAhead(int height) {
    return height <= FEW_ROWS && NarrowWeights.bytes(linear.precision(), 1) >= AheadTiles.LINE;
  }

  private int firstRow(int tile) {
    return (int) ((long) rows * tile / tiles);
  }

  private void multiply(int panel, int next, int depth, int from, int to, int slot) {
    int inputs = linear.inputs();
    int outputs = linear.outputs();
    int count = Math.min(DEPTH, inputs - depth);
    int height = to - from;
    int columns = Math.min(PANEL, outputs - panel * PANEL);
    boolean accumulate = depth > 0 || onResidual;
    boolean bytes = linear.precision() == Precision.INT8;
    long xOffset = (long) from * inputs * Float.BYTES + (long) depth * Float.BYTES;
    long outStride = (long) outputs * Float.BYTES;
    long outOffset = from * outStride + (long) panel * PANEL_BYTES;
    if (columns == PANEL && (!accumulate || bytes)) {
      if (bytes && !accumulate) {
        clear(target, outOffset, outStride, height);
      }
      product(panel, next, depth, count, height, xOffset, target, outOffset, outStride, slot);
      return;
    }
    // By way of a buffer: to add to what is there, and because the last panel is wider than a row.
    long buffer = slot * bufferBytes();
    if (bytes) {
      clear(buffers, buffer, PANEL_BYTES, height);
    }
    product(panel, next, depth, count, height, xOffset, buffers, buffer, PANEL_BYTES, slot);
    if (accumulate) {
      kernels.addRows(height, columns, buffers, buffer, PANEL_BYTES, target, outOffset, outStride);
      return;
    }
    for (int r = 0; r < height; r++) {
      MemorySegment.copy(
          buffers,
          buffer + (long) r * PANEL_BYTES,
          target,
          outOffset + r * outStride,
          (long) columns * Float.BYTES);
    }
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
      int next,
      int depth,
      int count,
      int height,
      long xOffset,
      MemorySegment c,
      long cOffset,
      long cStride,
      int slot) {
    MemorySegment panels = linear.panels();
    long at = linear.panelOffset(panel, depth);
    long ahead = linear.panelOffset(next, depth);
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
  private long panelScratchAt(int slot) {
    return slot * bufferBytes() + (long) (TILES + 1) * MAX_ROWS * PANEL_BYTES;
  }

  /** A panel's product with a block of rows, and an expanded panel. */
  private static long bufferBytes() {
    return (long) ((TILES + 1) * MAX_ROWS + DEPTH + 1) * PANEL_BYTES;
  }
}
