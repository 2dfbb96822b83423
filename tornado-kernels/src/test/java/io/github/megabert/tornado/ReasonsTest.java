// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ReasonsTest {
  @Test
  void noDeviceIsSaidWithoutColours() {
    var thrown =
        new RuntimeException(
            new IllegalStateException(
                "\u001b[31m[WARNING] No CUDADriver platforms found. Deoptimizing.\u001b[0m"));
    assertEquals(
        "TornadoVM finds no device (No CUDADriver platforms found. Deoptimizing.); install the"
            + " GPU's driver, and see that nothing hides the device, as CUDA_VISIBLE_DEVICES can.",
        Reasons.of(new ExceptionInInitializerError(thrown)));
  }

  @Test
  void everyReasonNamesTheRemedy() {
    assertTrue(Reasons.of(new NoClassDefFoundError("uk/ac/Tornado")).contains("TORNADOVM_HOME"));
    assertTrue(Reasons.of(new UnsatisfiedLinkError("no libcuda")).contains("driver"));
    assertTrue(Reasons.of(new IllegalAccessError("not exported")).contains("tornado-argfile"));
    assertEquals(
        "TornadoVM does not start (IllegalStateException); start java with"
            + " @$TORNADOVM_HOME/tornado-argfile and the flags of docs/gpu.md, and check that the"
            + " SDK's driver fits this machine.",
        Reasons.of(new IllegalStateException()));
  }
}
