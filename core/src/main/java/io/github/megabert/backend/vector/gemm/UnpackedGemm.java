// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.memory.SecondLevelCache;
import io.github.megabert.backend.vector.rows.AddRows;
import io.github.megabert.backend.vector.rows.BiasAndActivation;
import io.github.megabert.backend.vector.rows.BiasAndResidual;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.rows.RoundRow;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code out = activation(A·B + b) + residual} of a B that is not packed. Where {@link Gemm} has a
 * task for each block of rows and group of panels, here a task is a group of panels and all rows,
 * up to some thousand: so its thread brings the panels into the second-level cache once for all of
 * them. Rows are only shared out where there are fewer groups than threads want.
 *
 * <p>Sums are taken in the same order as there, so results are the same to the bit.
 */
public final class UnpackedGemm implements Team.Body {
  /** Panels in a group, at most: as many as the second-level cache holds, from two to eight. */
  private static final int GROUP =
      Math.clamp(SecondLevelCache.bytes() / (Gemm.DEPTH * PANEL_BYTES), 2, 8);

  /** Rows that a panel is multiplied by before it is brought in again, however long they are. */
  private static final int ROWS = 1056;

  /** So many of them where they have one block of {@link Gemm#DEPTH} inputs. */
  private static final int SHORT_ROWS = 4 * ROWS;

  /** Multiply-adds below which more threads cost more than they bring, about 10 µs. */
  private static final long SERIAL = 1 << 19;

  /** Tasks a thread, at least, where the operands are large enough. */
  private static final int TASKS = 3;

  /** Bytes from a panel to the next: a power of two would be few sets of the first-level cache. */
  private static final long PANEL_STEP = (long) (Gemm.DEPTH + 1) * PANEL_BYTES;

  /** Bytes of a panel's product with one block of inputs. */
  private static final long PART_BYTES = (long) RowBlocks.MOST_ROWS * PANEL_BYTES;

  /** Bytes of the sums of a block of rows. */
  private static final long BLOCK_BYTES = GROUP * PART_BYTES;

  /** Where a slot's sums begin, behind the panels and the part. */
  private static final long SUMS = GROUP * PANEL_STEP + PART_BYTES;

  private final Team team;
  private final KernelMemory memory;
  private final Forms forms;
  private final Epilogue epilogue;
  private final RowBlocks blocks = new RowBlocks();
  private final PanelGroups groups = new PanelGroups();
  private final StridedRows strided = new StridedRows();
  private final RowCopy copy;
  private final TransposedPanels transposed;
  private final RoundedPanels rounded;

  private RowSource rows;
  private PanelSource panels;
  private MemorySegment buffers = MemorySegment.NULL;
  private long slotBytes;
  private int depth;
  private int columns;

  /** Parts into which the blocks of rows are cut, each a task with every group of panels. */
  private int spans;

  /** What products of a layer under training and their adjoints need, without an activation. */
  public static List<Kernel> kernels(Precision precision) {
    List<Kernel> kernels = new ArrayList<>();
    if (!MachineTiles.serve()) {
      kernels.add(StridedTiles.high(Precision.F32));
      kernels.add(StridedTiles.low(Precision.F32));
    }
    kernels.add(CopyStrips.KERNEL);
    if (MachineRows.get(Forms.WARMING) == null) {
      kernels.add(BiasAndActivation.of(Activation.IDENTITY));
      kernels.add(BiasAndResidual.KERNEL);
      kernels.add(AddRows.KERNEL);
    }
    if (precision == Precision.BF16) {
      kernels.add(RoundRow.KERNEL);
    }
    return kernels;
  }

  public UnpackedGemm(Team team, KernelMemory memory, Forms forms) {
    this.team = team;
    this.memory = memory;
    this.forms = forms;
    epilogue = new Epilogue(forms);
    copy = new RowCopy(team, forms, strided);
    transposed = new TransposedPanels(forms, team.slots());
    rounded = new RoundedPanels(forms, transposed);
    rows = copy;
    panels = transposed;
  }

  /** Where rows are copied to, which other products of the computation may use between. */
  StridedRows strided() {
    return strided;
  }

  /** The forward product of a layer that is not packed; {@code residual} may be {@code out}. */
  void multiply(
      HostMatrix input,
      PackedLinear linear,
      Activation activation,
      @Nullable HostMatrix residual,
      HostMatrix out) {
    copy.set(input, 0, input.columns());
    transposed.set(linear.unpacked());
    epilogue.set(
        linear.bias(),
        activation,
        residual == null ? null : residual.segment(),
        out.segment(),
        linear.outputs());
    PanelSource weights = linear.isRounded() ? rounded : transposed;
    multiply(copy, input.rows(), weights, linear.inputs(), linear.outputs());
  }

  /** {@code out = left·right}, or added to it. */
  void multiply(
      RowSource left,
      PanelSource right,
      int inputs,
      MemorySegment zeros,
      boolean add,
      HostMatrix out) {
    MemorySegment sum = out.segment();
    epilogue.set(zeros, Activation.IDENTITY, add ? sum : null, sum, out.columns());
    multiply(left, out.rows(), right, inputs, out.columns());
  }

  private void multiply(
      RowSource left, int rowCount, PanelSource right, int inputs, int columnCount) {
    rows = left;
    panels = right;
    depth = inputs;
    columns = columnCount;
    int inputBlocks = Math.max(1, Math.ceilDiv(inputs, Gemm.DEPTH));
    int most = Math.max(ROWS, SHORT_ROWS / inputBlocks);
    int chunks = Math.ceilDiv(rowCount, most);
    int size =
        Math.ceilDiv(Math.ceilDiv(rowCount, Math.max(1, chunks)), StridedTiles.HIGH)
            * StridedTiles.HIGH;
    for (int first = 0; first < rowCount; first += size) {
      int count = Math.min(size, rowCount - first);
      blocks.set(first, count);
      cut();
      rows.take(first, count);
      team.run(spans * groups.count(), this);
    }
  }

  private void cut() {
    long work = (long) blocks.rows() * depth * columns;
    int threads = team.slots() == 1 || work < SERIAL ? 0 : team.slots();
    int panelCount = Math.ceilDiv(columns, PANEL);
    spans = Math.clamp(Math.ceilDiv(TASKS * threads, panelCount), 1, blocks.count());
    groups.cut(panelCount, GROUP, 1, spans, threads);
    slotBytes = SUMS + BLOCK_BYTES * (isOneBlock() ? 1 : Math.ceilDiv(blocks.count(), spans));
    buffers = memory.ofSize(team.slots() * slotBytes);
  }

  /** Whether a task's sums are complete after one block of inputs. */
  private boolean isOneBlock() {
    return depth <= Gemm.DEPTH;
  }

  @Override
  public void run(int task, int next, int slot) {
    int span = task % spans;
    int group = task / spans;
    int firstPanel = groups.first(group);
    int endPanel = groups.first(group + 1);
    int firstBlock = blocks.count() * span / spans;
    int endBlock = blocks.count() * (span + 1) / spans;
    int endColumn = Math.min(columns, endPanel * PANEL);
    long at = slot * slotBytes;
    for (int k = 0; k < depth; k += Gemm.DEPTH) {
      int count = Math.min(Gemm.DEPTH, depth - k);
      panels.read(firstPanel, endPanel, k, count, slot, buffers, at, PANEL_STEP);
      for (int block = firstBlock; block < endBlock; block++) {
        int from = blocks.from(block);
        int to = blocks.from(block + 1);
        long sums = at + SUMS + (isOneBlock() ? 0 : (block - firstBlock) * BLOCK_BYTES);
        for (int panel = 0; panel < endPanel - firstPanel; panel++) {
          long c = sums + (long) panel * (to - from) * PANEL_BYTES;
          multiply(at, panel, k, count, from, to - from, c);
        }
        if (k + count == depth) {
          epilogue.apply(buffers, sums, from, to, firstPanel * PANEL, endColumn);
        }
      }
    }
  }

  /** A panel's product, or what one block of inputs adds to it. */
  private void multiply(
      long slotAt, int panel, int k, int count, int from, int rowCount, long sums) {
    long at = slotAt + panel * PANEL_STEP;
    long part = slotAt + GROUP * PANEL_STEP;
    StridedTiles.multiply(
        forms,
        rows.segment(),
        rows.at(from, k),
        rowCount,
        count,
        Precision.F32,
        buffers,
        at,
        buffers,
        at,
        0,
        ReadAhead.Way.NONE,
        buffers,
        k == 0 ? sums : part);
    if (k > 0) {
      AddRows.add(forms, 1, rowCount * PANEL, buffers, part, 0, buffers, sums, 0);
    }
  }
}
