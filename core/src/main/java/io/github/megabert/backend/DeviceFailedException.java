// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

/**
 * A device has failed while it computed: it is lost, or its driver reports an error that it does
 * not recover from. What it held is lost too, and this process computes on it no more.
 */
public final class DeviceFailedException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  private final String device;
  private final String reason;

  /**
   * A failure.
   *
   * @param device in words
   * @param reason what its driver says, without a full stop
   */
  public DeviceFailedException(String device, String reason, Throwable cause) {
    super(
        device + " failed: " + reason + "; this process cannot compute on it again, another may",
        cause);
    this.device = device;
    this.reason = reason;
  }

  /** The device in words. */
  public String device() {
    return device;
  }

  /** What its driver says. */
  public String reason() {
    return reason;
  }
}
