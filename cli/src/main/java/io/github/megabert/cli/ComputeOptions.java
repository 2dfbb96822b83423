package io.github.megabert.cli;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import picocli.CommandLine.Option;

/** What computes, and how. */
final class ComputeOptions {
  /**
   * Texts for which packing does not pay: with the 345M model it takes 0.3 to 2.2 s, and then 128
   * tokens take 0.1 s less.
   */
  private static final int FEW = 4;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "auto, vector, scalar or tornado. Default: ${DEFAULT-VALUE}.")
  String backend = "auto";

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      defaultValue = "F32",
      description = "How weights are stored: f32, bf16, f16, int8 (GPU: tf32 too). Default: f32.")
  Precision dtype = Precision.F32;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads. Default: all processors.")
  int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--device", paramLabel = "N", description = "Index of the GPU. Default: 0.")
  int device;

  /** When weights are brought into the form that the CPU's kernels read fastest. */
  enum Pack {
    /**
     * Never, for up to {@link ComputeOptions#FEW} texts in float32; otherwise when a model is
     * opened.
     */
    AUTO,
    /** When a model is opened. */
    LOAD,
    /** Never: they are read as they lie in the file. */
    NONE
  }

  @Option(
      names = "--pack",
      paramLabel = "WHEN",
      defaultValue = "AUTO",
      description =
          "load: weights are packed for the CPU's kernels when a model is opened. none: they are read"
              + " as they lie in the file, so that a first answer comes sooner and later ones take"
              + " longer. auto: none for up to four texts on the command line, in f32. Default: auto.")
  private Pack pack = Pack.AUTO;

  /** Opens the backend alone, for many texts. */
  Backend open() {
    return Backends.open(
        backend, new BackendOptions(threads, dtype, device, packs(Integer.MAX_VALUE)));
  }

  /** Whether weights are packed, where so many texts are to be answered. */
  boolean packs(int texts) {
    boolean isQuick = texts <= FEW && dtype == Precision.F32;
    return pack == Pack.LOAD || (pack == Pack.AUTO && !isQuick);
  }
}
