package io.github.megabert.backend.vector.rows;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.HostParameter;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The sum of word, type and position embeddings, some tokens a task. */
public final class Embedding implements Team.Body {
  /** Tokens a task. */
  private static final int BLOCK = 16;

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
    rows = memory.ofSize(team.slots() * rowBytes(out));
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

  private void add(HostParameter table, int row, HostMatrix target, long offset, int slot) {
    long at = slot * rowBytes(target);
    table.copyRow(row, rows, at);
    AddRows.add(forms, 1, target.columns(), rows, at, 0, target.segment(), offset, 0);
  }

  private static long rowBytes(HostMatrix matrix) {
    return (long) matrix.columns() * Float.BYTES;
  }
}
