// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.tornado.cuda.ProcessGpu;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

class DevicesTest {
  @BeforeAll
  static void device() {
    var availability = new TornadoBackendProvider().availability();
    assumeTrue(availability.available(), availability.reason());
  }

  @Test
  void aRankBehindTheDevicesLikeTheFirstIsRefused() {
    List<TornadoDevice> all = Devices.all();
    TornadoDevice first = all.getFirst();
    long like =
        all.stream()
            .filter(device -> device.getTornadoVMBackend() == first.getTornadoVMBackend())
            .filter(device -> device.getDeviceType() == first.getDeviceType())
            .count();
    int ranks = Math.toIntExact(Math.max(like, ProcessGpu.choose(0).count()));
    assertEquals(first, Devices.of(BackendOptions.DEFAULT.withDeviceOfRank(0)));
    var refusal =
        assertThrows(
            UnsupportedOperationException.class,
            () -> Devices.of(BackendOptions.DEFAULT.withDeviceOfRank(ranks)));
    assertTrue(
        String.valueOf(refusal.getMessage())
            .startsWith(
                "rank " + ranks + " of this host, counted from 0, has no device of its own: there"),
        refusal.getMessage());
  }

  @Test
  void aNamedDeviceIsCountedAmongAll() {
    int past = Devices.all().size() + ProcessGpu.choose(0).count();
    var refusal =
        assertThrows(
            UnsupportedOperationException.class,
            () -> Devices.of(BackendOptions.DEFAULT.withDevice(past)));
    assertTrue(
        String.valueOf(refusal.getMessage()).startsWith("there is no device " + past + "; "),
        refusal.getMessage());
  }
}
