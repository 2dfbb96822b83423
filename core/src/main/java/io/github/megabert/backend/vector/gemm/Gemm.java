// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.machine.NarrowTiles;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.rows.AddRows;
import io.github.megabert.backend.vector.rows.BiasAndActivation;
import io.github.megabert.backend.vector.rows.BiasAndResidual;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code out = activation(x·Wᵀ + b) + residual}, blocked for the caches after Goto and van de
 * Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).
 *
 * <p>A task is a {@link RowBlocks block of rows} times a {@link PanelGroups group of panels}. Five
 * rows and more are {@link RowCopy copied} for {@link StridedTiles} first, up to four are
 * multiplied as they lie. The inputs are taken in blocks of fixed depth, so that the partition
 * never changes a result.
 *
 * <p>Weights in bfloat16 are expanded in registers, and for up to four rows, as in decoding, those
 * in 8 bits. Other narrow ones are expanded a panel at a time, in the second-level cache. Weights
 * that have not been packed are multiplied by {@link UnpackedGemm}. Where {@link NarrowTiles}
 * serve, rows are rounded by {@link NarrowRows} instead, however few, and nothing is expanded.
 */
public final class Gemm implements Team.Body, AutoCloseable {
  /** Inputs a block: a panel is 128 KiB of the second-level cache, 128 rows of x are 512 KiB. */
  public static final int DEPTH = 1024;

  /**
   * Panels in a group, at most: the sums of a task are 128 KiB of the second-level cache, a panel's
   * after the other's. They move to where they belong, which is seldom in a cache, with the
   * epilogue, in runs of a kilobyte; tiles of 8 rows that wrote there themselves, two vectors a
   * row, took a tenth longer, and those of 12 as long.
   */
  private static final int GROUP = 8;

  /** Rows that are multiplied by all weights before others are: a copy of them is made. */
  private static final int COPIED_ROWS = 512;

  /**
   * Bytes of a task's sums. A tile with more rows than there are writes the sums of the others too,
   * over what the next panel then writes.
   */
  private static final long SUMS_BYTES = (long) RowBlocks.MOST_ROWS * GROUP * PANEL_BYTES;

  /**
   * Bytes of a panel's product with one block of inputs. Tiles of AMX write up to 12 rows more,
   * into the place of the expanded panel, which is unused then.
   */
  private static final long PART_BYTES = (long) RowBlocks.MOST_ROWS * PANEL_BYTES;

  /** Bytes of scratch memory a slot: sums, part, an expanded panel. */
  private static final long SLOT_BYTES = SUMS_BYTES + PART_BYTES + (long) (DEPTH + 1) * PANEL_BYTES;

  /** Multiply-adds below which more threads cost more than they bring, about 10 µs. */
  private static final long SERIAL = 1 << 19;

  private final Team team;
  private final KernelMemory memory;
  private final Forms forms;
  private final Epilogue epilogue;
  private final RowBlocks blocks = new RowBlocks();

  /** Memory of rows for tiles in machine code. */
  private final KernelMemory rowMemory = new KernelMemory();

  private final RowCopy copyInMemory;
  private final RowCopy copyInArray;
  private RowCopy copy;
  private final NarrowRows narrowRows;
  private final PanelGroups groups = new PanelGroups();
  private final ReadAhead readAhead;
  private final UnpackedGemm unpacked;

  private PackedLinear linear;
  private HostMatrix matrix = new HostMatrix(MemorySegment.NULL, 0, 0);
  private MemorySegment x;
  private MemorySegment buffers;
  private ReadAhead.Way way = ReadAhead.Way.NONE;

  public Gemm(
      Team team, KernelMemory memory, Forms forms, ReadAhead readAhead, UnpackedGemm unpacked) {
    this.team = team;
    this.unpacked = unpacked;
    this.forms = forms;
    epilogue = new Epilogue(forms);
    copyInMemory = new RowCopy(team, forms, new StridedRows(rowMemory));
    copyInArray = new RowCopy(team, forms, unpacked.strided());
    copy = copyInArray;
    narrowRows = new NarrowRows(team);
    this.readAhead = readAhead;
    this.memory = memory;
    linear =
        new PackedLinear(
            Precision.F32,
            MemorySegment.NULL,
            MemorySegment.NULL,
            MemorySegment.NULL,
            0,
            0,
            false,
            null,
            List.of());
    x = MemorySegment.NULL;
    buffers = MemorySegment.NULL;
  }

  /** What the first batch of a model needs, whose weights are packed in a precision. */
  public static List<Kernel> kernels(Precision precision) {
    List<Kernel> kernels = new ArrayList<>();
    if (MachineNarrowTiles.of(precision) != null) {
      return kernels;
    }
    if (precision == Precision.BF16 || !MachineTiles.serve()) {
      kernels.add(StridedTiles.high(precision));
      kernels.add(StridedTiles.low(precision));
    }
    if (precision == Precision.F16) {
      kernels.add(ExpandHalves.KERNEL);
    } else if (precision == Precision.INT8) {
      kernels.add(ExpandBytes.KERNEL);
    }
    if (MachineRows.get(Forms.WARMING) == null) {
      kernels.add(BiasAndActivation.of(Activation.GELU));
      kernels.add(BiasAndActivation.of(Activation.IDENTITY));
      kernels.add(BiasAndResidual.KERNEL);
      kernels.add(AddRows.KERNEL);
    }
    return kernels;
  }

  /** The product; {@code residual} may be {@code out}. */
  public void multiply(
      HostMatrix input,
      PackedLinear packed,
      Activation activation,
      @Nullable HostMatrix residual,
      HostMatrix out) {
    int rows = input.rows();
    if (rows == 0) {
      return;
    }
    if (!packed.isPacked()) {
      unpacked.multiply(input, packed, activation, residual, out);
      return;
    }
    linear = packed;
    matrix = input;
    x = input.segment();
    boolean isFloat = packed.precision() != Precision.BF16;
    copy = isFloat && MachineTiles.get(forms) != null ? copyInMemory : copyInArray;
    copy.set(input, 0, packed.inputs());
    NarrowTiles.Form words = packed.words();
    long narrowBytes =
        words == null
            ? 0
            : NarrowRows.bytes(
                words, Math.min(rows, COPIED_ROWS + StridedTiles.HIGH), packed.inputs());
    buffers = memory.ofSize(team.slots() * SLOT_BYTES + narrowBytes);
    epilogue.set(
        packed.bias(),
        activation,
        residual == null ? null : residual.segment(),
        out.segment(),
        packed.outputs());
    if (words != null) {
      way = packed.streamed() ? ReadAhead.Way.LINES : ReadAhead.Way.NONE;
      multiplyChunks(rows);
      return;
    }
    boolean canReadAhead = packed.streamed() && isCompiled(rows, packed.precision());
    way = canReadAhead ? readAhead.next(rows) : ReadAhead.Way.NONE;
    boolean isTrial = canReadAhead && readAhead.isTried(rows);
    long start = isTrial ? System.nanoTime() : 0;
    multiplyChunks(rows);
    if (isTrial) {
      double work = (double) rows * packed.inputs() * packed.outputs();
      readAhead.report(rows, way, work, System.nanoTime() - start);
    }
  }

  /**
   * Whether what multiplies so many rows by packed weights is compiled: only then does reading
   * ahead help, and can its ways be compared.
   */
  private boolean isCompiled(int rows, Precision precision) {
    if (rows > RowTiles.MAX_ROWS) {
      return StridedTiles.isVector(forms, rows, precision);
    }
    if (precision == Precision.F32 && MachineTiles.get(forms) != null) {
      return true;
    }
    Kernel kernel =
        precision != Precision.INT8
            ? RowTiles.of(rows, precision)
            : rows == 1 ? ByteRow.KERNEL : ByteTiles.of(rows);
    return kernel.isVector(forms);
  }

  private void multiplyChunks(int rows) {
    int chunks = Math.ceilDiv(rows, COPIED_ROWS);
    int size = Math.ceilDiv(Math.ceilDiv(rows, chunks), StridedTiles.HIGH) * StridedTiles.HIGH;
    for (int first = 0; first < rows; first += size) {
      int count = Math.min(size, rows - first);
      blocks.set(first, count);
      cutPanels();
      NarrowTiles narrow =
          linear.words() == null ? null : MachineNarrowTiles.of(linear.precision());
      if (narrow != null) {
        narrowRows.take(narrow, matrix, first, count, buffers, team.slots() * SLOT_BYTES);
      } else if (count > RowTiles.MAX_ROWS) {
        copy.take(first, count);
      }
      team.run(blocks.count() * groups.count(), this);
    }
  }

  private void cutPanels() {
    long work = (long) blocks.rows() * linear.inputs() * linear.outputs();
    int tasks = team.slots() == 1 || work < SERIAL ? 0 : team.slots();
    int unit = isByteRow() ? ByteRow.PANELS : 1;
    groups.cut(linear.panelCount(), GROUP, unit, blocks.count(), tasks);
  }

  /** Whether panels are multiplied several at a time. */
  private boolean isByteRow() {
    return blocks.rows() == 1 && linear.precision() == Precision.INT8 && linear.words() == null;
  }

  @Override
  public void run(int task, int next, int slot) {
    int block = task % blocks.count();
    int group = task / blocks.count();
    int firstPanel = groups.first(group);
    int endPanel = groups.first(group + 1);
    int from = blocks.from(block);
    int to = blocks.from(block + 1);
    long sums = slot * SLOT_BYTES;
    long panelSums = (to - from) * (long) PANEL_BYTES;
    boolean isByteRow = isByteRow();
    for (int depth = 0; depth < linear.inputs(); depth += DEPTH) {
      int panel = firstPanel;
      while (panel < endPanel) {
        long at = sums + (panel - firstPanel) * panelSums;
        if (isByteRow && panel + ByteRow.PANELS <= endPanel) {
          multiplyByteRow(panel, depth, at, slot);
          panel += ByteRow.PANELS;
        } else {
          boolean isReadAhead = way != ReadAhead.Way.NONE;
          long ahead = isReadAhead ? following(panel, depth, firstPanel, endPanel, next) : 0;
          multiply(panel, ahead, depth, from, to, at, slot);
          panel++;
        }
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
    long block = linear.bytes(count);
    return Math.min(offset, linear.panels().byteSize() - block);
  }

  /** As {@link #multiply}, of one row and several panels in 8 bits. */
  private void multiplyByteRow(int panel, int depth, long at, int slot) {
    int count = Math.min(DEPTH, linear.inputs() - depth);
    long c = depth == 0 ? at : slot * SLOT_BYTES + SUMS_BYTES;
    long offset = linear.panelOffset(panel, depth);
    long scaleOffset = linear.scaleOffset(panel, depth);
    long row = (long) blocks.from(0) * linear.inputs() + depth;
    ByteRow.multiply(
        forms,
        count,
        x,
        row * Float.BYTES,
        linear.panels(),
        offset,
        linear.panelOffset(panel + 1, depth) - offset,
        linear.scales(),
        scaleOffset,
        linear.scaleOffset(panel + 1, depth) - scaleOffset,
        buffers,
        c);
    if (depth > 0) {
      AddRows.add(forms, 1, ByteRow.PANELS * PANEL, buffers, c, 0, buffers, at, 0);
    }
  }

  /** A panel's product, or what one block of inputs adds to it. */
  private void multiply(int panel, long ahead, int depth, int from, int to, long at, int slot) {
    if (depth == 0) {
      product(panel, ahead, depth, from, to - from, at, slot);
      return;
    }
    long part = slot * SLOT_BYTES + SUMS_BYTES;
    product(panel, ahead, depth, from, to - from, part, slot);
    AddRows.add(forms, 1, (to - from) * PANEL, buffers, part, 0, buffers, at, 0);
  }

  /** {@code c = x·panel} of one block of inputs. */
  private void product(int panel, long ahead, int depth, int from, int rows, long c, int slot) {
    int count = Math.min(DEPTH, linear.inputs() - depth);
    if (linear.words() != null) {
      MemorySegment panels = linear.panels();
      long bytes = way == ReadAhead.Way.NONE ? 0 : linear.bytes(count);
      long at = linear.panelOffset(panel, depth);
      narrowRows.multiply(from, rows, depth, panels, at, panels, ahead, bytes, buffers, c);
      return;
    }
    if (blocks.rows() <= RowTiles.MAX_ROWS) {
      rowsAsTheyLie(panel, ahead, depth, count, from, rows, c, slot);
      return;
    }
    boolean isExpanded = expand(panel, depth, count, slot);
    MemorySegment source = isExpanded ? buffers : linear.panels();
    long at = isExpanded ? expanded(slot) : linear.panelOffset(panel, depth);
    boolean isReadAhead = way != ReadAhead.Way.NONE;
    StridedTiles.multiply(
        forms,
        copy.segment(),
        copy.at(from, depth),
        rows,
        count,
        isExpanded ? Precision.F32 : linear.precision(),
        source,
        at,
        isReadAhead ? linear.panels() : source,
        isReadAhead ? ahead : at,
        isReadAhead ? NarrowWeights.bytes(linear.precision(), count) : 0,
        way,
        buffers,
        c);
  }

  private void rowsAsTheyLie(
      int panel, long ahead, int depth, int count, int from, int rows, long c, int slot) {
    MemorySegment panels = linear.panels();
    if (way != ReadAhead.Way.NONE) {
      ReadAhead.touchPages(panels, ahead, NarrowWeights.bytes(linear.precision(), count));
    }
    long at = linear.panelOffset(panel, depth);
    long xStride = (long) linear.inputs() * Float.BYTES;
    long xAt = from * xStride + (long) depth * Float.BYTES;
    if (linear.precision() == Precision.INT8) {
      MemorySegment scales = linear.scales();
      long scaleAt = linear.scaleOffset(panel, depth);
      long sums = expanded(slot);
      ByteTiles.multiply(
          forms, rows, count, x, xAt, xStride, panels, at, scales, scaleAt, buffers, sums, buffers,
          c);
      return;
    }
    boolean isExpanded = expand(panel, depth, count, slot);
    MemorySegment source = isExpanded ? buffers : panels;
    long sourceAt = isExpanded ? expanded(slot) : at;
    Precision precision = isExpanded ? Precision.F32 : linear.precision();
    RowTiles.multiply(forms, rows, count, x, xAt, xStride, precision, source, sourceAt, buffers, c);
  }

  /**
   * Brings a panel's block of inputs as float32 to the slot's memory, unless tiles read it as it
   * is.
   */
  private boolean expand(int panel, int depth, int count, int slot) {
    long to = expanded(slot);
    long at = linear.panelOffset(panel, depth);
    switch (linear.precision()) {
      case F16 -> ExpandHalves.expand(forms, linear.panels(), at, count, buffers, to);
      case INT8 -> {
        long scaleAt = linear.scaleOffset(panel, depth);
        ExpandBytes.expand(
            forms, linear.panels(), at, count, linear.scales(), scaleAt, buffers, to);
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  /** Where the slot's expanded panel begins. */
  private static long expanded(int slot) {
    return slot * SLOT_BYTES + SUMS_BYTES + PART_BYTES;
  }

  @Override
  public void close() {
    rowMemory.close();
  }
}
