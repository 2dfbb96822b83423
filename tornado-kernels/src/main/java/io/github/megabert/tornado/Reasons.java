package io.github.megabert.tornado;

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
    String message = cause.getMessage() == null ? "" : cause.getMessage();
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
    return "TornadoVM does not start ("
        + cause.getClass().getSimpleName()
        + (message.isEmpty() ? "" : ": " + message.lines().findFirst().orElse(""))
        + "); "
        + FLAGS
        + ", and check that the SDK's driver fits this machine.";
  }
}
