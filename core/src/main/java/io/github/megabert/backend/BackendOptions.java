package io.github.megabert.backend;

/**
 * What a caller may ask of a backend.
 *
 * @param threads CPU threads for one computation, the caller included; at least 1
 * @param precision storage of matrix weights
 * @param device index of the device, for backends that have several
 */
public record BackendOptions(int threads, Precision precision, int device) {
  /** All processors, float32, device 0. */
  public static final BackendOptions DEFAULT =
      new BackendOptions(Runtime.getRuntime().availableProcessors(), Precision.F32, 0);

  /** Checks the ranges. */
  public BackendOptions {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, not " + threads);
    }
    if (device < 0) {
      throw new IllegalArgumentException("device must not be negative: " + device);
    }
  }

  /** These options with another number of threads. */
  public BackendOptions withThreads(int value) {
    return new BackendOptions(value, precision, device);
  }

  /** These options with another precision. */
  public BackendOptions withPrecision(Precision value) {
    return new BackendOptions(threads, value, device);
  }

  /** These options with another device. */
  public BackendOptions withDevice(int value) {
    return new BackendOptions(threads, precision, value);
  }
}
