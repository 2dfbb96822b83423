// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.machine.RowKernels;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.HostParameter;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.tensor.DType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The sum of word, type and position embeddings, some tokens a task. */
public final class Embedding implements Team.Body {
  /** Tokens a task. */
  private static final int BLOCK = 16;

  private static final int TABLES = 3;

  private final Team team;
  private final KernelMemory memory;
  private final Forms forms;
  private MemorySegment rows = MemorySegment.NULL;
  private int @Nullable [] tokenIds;
  private int[] typeIds = new int[0];
  private int[] positionIds = new int[0];
  private @Nullable HostParameter words;
  private @Nullable HostParameter types;
  private @Nullable HostParameter positions;
  private @Nullable HostMatrix out;

  public Embedding(Team team, KernelMemory memory, Forms forms) {
    this.team = team;
    this.memory = memory;
    this.forms = forms;
  }

  /** {@code out[t] = words[tokenIds[t]] + types[typeIds[t]] + positions[positionIds[t]]}. */
  public void embed(
      int @Nullable [] tokenIds,
      int[] typeIds,
      int[] positionIds,
      HostParameter words,
      HostParameter types,
      HostParameter positions,
      HostMatrix out) {
    this.tokenIds = tokenIds;
    this.typeIds = typeIds;
    this.positionIds = positionIds;
    this.words = words;
    this.types = types;
    this.positions = positions;
    this.out = out;
    rows = memory.ofSize(rowsAt(team.slots(), out));
    team.run(Math.ceilDiv(typeIds.length, BLOCK), this);
  }

  @Override
  public void run(int task, int next, int slot) {
    HostMatrix target = out;
    HostParameter word = words;
    HostParameter type = types;
    HostParameter position = positions;
    if (target == null || word == null || type == null || position == null) {
      throw new IllegalStateException("no embedding was asked for");
    }
    int end = Math.min(typeIds.length, (task + 1) * BLOCK);
    RowKernels machine = MachineRows.get(forms);
    RowKernels.Table table = machine == null ? null : table(machine, word, type, position);
    if (machine != null && table != null) {
      embed(machine, table, word, type, position, target, task * BLOCK, end, slot);
      return;
    }
    for (int t = task * BLOCK; t < end; t++) {
      long offset = target.rowOffset(t);
      if (tokenIds != null && tokenIds[t] >= 0) {
        word.copyRow(tokenIds[t], target.segment(), offset);
      } else if (tokenIds != null) {
        target.segment().asSlice(offset, rowBytes(target)).fill((byte) 0);
      }
      add(type, typeIds[t], target, offset, slot);
      add(position, positionIds[t], target, offset, slot);
    }
  }

  /** How all tables hold their numbers; null if machine code does not look them up. */
  private RowKernels.@Nullable Table table(
      RowKernels machine, HostParameter word, HostParameter type, HostParameter position) {
    DType dtype = word.dtype();
    boolean isOne = type.dtype() == dtype && position.dtype() == dtype;
    return isOne && tokenIds != null && machine.isVectors(word.columns())
        ? RowKernels.Table.valueOf(dtype.name())
        : null;
  }

  /** The rows are copied first: a page of a file may be gone, which machine code would not bear. */
  private void embed(
      RowKernels machine,
      RowKernels.Table table,
      HostParameter word,
      HostParameter type,
      HostParameter position,
      HostMatrix target,
      int from,
      int to,
      int slot) {
    long bytes = rowBytes(target);
    long first = rowsAt(slot, target);
    long second = first + BLOCK * bytes;
    long third = second + BLOCK * bytes;
    copyRows(word, tokenIds, from, to, first, bytes);
    copyRows(type, typeIds, from, to, second, bytes);
    copyRows(position, positionIds, from, to, third, bytes);
    int columns = target.columns();
    MemorySegment sums = target.segment();
    long at = target.rowOffset(from);
    machine.embed(table, to - from, columns, rows, first, second, third, bytes, sums, at);
  }

  /** Rows of a table as it holds them, one every so many bytes; zeros where there is no row. */
  private void copyRows(
      HostParameter table, int @Nullable [] ids, int from, int to, long start, long bytes) {
    long at = start;
    for (int t = from; t < to; t++) {
      if (ids == null || ids[t] < 0) {
        rows.asSlice(at, bytes).fill((byte) 0);
      } else {
        table.copyBits(ids[t], rows, at);
      }
      at += bytes;
    }
  }

  private static long rowsAt(int slot, HostMatrix matrix) {
    return (long) slot * BLOCK * TABLES * rowBytes(matrix);
  }

  private void add(HostParameter table, int row, HostMatrix target, long offset, int slot) {
    long at = rowsAt(slot, target);
    table.copyRow(row, rows, at);
    AddRows.add(forms, 1, target.columns(), rows, at, 0, target.segment(), offset, 0);
  }

  private static long rowBytes(HostMatrix matrix) {
    return (long) matrix.columns() * Float.BYTES;
  }
}
