// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.DeviceMessages;
import io.github.megabert.backend.Matrix;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Messages between devices by slots. The sender leaves a matrix in a slot of its own device, and
 * tells the receiver which; the receiver fetches it, and says so, and the slot is free again. What
 * is told goes through the hosts, a few bytes each: no device ever waits for another rank, and a
 * rank that has failed is noticed as elsewhere. There are never more slots than messages were under
 * way at a time.
 */
final class PeerMessages implements DeviceMessages {
  /** Tags of what receivers answer lie so far above those of messages. */
  static final int ANSWERS = 1 << 14;

  /**
   * A slot.
   *
   * @param told its handle and its number among those of this rank
   * @param answer what the receiver says, which nobody reads
   */
  private record Slot(long address, long bytes, MemorySegment told, MemorySegment answer) {}

  private record Left(Slot slot, Pending told, Pending answered) {}

  private record Opened(int rank, int number) {}

  private final Communicator group;
  private final PeerSlots slots;
  private final Function<Computation, TornadoComputation> own;
  private final List<Left> underWay = new ArrayList<>();
  private final Deque<Slot> free = new ArrayDeque<>();
  private final Map<Opened, Long> opened = new HashMap<>();
  private final List<Pending> answers = new ArrayList<>();

  private final MemorySegment fetched = Arena.ofAuto().allocate(Float.BYTES, Float.BYTES);
  private int made;

  /**
   * Messages of a group.
   *
   * @param own a computation as the backend knows it
   */
  PeerMessages(Communicator group, PeerSlots slots, Function<Computation, TornadoComputation> own) {
    this.group = group;
    this.slots = slots;
    this.own = own;
  }

  @Override
  public void send(Computation computation, Matrix x, int to, int tag) {
    requireTag(tag);
    TornadoComputation here = own.apply(computation);
    TornadoMatrix source = here.own(x, "x");
    here.settle();
    reuse();
    Slot slot = take(bytes(source));
    slots.leave(here, source, slot.address);
    underWay.add(
        new Left(
            slot,
            group.startSend(slot.told, to, tag),
            group.startReceive(slot.answer, to, ANSWERS + tag)));
  }

  @Override
  public void receive(Computation computation, int from, int tag, Matrix out) {
    requireTag(tag);
    TornadoComputation here = own.apply(computation);
    TornadoMatrix target = here.own(out, "out");
    // It gets its place on the device, and rows behind the last one are no nonsense.
    here.clear(target.operand(), target.capacity() * target.columns());
    here.settle();
    MemorySegment told = Arena.ofAuto().allocate(toldBytes(), Integer.BYTES);
    group.receive(told, from, tag);
    int number = told.get(ValueLayout.JAVA_INT, slots.handleBytes());
    long slot =
        opened.computeIfAbsent(
            new Opened(from, number),
            absent ->
                slots.open(told.asSlice(0, slots.handleBytes()).toArray(ValueLayout.JAVA_BYTE)));
    slots.fetch(here, slot, target);
    answers.removeIf(Pending::isDone);
    answers.add(group.startSend(fetched, from, ANSWERS + tag));
  }

  @Override
  public void finish() {
    underWay.forEach(this::free);
    underWay.clear();
    answers.forEach(Pending::await);
    answers.clear();
  }

  private static void requireTag(int tag) {
    if (tag < 0 || tag >= ANSWERS) {
      throw new IllegalArgumentException(
          "the tag is " + tag + ", 0 to " + (ANSWERS - 1) + " is needed");
    }
  }

  private void reuse() {
    for (Iterator<Left> all = underWay.iterator(); all.hasNext(); ) {
      Left left = all.next();
      if (left.told.isDone() && left.answered.isDone()) {
        all.remove();
        free(left);
      }
    }
  }

  /** Waits for the answer, or for why there is none. */
  private void free(Left left) {
    left.told.await();
    left.answered.await();
    free.push(left.slot);
  }

  private Slot take(long bytes) {
    for (Iterator<Slot> all = free.iterator(); all.hasNext(); ) {
      Slot slot = all.next();
      if (slot.bytes >= bytes) {
        all.remove();
        return slot;
      }
    }
    long address = slots.allocate(bytes);
    MemorySegment told = Arena.ofAuto().allocate(toldBytes(), Integer.BYTES);
    told.copyFrom(MemorySegment.ofArray(slots.export(address)));
    told.set(ValueLayout.JAVA_INT, slots.handleBytes(), made);
    made++;
    return new Slot(address, bytes, told, Arena.ofAuto().allocate(Float.BYTES, Float.BYTES));
  }

  private long toldBytes() {
    return slots.handleBytes() + (long) Integer.BYTES;
  }

  /** Bytes of a matrix's own rows, float32. */
  static long bytes(TornadoMatrix matrix) {
    return (long) matrix.rows() * matrix.columns() * Float.BYTES;
  }
}
