// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.mpi;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.RanksDisagreeException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Memory that the processes of a group, all of one host, have in common: a slot for each rank, in
 * which it places numbers for the others, a place for results, and counters by which ranks wait for
 * each other.
 *
 * <p>Operations consist of rounds, which all ranks count alike. In a round each rank places
 * something, waits until all have, and reads what others have placed. There are two slots a rank,
 * for even and odd rounds: so a rank places the numbers of the next round while others still read.
 */
final class SharedWindow {
  /** Numbers of a slot: 1 MiB. Slots of eight ranks stay in a processor's last-level cache. */
  static final int NUMBERS = 1 << 18;

  static final long BYTES = (long) NUMBERS * Float.BYTES;

  private static final int KEY_BYTES = 16;

  /** What a rank tells the others takes some lines of cache that nobody else writes. */
  private static final long LINE = 384;

  // Of a line.
  private static final long PLACED = 0;
  private static final long READ = 8;
  private static final long WORLD_RANK = 16;
  private static final long CALL = 128;

  /** The longest text of a call, with the byte that ends it. */
  private static final int CALL_BYTES = 128;

  private static final VarHandle COUNTER = ValueLayout.JAVA_LONG.varHandle();
  private static final System.Logger LOGGER = System.getLogger(SharedWindow.class.getName());

  private final MemorySegment memory;
  private final int rank;
  private final int size;
  private final Polling polling;
  private final Runnable progress;

  private SharedWindow(
      MemorySegment memory, int rank, int size, Polling polling, Runnable progress) {
    this.memory = memory;
    this.rank = rank;
    this.size = size;
    this.polling = polling;
    this.progress = progress;
    memory.set(ValueLayout.JAVA_LONG, line(rank) + WORLD_RANK, polling.worldRank());
  }

  /**
   * The memory of a group; all its ranks call this. The first makes a file that has no name in any
   * folder ({@code memfd_create}), which the others open by its process, and which ends with the
   * last of them however they end.
   *
   * @param progress lets MPI go on with messages while this rank waits here
   * @return null, for all ranks, if one cannot: they are of several hosts, or the system has no
   *     such files
   */
  static @Nullable SharedWindow open(
      Communicator group, boolean isWanted, Polling polling, Runnable progress) {
    int size = group.size();
    long bytes = start(size, /* slot= */ 2 * size + 2);
    byte[] key = new byte[KEY_BYTES];
    MemorySegment memory = null;
    try (AnonymousFile file = group.rank() == 0 && isWanted ? AnonymousFile.create() : null) {
      String invitation = "";
      if (file != null) {
        new SecureRandom().nextBytes(key);
        memory = map(file.path(), bytes, key);
        invitation = host() + "\n" + file.path() + "\n" + HexFormat.of().formatHex(key);
      }
      byte[] told = group.broadcastBytes(invitation.getBytes(StandardCharsets.UTF_8), 0);
      if (group.rank() > 0 && isWanted) {
        memory = join(new String(told, StandardCharsets.UTF_8), bytes);
      }
      byte[] isHere = {(byte) (memory == null ? 0 : 1)};
      for (byte[] theirs : group.gatherBytes(isHere)) {
        if (theirs[0] == 0) {
          return null;
        }
      }
    }
    SharedWindow window = new SharedWindow(memory, group.rank(), size, polling, progress);
    group.barrier();
    return window;
  }

  private static @Nullable MemorySegment map(Path file, long bytes, byte[] key) {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MemorySegment memory = channel.map(MapMode.READ_WRITE, 0, bytes, Arena.global());
      memory.asSlice(bytes - KEY_BYTES).copyFrom(MemorySegment.ofArray(key));
      return memory;
    } catch (IOException | UnsupportedOperationException e) {
      LOGGER.log(System.Logger.Level.DEBUG, "ranks send messages, without common memory", e);
      return null;
    }
  }

  /** The first rank's memory; null if it is of another host, which has another name or process. */
  private static @Nullable MemorySegment join(String invitation, long bytes) {
    String[] told = invitation.split("\n", -1);
    if (told.length != 3) {
      return null;
    }
    try {
      Path file = Path.of(told[1]);
      // No file of another program is opened.
      if (!told[0].equals(host())
          || !Files.readSymbolicLink(file).toString().startsWith(AnonymousFile.LINK)) {
        return null;
      }
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        ByteBuffer key = ByteBuffer.allocate(KEY_BYTES);
        boolean isIt =
            channel.size() == bytes
                && channel.read(key, bytes - KEY_BYTES) == KEY_BYTES
                && HexFormat.of().formatHex(key.array()).equals(told[2]);
        return isIt ? channel.map(MapMode.READ_WRITE, 0, bytes, Arena.global()) : null;
      }
    } catch (IOException | UnsupportedOperationException e) {
      LOGGER.log(System.Logger.Level.DEBUG, "ranks send messages, without common memory", e);
      return null;
    }
  }

  /** Containers and namespaces with names of their own count as hosts of their own. */
  private static String host() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** What a rank places in a round. */
  MemorySegment slot(int ofRank, long round) {
    return memory.asSlice(start(size, 2 * ofRank + (int) (round & 1)), BYTES);
  }

  /** Where all ranks write what they have found in a round. */
  MemorySegment results(long round) {
    return memory.asSlice(start(size, 2 * size + (int) (round & 1)), BYTES);
  }

  private static long start(int size, int slot) {
    return Math.ceilDiv(size * LINE, 4096) * 4096 + slot * BYTES;
  }

  private static long line(int ofRank) {
    return ofRank * LINE;
  }

  /** Returns when nobody reads any longer what this rank placed two rounds before. */
  void awaitSlot(long round) {
    await(READ, round - 1);
  }

  /** Tells what this rank calls, whose first round this is; before {@link #placed}. */
  void tell(long round, String call) {
    byte[] text = new byte[CALL_BYTES];
    byte[] told = call.getBytes(StandardCharsets.UTF_8);
    System.arraycopy(told, 0, text, 0, Math.min(told.length, CALL_BYTES - 1));
    call(rank, round).copyFrom(MemorySegment.ofArray(text));
  }

  /**
   * Checks that all ranks call the same, when they have placed.
   *
   * @throws RanksDisagreeException if one calls something else
   */
  void checkAgreement(long round) {
    MemorySegment mine = call(rank, round);
    for (int other = 0; other < size; other++) {
      MemorySegment theirs = call(other, round);
      if (mine.mismatch(theirs) >= 0) {
        throw new RanksDisagreeException(
            String.format(
                Locale.ROOT,
                "rank %d calls %s, rank %d of the same group calls %s",
                polling.worldRank(),
                mine.getString(0),
                memory.get(ValueLayout.JAVA_LONG, line(other) + WORLD_RANK),
                theirs.getString(0)));
      }
    }
  }

  private MemorySegment call(int ofRank, long round) {
    return memory.asSlice(line(ofRank) + CALL + (round & 1) * CALL_BYTES, CALL_BYTES);
  }

  /** Tells that this rank has placed all that others read in a round. */
  void placed(long round) {
    COUNTER.setRelease(memory, line(rank) + PLACED, round + 1);
  }

  /** Returns when all ranks have placed what they have in a round. */
  void awaitPlaced(long round) {
    await(PLACED, round + 1);
  }

  /** Tells that this rank has read what others have placed in a round. */
  void read(long round) {
    COUNTER.setRelease(memory, line(rank) + READ, round + 1);
  }

  /** Returns when all ranks have read, and written their results. */
  void awaitResults(long round) {
    await(READ, round + 1);
  }

  private void await(long counter, long count) {
    for (int other = 0; other < size; other++) {
      long at = line(other) + counter;
      if ((long) COUNTER.getAcquire(memory, at) < count) {
        polling.until(() -> (long) COUNTER.getAcquire(memory, at) >= count, progress);
      }
    }
  }
}
