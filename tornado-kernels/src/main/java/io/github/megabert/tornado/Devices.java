// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.UnsupportedOptionException;
import io.github.megabert.tornado.cuda.ProcessGpu;
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
   * Every device of this process, GPUs before others and CUDA before PTX before OpenCL: the CUDA
   * driver alone has the matrix libraries and replays graphs the fastest. Of the GPUs that the CUDA
   * driver finds, a process has {@link ProcessGpu one}.
   *
   * @throws RuntimeException or an Error where TornadoVM cannot start; {@link Reasons} explains it
   */
  static List<TornadoDevice> all() {
    ProcessGpu _ = ProcessGpu.choose(0);
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

  /**
   * The device that options ask for: its index counts first all GPUs of the CUDA driver, then what
   * else there is.
   *
   * @throws UnsupportedOptionException if there is none, or a rank would share one with another
   *     rank that did not ask for it, or another GPU of the CUDA driver's is this process's already
   */
  static TornadoDevice of(BackendOptions options) {
    int index = options.device();
    ProcessGpu gpu = ProcessGpu.choose(index);
    List<TornadoDevice> here = all();
    int cuda = gpu.count();
    int others = Math.max(0, cuda - 1);
    int all = here.size() + others;
    if (options.isDeviceOfRank() && index > 0) {
      requireOwn(index, here, cuda);
    }
    if (index >= all) {
      throw new UnsupportedOptionException(
          UnsupportedOptionException.Option.DEVICE,
          "there is no device "
              + index
              + "; TornadoVM finds "
              + here.stream().map(Devices::name).toList()
              + (others == 0 ? "" : " and " + others + " more GPUs like the first")
              + ", counted from 0.");
    }
    if (index >= cuda) {
      return here.get(index - others);
    }
    if (index != gpu.index()) {
      throw new UnsupportedOptionException(
          UnsupportedOptionException.Option.DEVICE,
          "this process computes on GPU "
              + gpu.index()
              + " and cannot open GPU "
              + index
              + " as well: TornadoVM's CUDA driver has one GPU a process; start a process for each,"
              + " as mpirun does.");
    }
    return here.getFirst();
  }

  /** A rank that asks for no device has one like the first rank's for itself. */
  private static void requireOwn(int index, List<TornadoDevice> here, int cuda) {
    TornadoDevice first = here.getFirst();
    long like = cuda > 0 ? cuda : here.stream().filter(device -> isLike(device, first)).count();
    if (index >= like) {
      throw new UnsupportedOptionException(
          UnsupportedOptionException.Option.DEVICE,
          "rank "
              + index
              + " of this host, counted from 0, has no device of its own: there "
              + (like == 1 ? "is one" : "are " + like)
              + " like "
              + name(first)
              + "; start no more ranks than that on a host, or name a device that ranks share with"
              + " --device.");
    }
  }

  private static boolean isLike(TornadoDevice device, TornadoDevice first) {
    return device.getTornadoVMBackend() == first.getTornadoVMBackend()
        && device.getDeviceType() == first.getDeviceType();
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
