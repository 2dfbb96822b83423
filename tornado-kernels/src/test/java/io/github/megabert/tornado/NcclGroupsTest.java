// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class NcclGroupsTest {
  @Test
  void whatKeepsNcclAwayIsNamedWithTheRankAndTheRemedy() {
    assertEquals("", NcclGroups.obstacle(List.of("GPU 0a", "GPU 0b")));
    assertEquals(
        "rank 2 computes on the same GPU as rank 0; start no more ranks on a host than it has"
            + " GPUs, each with a --device of its own or none named.",
        NcclGroups.obstacle(List.of("GPU 0a", "GPU 0b", "GPU 0a")));
    assertEquals(
        "rank 1 finds no libnccl.so.2; install NCCL, or put its folder into that rank's"
            + " LD_LIBRARY_PATH.",
        NcclGroups.obstacle(List.of("GPU 0a", "no libnccl.so.2")));
    assertEquals(
        "rank 0 has no GPU of NVIDIA's under TornadoVM's CUDA driver; NCCL connects those alone.",
        NcclGroups.obstacle(
            List.of("no GPU of NVIDIA's under TornadoVM's CUDA driver", "no libnccl.so.2")));
  }
}
