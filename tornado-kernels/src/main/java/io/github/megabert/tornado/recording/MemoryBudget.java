// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import io.github.megabert.tornado.cuda.CudaDriver;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** What a device has room for, and what this backend has taken of it. */
final class MemoryBudget {
  private static final String LIMIT = "tornado.device.memory";

  /** For what the libraries and the driver take by themselves: workspaces, code, events. */
  private static final long RESERVE = 256L << 20;

  private final String device;
  private final long total;
  private final long limit;
  private final @Nullable CudaDriver driver;
  private long taken;
  private long announced;

  /**
   * Asks the device.
   *
   * @param name the device in words
   * @param driver tells what other programs have left free; null where it cannot be asked
   */
  MemoryBudget(String name, TornadoDevice device, @Nullable CudaDriver driver) {
    this(name, device.getMaxGlobalMemory(), parse(System.getProperty(LIMIT, "4GB")), driver);
  }

  MemoryBudget(String device, long total, long limit, @Nullable CudaDriver driver) {
    this.device = device;
    this.total = total;
    this.limit = limit;
    this.driver = driver;
  }

  /**
   * Counts memory for a weight as taken.
   *
   * @throws IllegalStateException if it does not fit, with what is needed and what there is
   */
  void takeForWeight(long bytes) {
    take("the model's next weight", "use a smaller precision", bytes);
  }

  /**
   * Counts scratch memory for a call as taken.
   *
   * @throws IllegalStateException if it does not fit, with what is needed and what there is
   */
  void takeForCall(long bytes) {
    take("the call", "pass fewer or shorter sequences at a time", bytes);
  }

  private synchronized void take(String what, String remedy, long bytes) {
    if (bytes == 0) {
      return;
    }
    long left = Math.min(total - RESERVE, limit) - taken;
    if (driver != null) {
      // What has been taken but not yet copied there still counts as free.
      left = Math.min(left, driver.freeMemory() - RESERVE - announced);
    }
    if (bytes > left) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s needs %s of device memory, and of the %s of %s %s are left beside the %s in use:"
                  + " %s%s.",
              what,
              size(bytes),
              size(total),
              device,
              size(Math.max(0, left)),
              size(taken),
              remedy,
              limit < total ? ", or raise -D" + LIMIT + " from " + size(limit) : ""));
    }
    taken += bytes;
    announced += bytes;
  }

  /** Everything taken so far has been allocated on the device. */
  synchronized void allocated() {
    announced = 0;
  }

  /** Bytes taken. */
  synchronized long taken() {
    return taken;
  }

  /** A size in words. */
  static String size(long bytes) {
    return bytes >= 1L << 30
        ? String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30))
        : String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1L << 20));
  }

  /** A size as TornadoVM reads it, such as {@code 64GB}. */
  static long parse(String size) {
    String unit = size.replaceAll("[0-9]", "").toUpperCase(Locale.ROOT);
    long number = Long.parseLong(size.replaceAll("[^0-9]", ""));
    return switch (unit) {
      case "GB" -> number << 30;
      case "MB" -> number << 20;
      case "KB" -> number << 10;
      default -> number;
    };
  }
}
