// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static java.util.Objects.requireNonNull;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.tornado.cuda.DeviceAddress;
import io.github.megabert.tornado.cuda.PeerMemory;
import io.github.megabert.tornado.recording.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** Slots in the memory of NVIDIA's GPUs, between processes of one host. */
final class CudaSlots implements PeerSlots {
  /** Says {@code off} where messages between GPUs are to pass through host memory. */
  private static final String PROPERTY = "megabert.tornado.peer-messages";

  /** Another for every start of every host's kernel, and the same in all its containers. */
  private static final Path HOST = Path.of("/proc/sys/kernel/random/boot_id");

  private final Programs programs;
  private final PeerMemory memory;

  private CudaSlots(Programs programs, PeerMemory memory) {
    this.programs = programs;
    this.memory = memory;
  }

  /**
   * Slots that all ranks of a group can open; null where a rank cannot open those of another, which
   * the group's first rank logs. All ranks ask at the same place.
   *
   * @param some an array of the backend's device
   */
  static @Nullable CudaSlots of(Communicator group, Programs programs, TornadoNativeArray some) {
    String[] own = {""};
    PeerMemory memory = programs.alone(() -> memory(programs, some, own));
    List<String> all = Ranks.gather(group, own[0]);
    String refused = refused(all);
    if (refused.isEmpty()) {
      // Whether memory can be opened is known when it has been.
      String failure = programs.alone(() -> failure(requireNonNull(memory), all, group.rank()));
      refused =
          Ranks.gather(group, failure).stream()
              .filter(text -> !text.isEmpty())
              .findFirst()
              .orElse("");
    }
    if (refused.isEmpty()) {
      return new CudaSlots(programs, requireNonNull(memory));
    }
    if (group.rank() == 0 && programs.isCuda()) {
      System.getLogger(CudaSlots.class.getName())
          .log(
              System.Logger.Level.WARNING,
              "messages between stages pass through host memory, which is slow: " + refused);
    }
    return null;
  }

  /**
   * This rank's memory.
   *
   * @param said set to the rank's host and the handle of a first slot, or to what is in the way,
   *     behind a question mark
   */
  private static @Nullable PeerMemory memory(
      Programs programs, TornadoNativeArray some, String[] said) {
    try {
      if ("off".equals(System.getProperty(PROPERTY))) {
        said[0] = "?" + PROPERTY + " is off";
        return null;
      }
      DeviceAddress place = programs.memory().locate(some);
      if (place == null) {
        said[0] = "?a rank has no GPU of NVIDIA's";
        return null;
      }
      PeerMemory memory = new PeerMemory(place);
      byte[] handle = memory.export(memory.allocate(1));
      said[0] = Files.readString(HOST).strip() + ":" + HexFormat.of().formatHex(handle);
      return memory;
    } catch (IOException _) {
      said[0] = "?" + HOST + ", which tells hosts apart, cannot be read";
      return null;
    } catch (IllegalArgumentException | IllegalStateException failure) {
      said[0] = "?" + failure.getMessage();
      return null;
    }
  }

  /** Why ranks cannot read each other's memory, from what they say; empty where they may. */
  static String refused(List<String> said) {
    for (String rank : said) {
      if (rank.startsWith("?")) {
        return rank.substring(1);
      }
      if (!host(rank).equals(host(said.getFirst()))) {
        return "the ranks are on several hosts";
      }
    }
    return "";
  }

  private static String host(String rank) {
    return rank.substring(0, rank.indexOf(':'));
  }

  private static String failure(PeerMemory memory, List<String> all, int own) {
    try {
      for (int rank = 0; rank < all.size(); rank++) {
        if (rank != own) {
          String said = all.get(rank);
          long _ = memory.open(HexFormat.of().parseHex(said.substring(said.indexOf(':') + 1)));
        }
      }
      return "";
    } catch (IllegalStateException failure) {
      return "rank " + own + ": " + failure.getMessage();
    }
  }

  @Override
  public int handleBytes() {
    return PeerMemory.HANDLE_BYTES;
  }

  @Override
  public long allocate(long bytes) {
    return programs.alone(() -> memory.allocate(bytes));
  }

  @Override
  public byte[] export(long slot) {
    return programs.alone(() -> memory.export(slot));
  }

  @Override
  public long open(byte[] handle) {
    return programs.alone(() -> memory.open(handle));
  }

  @Override
  public void leave(TornadoComputation computation, TornadoMatrix x, long slot) {
    programs.alone(() -> memory.copy(slot, address(computation, x), PeerMessages.bytes(x)));
  }

  @Override
  public void fetch(TornadoComputation computation, long slot, TornadoMatrix out) {
    programs.alone(() -> memory.copy(address(computation, out), slot, PeerMessages.bytes(out)));
  }

  private long address(TornadoComputation computation, TornadoMatrix matrix) {
    return requireNonNull(programs.memory().locate(computation.array(matrix))).address();
  }
}
