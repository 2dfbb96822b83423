// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import org.jspecify.annotations.Nullable;

/** Turns what TornadoVM throws when it cannot start into a sentence with the remedy. */
final class Reasons {
  private static final String FLAGS =
      "start java with @$TORNADOVM_HOME/tornado-argfile and the flags of docs/gpu.md";

  private Reasons() {}

  /** One sentence for the failure of the first use of TornadoVM. */
  static String of(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String message = plain(cause.getMessage());
    if (cause instanceof ClassNotFoundException || cause instanceof NoClassDefFoundError) {
      return "TornadoVM is not on the module path ("
          + message
          + " is missing); install its SDK, set TORNADOVM_HOME and "
          + FLAGS
          + ".";
    }
    if (cause instanceof UnsatisfiedLinkError || message.contains("JNI Library not found")) {
      return "a native library that TornadoVM's driver needs cannot be loaded ("
          + message
          + "); install the GPU's driver, or use a TornadoVM SDK whose driver fits this machine.";
    }
    if (cause instanceof IllegalAccessError) {
      return "the JVM lacks TornadoVM's flags (" + message + "); " + FLAGS + ".";
    }
    if (message.contains("platforms found")) {
      return "TornadoVM finds no device ("
          + message
          + "); install the GPU's driver, and see that nothing hides the device, as"
          + " CUDA_VISIBLE_DEVICES can.";
    }
    return "TornadoVM does not start ("
        + cause.getClass().getSimpleName()
        + (message.isEmpty() ? "" : ": " + message)
        + "); "
        + FLAGS
        + ", and check that the SDK's driver fits this machine.";
  }

  /** The first line of a message, without colours and the level of a log. */
  private static String plain(@Nullable String message) {
    String line = message == null ? "" : message.lines().findFirst().orElse("");
    return line.replaceAll("\\x1B\\[[0-9;]*m", "").replaceFirst("^\\[[A-Z]+\\] *", "").strip();
  }
}
