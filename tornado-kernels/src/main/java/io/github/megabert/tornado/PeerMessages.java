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
 * rank that has failed is noticed as elsewhere.
 *
 * <p>Slots stay to the process's end. Their sizes are rounded up, so that messages of other sizes
 * find room in them: there are no more of a size than messages were under way at a time.
 */
final class PeerMessages implements DeviceMessages {
  /** Tags of what receivers answer lie so far above those of messages. */
  static final int ANSWERS = 1 << 14;

  /** The greatest tag whose answer has one too. */
  private static final int GREATEST_TAG = Communicator.GREATEST_TAG - ANSWERS;

  /** Bytes of the smallest slot. */
  private static final long SMALLEST = 1 << 21;

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

  /** What the message that is fetched lies in. */
  private final MemorySegment announced;

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
    announced = Arena.ofAuto().allocate(toldBytes(), Integer.BYTES);
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
    group.receive(announced, from, tag);
    int number = announced.get(ValueLayout.JAVA_INT, slots.handleBytes());
    long slot =
        opened.computeIfAbsent(
            new Opened(from, number),
            absent ->
                slots.open(
                    announced.asSlice(0, slots.handleBytes()).toArray(ValueLayout.JAVA_BYTE)));
    slots.fetch(here, slot, target);
    answers.removeIf(PeerMessages::hasEnded);
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
    if (tag < 0 || tag > GREATEST_TAG) {
      throw new IllegalArgumentException(
          "the tag is " + tag + ", 0 to " + GREATEST_TAG + " is needed");
    }
  }

  /** Whether something has ended; throws why it has failed, if it has. */
  private static boolean hasEnded(Pending pending) {
    if (!pending.isDone()) {
      return false;
    }
    pending.await();
    return true;
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
    long size = rounded(bytes);
    long address = slots.allocate(size);
    MemorySegment told = Arena.ofAuto().allocate(toldBytes(), Integer.BYTES);
    told.copyFrom(MemorySegment.ofArray(slots.export(address)));
    told.set(ValueLayout.JAVA_INT, slots.handleBytes(), made);
    made++;
    return new Slot(address, size, told, Arena.ofAuto().allocate(Float.BYTES, Float.BYTES));
  }

  /** Rounds up to a quarter of the power of two below. */
  private static long rounded(long bytes) {
    long step = Math.max(SMALLEST, Long.highestOneBit(bytes) / 4);
    return Math.multiplyExact(Math.max(1, Math.ceilDiv(bytes, step)), step);
  }

  private long toldBytes() {
    return slots.handleBytes() + (long) Integer.BYTES;
  }

  /** Bytes of a matrix's own rows, float32. */
  static long bytes(TornadoMatrix matrix) {
    return (long) matrix.rows() * matrix.columns() * Float.BYTES;
  }
}
