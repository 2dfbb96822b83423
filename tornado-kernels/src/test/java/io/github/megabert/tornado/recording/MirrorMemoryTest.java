// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class MirrorMemoryTest {
  @Test
  void usedUpDirectMemoryIsToldWithSizesAndTheFlag() {
    var failure =
        new OutOfMemoryError(
            "Cannot reserve 4194304 bytes of direct buffer memory (allocated: 1071644672, limit:"
                + " 1073741824)");
    assertEquals(
        "the next array needs 4.0 MiB of host memory beside its device memory, and of the JVM's"
            + " 1.0 GiB of direct memory 1022.0 MiB are in use, a copy of what is on the device:"
            + " raise -XX:MaxDirectMemorySize, or -Xmx where that is not given.",
        MirrorMemory.explained(failure).getMessage());
  }

  @Test
  void otherFailuresStayWhatTheyAre() {
    var failure = new OutOfMemoryError("Java heap space");
    assertSame(
        failure, assertThrows(OutOfMemoryError.class, () -> MirrorMemory.explained(failure)));
  }
}
