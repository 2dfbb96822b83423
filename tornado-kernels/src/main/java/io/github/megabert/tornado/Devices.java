// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** What TornadoVM finds here. */
final class Devices {
  private Devices() {}

  /**
   * Every device, GPUs before others and CUDA before PTX before OpenCL: the CUDA driver alone has
   * the matrix libraries and replays graphs the fastest.
   *
   * @throws RuntimeException or an Error where TornadoVM cannot start; {@link Reasons} explains it
   */
  static List<TornadoDevice> all() {
    TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
    List<TornadoDevice> devices = new ArrayList<>();
    for (int i = 0; i < runtime.getNumBackends(); i++) {
      TornadoBackend backend = runtime.getBackend(i);
      for (int j = 0; j < backend.getNumDevices(); j++) {
        devices.add(backend.getDevice(j));
      }
    }
    devices.sort(
        Comparator.comparing((TornadoDevice device) -> !isGpu(device))
            .thenComparingInt(device -> rank(device.getTornadoVMBackend())));
    return devices;
  }

  /** Whether the device is a GPU. */
  static boolean isGpu(TornadoDevice device) {
    return device.getDeviceType() == TornadoDeviceType.GPU;
  }

  private static int rank(TornadoVMBackendType type) {
    return switch (type) {
      case CUDA -> 0;
      case PTX -> 1;
      default -> 2;
    };
  }

  /** The device in words, such as {@code NVIDIA H100 80GB HBM3 (CUDA)}. */
  static String name(TornadoDevice device) {
    return device.getPhysicalDevice().getDeviceName() + " (" + device.getTornadoVMBackend() + ")";
  }
}
