// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.BackendProvider;
import io.github.megabert.tornado.cuda.ProcessGpu;
import java.util.List;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/**
 * Offers the devices that TornadoVM finds. A CPU that poses as an OpenCL device can be opened but
 * is not preferred: the CPU backends are faster on it.
 */
public final class TornadoBackendProvider implements BackendProvider {
  /** Found by {@link java.util.ServiceLoader}. */
  public TornadoBackendProvider() {}

  @Override
  public String name() {
    return "tornado";
  }

  @Override
  public int priority() {
    return 200;
  }

  @Override
  public Availability availability() {
    return availability(BackendOptions.DEFAULT);
  }

  @Override
  public Availability availability(BackendOptions options) {
    try {
      // Before TornadoVM starts: afterwards the process has no other GPU.
      ProcessGpu _ = ProcessGpu.choose(options.device());
      List<TornadoDevice> devices = Devices.all();
      if (devices.isEmpty()) {
        return new Availability(
            false, "", "TornadoVM finds no device; install the driver of the GPU.");
      }
      TornadoDevice first = devices.getFirst();
      return new Availability(true, Devices.isGpu(first), describe(first), "");
    } catch (Throwable failure) {
      // Whatever the first use of TornadoVM throws, Errors included, means that it cannot serve.
      return new Availability(false, "", Reasons.of(failure));
    }
  }

  @Override
  public Backend open(BackendOptions options) {
    Availability availability = availability(options);
    if (!availability.available()) {
      throw new UnsupportedOperationException(
          "the backend tornado is not available: " + availability.reason());
    }
    return TornadoBackend.open(Devices.of(options), options.precision());
  }

  /** The device and what serves what on it. */
  private static String describe(TornadoDevice device) {
    String name = Devices.name(device);
    if (!Devices.isGpu(device)) {
      return name + ": Java kernels; not for auto, the CPU backends are faster on it";
    }
    return device.getTornadoVMBackend() == TornadoVMBackendType.CUDA
        ? name + ": products by cuBLAS, attention by cuDNN (not in f32), the rest by Java kernels"
        : name + ": Java kernels";
  }
}
