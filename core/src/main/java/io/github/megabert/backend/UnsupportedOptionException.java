// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

/**
 * A backend cannot do what one of its {@link BackendOptions} asks for. The message is one sentence
 * with the remedy.
 */
public final class UnsupportedOptionException extends UnsupportedOperationException {
  private static final long serialVersionUID = 1L;

  /** The option that must be another. */
  public enum Option {
    /** {@link BackendOptions#precision}. */
    PRECISION,
    /** {@link BackendOptions#device}. */
    DEVICE
  }

  private final Option option;

  /** A refusal of what an option asks for. */
  public UnsupportedOptionException(Option option, String message) {
    super(message);
    this.option = option;
  }

  /** The option that must be another. */
  public Option option() {
    return option;
  }
}
