// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.tornado.cuda.DeviceAddress;
import io.github.megabert.tornado.cuda.Nccl;
import io.github.megabert.tornado.cuda.NcclGroup;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The groups of ranks whose GPUs NCCL connects, of one backend. */
final class NcclGroups implements AutoCloseable {
  private static final class Loaded {
    static final @Nullable Nccl LIBRARY = Nccl.load();
  }

  /** What a rank says of itself where it has a GPU and the library: this, and the GPU's number. */
  private static final String GPU = "GPU ";

  private static final String OTHER = "no GPU of NVIDIA's under TornadoVM's CUDA driver";
  private static final String NO_LIBRARY = "no libnccl.so.2";

  /** Those without NCCL are there with null. */
  private final IdentityHashMap<Communicator, @Nullable NcclGroup> groups = new IdentityHashMap<>();

  private final Set<String> said = new HashSet<>();

  /**
   * A group's GPUs; null where a rank of it has no NCCL, no GPU of NVIDIA's, or one that another
   * rank has too, which the group's first rank logs. All ranks ask at the same place.
   *
   * @param place something on this rank's device; null where it is not NVIDIA's
   */
  synchronized @Nullable NcclGroup of(Communicator group, @Nullable DeviceAddress place) {
    if (!groups.containsKey(group)) {
      groups.put(group, join(group, place));
    }
    return groups.get(group);
  }

  private @Nullable NcclGroup join(Communicator group, @Nullable DeviceAddress place) {
    Nccl nccl = place == null ? null : Loaded.LIBRARY;
    String own = place == null ? OTHER : NO_LIBRARY;
    if (place != null && nccl != null) {
      own = GPU + HexFormat.of().formatHex(place.driver().uuid(place.context()));
    }
    List<String> all = Ranks.gather(group, own);
    String obstacle = obstacle(all);
    if (place != null && nccl != null && obstacle.isEmpty()) {
      return NcclGroup.join(place.driver(), nccl, place.context(), group);
    }
    if (group.rank() == 0 && said.add(obstacle)) {
      // Without any GPU of NVIDIA's there is nothing to be mended.
      boolean isMendable = all.stream().anyMatch(rank -> !rank.equals(OTHER));
      System.getLogger(NcclGroups.class.getName())
          .log(
              isMendable ? System.Logger.Level.WARNING : System.Logger.Level.INFO,
              "ranks sum through host memory, which is slow beside NCCL: " + obstacle);
    }
    return null;
  }

  /**
   * Why NCCL cannot connect ranks, with the remedy; empty where it can.
   *
   * @param ranks what each says of itself
   */
  static String obstacle(List<String> ranks) {
    for (int rank = 0; rank < ranks.size(); rank++) {
      String here = ranks.get(rank);
      int same = ranks.indexOf(here);
      if (here.equals(OTHER)) {
        return "rank " + rank + " has " + OTHER + "; NCCL connects those alone.";
      }
      if (here.equals(NO_LIBRARY)) {
        return "rank "
            + rank
            + " finds "
            + NO_LIBRARY
            + "; install NCCL, or put its folder into that rank's LD_LIBRARY_PATH.";
      }
      if (same < rank) {
        return "rank "
            + rank
            + " computes on the same GPU as rank "
            + same
            + "; start no more ranks on a host than it has GPUs, each with a --device of its own"
            + " or none named.";
      }
    }
    return "";
  }

  @Override
  public synchronized void close() {
    RuntimeException failed = null;
    for (NcclGroup group : groups.values()) {
      try {
        if (group != null) {
          group.close();
        }
      } catch (RuntimeException failure) {
        failed = failed == null ? failure : failed;
      }
    }
    groups.clear();
    if (failed != null) {
      throw failed;
    }
  }
}
