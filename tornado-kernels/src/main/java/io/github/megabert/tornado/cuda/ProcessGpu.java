// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.cuda;

import java.lang.reflect.Constructor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one GPU of NVIDIA's that this process computes on.
 *
 * <p>TornadoVM's CUDA driver makes one context, on the first GPU of its list, and computes there
 * whichever of its devices a plan asks for: two ranks with devices 0 and 1 would share a GPU. So
 * before TornadoVM starts, its list is cut down to the GPU that is wanted. A process has no other
 * afterwards.
 *
 * @param index in the order of NVIDIA's driver, from 0
 * @param count GPUs that the driver finds; 0 where TornadoVM has no CUDA driver here
 */
public record ProcessGpu(int index, int count) {
  private static final String PACKAGE = "uk.ac.manchester.tornado.drivers.cuda.";

  private static @Nullable ProcessGpu chosen;

  /**
   * Chooses a GPU unless one has been chosen before; the first where there is none of this index.
   *
   * @return what has been chosen, now or before
   */
  public static synchronized ProcessGpu choose(int wanted) {
    ProcessGpu present = chosen;
    if (present == null) {
      present = show(wanted);
      chosen = present;
    }
    return present;
  }

  private static ProcessGpu show(int wanted) {
    try {
      Class<?> driver = Class.forName(PACKAGE + "CUDADriver");
      if ((int) driver.getMethod("getNumPlatforms").invoke(null) == 0) {
        return new ProcessGpu(0, 0);
      }
      Object platform = driver.getMethod("getPlatform", int.class).invoke(null, 0);
      @SuppressWarnings("unchecked") // The platform's own list, of what is made below.
      var gpus = (List<Object>) platform.getClass().getMethod("getDevices").invoke(platform);
      int count = gpus.size();
      int index = wanted < count ? wanted : 0;
      if (count > 1) {
        Object gpu = gpus.get(index);
        Class<?> type = gpu.getClass();
        Object pointer = type.getMethod("getDevicePointer").invoke(gpu);
        Constructor<?> numbered = type.getConstructor(int.class, long.class);
        gpus.clear();
        gpus.add(numbered.newInstance(0, pointer));
      }
      return new ProcessGpu(index, count);
    } catch (ClassNotFoundException | LinkageError missing) {
      // TornadoVM has another driver, or says itself why this one does not start.
      return new ProcessGpu(0, 0);
    } catch (ReflectiveOperationException changed) {
      throw new IllegalStateException(
          "this TornadoVM is not the version that MegaBERT was built for, 5.2.0-jdk25", changed);
    }
  }
}
