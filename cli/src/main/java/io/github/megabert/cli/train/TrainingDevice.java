// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Precision;
import io.github.megabert.cli.option.DeviceOptions;
import io.github.megabert.cli.terminal.WrongUsage;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What computes a training run, and in which numbers. */
public final class TrainingDevice {
  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      defaultValue = "f32",
      description =
          "What is computed in: f32, or bf16, which keeps activations in half the memory; parameters"
              + " and gradients stay f32. Default: ${DEFAULT-VALUE}.")
  private Type dtype = Type.F32;

  /** Types that a model may be trained in. */
  enum Type {
    F32(Precision.F32),
    BF16(Precision.BF16);

    private final Precision precision;

    Type(Precision precision) {
      this.precision = precision;
    }
  }

  /** The backend's name. */
  String backend() {
    return device.backend();
  }

  /** What the backend is opened with. */
  BackendOptions options() {
    return device.options().withPrecision(dtype.precision);
  }

  /**
   * Checks that the backend heeds what was asked for.
   *
   * @throws WrongUsage if it does not
   */
  void requireUsed() {
    device.requireUsed();
  }
}
