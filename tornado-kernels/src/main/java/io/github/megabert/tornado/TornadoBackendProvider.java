package io.github.megabert.tornado;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.BackendProvider;
import io.github.megabert.backend.Precision;
import java.util.List;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * Offers the devices that TornadoVM finds. A CPU that poses as an OpenCL device can be opened but
 * does not count as available: the CPU backends are faster on it.
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
    try {
      List<TornadoDevice> devices = Devices.all();
      if (devices.isEmpty()) {
        return new Availability(
            false, "", "TornadoVM finds no device; install the driver of the GPU.");
      }
      TornadoDevice first = devices.getFirst();
      if (!Devices.isGpu(first)) {
        return new Availability(
            false,
            Devices.name(first),
            "TornadoVM finds no GPU but only "
                + Devices.name(first)
                + ", on which the CPU backends are faster; install the driver of the GPU.");
      }
      return new Availability(true, Devices.name(first), "");
    } catch (Throwable failure) {
      // Whatever the first use of TornadoVM throws, Errors included, means that it cannot serve.
      return new Availability(false, "", Reasons.of(failure));
    }
  }

  @Override
  public Backend open(BackendOptions options) {
    List<TornadoDevice> devices;
    try {
      devices = Devices.all();
    } catch (Throwable failure) {
      throw new UnsupportedOperationException(
          "the backend tornado is not available: " + Reasons.of(failure), failure);
    }
    if (options.device() >= devices.size()) {
      throw new UnsupportedOperationException(
          "there is no device "
              + options.device()
              + "; TornadoVM finds "
              + devices.stream().map(Devices::name).toList()
              + ", counted from 0.");
    }
    Precision precision = options.precision();
    if (precision == Precision.BF16 || precision == Precision.INT8) {
      throw new UnsupportedOperationException(
          "the backend tornado computes in f32, tf32 and f16, not in "
              + precision.optionName()
              + ".");
    }
    return TornadoBackend.open(devices.get(options.device()), precision);
  }
}
