// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.MegaBertBuilder;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.cli.terminal.WrongUsage;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What computes answers, and how. */
public final class ComputeOptions {
  /**
   * Texts for which packing does not pay: with the 345M model it takes 0.3 to 2.2 s, and then 128
   * tokens take 0.1 s less.
   */
  private static final int FEW = 4;

  @Mixin private DeviceOptions device = new DeviceOptions();

  /** Names for {@code --dtype}, in lower case. */
  static final class TypeNames implements Iterable<String>, ITypeConverter<Precision> {
    private static final List<String> NAMES =
        Arrays.stream(Precision.values()).map(Precision::optionName).toList();

    @Override
    public Iterator<String> iterator() {
      return NAMES.iterator();
    }

    @Override
    public Precision convert(String text) {
      for (Precision precision : Precision.values()) {
        if (precision.optionName().equalsIgnoreCase(text)) {
          return precision;
        }
      }
      throw new TypeConversionException("\"" + text + "\" is none of " + String.join(", ", NAMES));
    }
  }

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      defaultValue = "f32",
      converter = TypeNames.class,
      completionCandidates = TypeNames.class,
      description =
          "How weights are stored: f32, bf16, f16, int8 (GPU: tf32 too). Default:"
              + " ${DEFAULT-VALUE}.")
  private Precision dtype = Precision.F32;

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

  /** Names for {@code --pack}, in lower case. */
  static final class PackNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Stream.of(Pack.values()).map(pack -> pack.name().toLowerCase(Locale.ROOT)).iterator();
    }
  }

  @Option(
      names = "--pack",
      paramLabel = "WHEN",
      defaultValue = "auto",
      completionCandidates = PackNames.class,
      description =
          "load: weights are packed for the vector backend when a model is opened. none: they are"
              + " read as they lie in the file, so that a first answer comes sooner and later ones"
              + " take longer. auto: none for up to four texts on the command line, in f32."
              + " Default: ${DEFAULT-VALUE}.")
  private Pack pack = Pack.AUTO;

  /** Opens the backend alone, for many texts. */
  public Backend open() {
    Backend opened = Backends.open(device.backend(), options(Integer.MAX_VALUE));
    try {
      requireUsedBy(opened);
      return opened;
    } catch (RuntimeException failure) {
      opened.close();
      throw failure;
    }
  }

  /** Says to a builder what computes its model, which is for so many texts. */
  public void apply(MegaBertBuilder builder, int texts) {
    BackendOptions options = options(texts);
    device.apply(builder);
    builder.precision(options.precision()).packing(options.packing());
  }

  /**
   * Checks that nothing is asked for which is for answers alone.
   *
   * @param what computes gradients
   * @throws WrongUsage if it would have no effect
   */
  public void requireForGradients(String what) {
    WrongUsage.unless(
        dtype == Precision.F32 || dtype == Precision.BF16,
        "--dtype "
            + dtype.optionName()
            + " stores weights for answers; "
            + what
            + " computes in f32 or bf16");
    WrongUsage.unless(
        pack == Pack.AUTO,
        "--pack is for answers; " + what + " reads weights that change, which are never packed");
  }

  private BackendOptions options(int texts) {
    boolean isQuick = texts <= FEW && dtype == Precision.F32;
    return device
        .options()
        .withPrecision(dtype)
        .withPacking(pack == Pack.LOAD || (pack == Pack.AUTO && !isQuick));
  }

  /** Threads of the vector backend. */
  public int threads() {
    return device.threads();
  }

  /**
   * Checks that the backend heeds what was asked for.
   *
   * @throws WrongUsage if it would ignore an option
   */
  public void requireUsedBy(Backend opened) {
    device.requireUsedBy(opened);
    WrongUsage.unless(
        pack == Pack.AUTO || opened.name().equals(Backends.VECTOR),
        "--pack is for the backend vector; " + opened.name() + " computes");
  }
}
