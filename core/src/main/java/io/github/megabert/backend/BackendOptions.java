// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

/**
 * The options of a backend.
 *
 * @param threads CPU threads for one computation, the caller included; 1 … {@link #MOST_THREADS}
 * @param precision storage of matrix weights
 * @param device index of the device, for backends that have several
 * @param isDeviceOfRank whether the index is that of a rank on its host, for which nobody has named
 *     a device: it then counts only devices of the first one's driver and kind, so that no two
 *     ranks compute on one unasked
 * @param packing whether weights are brought into the form that kernels read fastest when a model
 *     is opened. Otherwise the {@code vector} backend takes them as they lie in a mapped file,
 *     which must then outlive it, and transposes them at each product: the first answer comes
 *     sooner, later ones take longer. Other backends ignore it
 */
public record BackendOptions(
    int threads, Precision precision, int device, boolean isDeviceOfRank, boolean packing) {
  /** The most threads that can be asked for; no machine has as many processors. */
  public static final int MOST_THREADS = 4096;

  /** All processors, float32, device 0. */
  public static final BackendOptions DEFAULT =
      new BackendOptions(Runtime.getRuntime().availableProcessors(), Precision.F32, 0);

  /** Weights are packed. */
  public BackendOptions(int threads, Precision precision, int device) {
    this(threads, precision, device, false, true);
  }

  /** Checks the ranges. */
  public BackendOptions {
    if (threads < 1 || threads > MOST_THREADS) {
      throw new IllegalArgumentException(
          "threads must be in 1 … " + MOST_THREADS + ", not " + threads);
    }
    if (device < 0) {
      throw new IllegalArgumentException("device must not be negative: " + device);
    }
  }

  /** These options with another number of threads. */
  public BackendOptions withThreads(int value) {
    return new BackendOptions(value, precision, device, isDeviceOfRank, packing);
  }

  /** These options with another precision. */
  public BackendOptions withPrecision(Precision value) {
    return new BackendOptions(threads, value, device, isDeviceOfRank, packing);
  }

  /** These options with another device. */
  public BackendOptions withDevice(int value) {
    return new BackendOptions(threads, precision, value, false, packing);
  }

  /**
   * These options with the device of a rank for which none is named.
   *
   * @param before ranks before it on its host
   */
  public BackendOptions withDeviceOfRank(int before) {
    return new BackendOptions(threads, precision, before, true, packing);
  }

  /** These options with or without packing. */
  public BackendOptions withPacking(boolean value) {
    return new BackendOptions(threads, precision, device, isDeviceOfRank, value);
  }
}
