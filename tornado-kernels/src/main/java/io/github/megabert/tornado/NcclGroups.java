// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.tornado.cuda.Nccl;
import io.github.megabert.tornado.cuda.NcclGroup;
import io.github.megabert.tornado.recording.Program;
import java.nio.ByteBuffer;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The groups of ranks whose GPUs NCCL connects, of one backend. */
final class NcclGroups implements AutoCloseable {
  private static final class Loaded {
    static final @Nullable Nccl LIBRARY = Nccl.load();
  }

  /** Those without NCCL are there with null. */
  private final IdentityHashMap<Communicator, @Nullable NcclGroup> groups = new IdentityHashMap<>();

  /**
   * A group's GPUs; null where a rank of it has no NCCL, no GPU of NVIDIA's, or one that another
   * rank has too. All ranks ask at the same place.
   *
   * @param place something on this rank's device
   */
  synchronized @Nullable NcclGroup of(Communicator group, Program.@Nullable Location place) {
    if (!groups.containsKey(group)) {
      groups.put(group, join(group, place));
    }
    return groups.get(group);
  }

  private static @Nullable NcclGroup join(Communicator group, Program.@Nullable Location place) {
    Nccl nccl = place == null ? null : Loaded.LIBRARY;
    boolean isHere = place != null && nccl != null;
    byte[] own = isHere ? place.driver().uuid(place.context()) : new byte[0];
    boolean allHaveOne = haveOneEach(group.gatherBytes(own));
    return isHere && allHaveOne
        ? NcclGroup.join(place.driver(), nccl, place.context(), group)
        : null;
  }

  private static boolean haveOneEach(List<byte[]> devices) {
    long known =
        devices.stream()
            .filter(device -> device.length > 0)
            .map(ByteBuffer::wrap)
            .distinct()
            .count();
    return known == devices.size();
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
