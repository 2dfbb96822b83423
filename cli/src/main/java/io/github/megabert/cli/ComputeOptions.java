package io.github.megabert.cli;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import picocli.CommandLine.Option;

/** What computes, and how. */
final class ComputeOptions {
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
    /** When a model is opened. */
    LOAD,
    /** Never: they are read as they lie in the file. */
    NONE
  }

  @Option(
      names = "--pack",
      paramLabel = "WHEN",
      defaultValue = "LOAD",
      description =
          "load: weights are packed for the CPU's kernels when a model is opened. none: they are read"
              + " as they lie in the file, so that a first answer comes sooner and later ones take"
              + " longer. Default: load.")
  Pack pack = Pack.LOAD;

  /** Opens the backend alone. */
  Backend open() {
    return Backends.open(backend, new BackendOptions(threads, dtype, device, pack == Pack.LOAD));
  }
}
