// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

/** Opens one kind of backend; found by {@link java.util.ServiceLoader}. */
public interface BackendProvider {
  /**
   * Whether a backend can compute on this machine.
   *
   * @param available true if {@link #open} is expected to succeed
   * @param preferred true if {@code auto} may take it; false for one that another serves better,
   *     which opens by its name only
   * @param device the hardware it would use and what serves there, or an empty string
   * @param reason where it is not available, one sentence with the cause and the remedy; otherwise
   *     an empty string
   */
  record Availability(boolean available, boolean preferred, String device, String reason) {
    /** A backend that is preferred where it is available. */
    public Availability(boolean available, String device, String reason) {
      this(available, available, device, reason);
    }
  }

  /** The name on the command line, such as {@code vector}. */
  String name();

  /** Larger is preferred by {@code auto}: scalar 0, vector 100, a GPU 200. */
  int priority();

  /**
   * Finds out whether the backend can compute on this machine. No side effect outlasts the call.
   */
  Availability availability();

  /**
   * Likewise, before a backend is opened with these options: a provider may then choose the device
   * that the process has from here on.
   */
  default Availability availability(BackendOptions options) {
    return availability();
  }

  /**
   * Opens the backend.
   *
   * @throws UnsupportedOptionException if it does not know the precision, or has no such device
   * @throws UnsupportedOperationException if it is not available; the message is one sentence with
   *     the remedy
   */
  Backend open(BackendOptions options);
}
