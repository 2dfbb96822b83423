// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.MegaBertBuilder;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.cli.terminal.RankScope;
import io.github.megabert.cli.terminal.WrongUsage;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which processor computes. */
public final class DeviceOptions {
  /** Names for {@code --backend}: those that can be found, and the one that is built apart. */
  static final class BackendNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return List.of(Backends.AUTO, Backends.VECTOR, Backends.SCALAR, Backends.TORNADO).iterator();
    }
  }

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      completionCandidates = BackendNames.class,
      description = "auto, vector, scalar or tornado. Default: ${DEFAULT-VALUE}.")
  private String backend = Backends.AUTO;

  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = Threads.class,
      description =
          "Threads of the vector backend, of each rank. Default: all processors, shared among the"
              + " ranks.")
  private @Nullable Integer threads;

  @Option(
      names = "--device",
      paramLabel = "N",
      converter = Numbers.AtLeastZero.class,
      description =
          "Index of the GPU. Default: 0; with several ranks, 0 for the first rank of a host, 1 for"
              + " the second, and so on.")
  private @Nullable Integer device;

  /** A number of threads that a machine may have. */
  public static final class Threads implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) throws Exception {
      int threads = new Numbers.AtLeastOne().convert(text);
      if (threads > BackendOptions.MOST_THREADS) {
        throw new TypeConversionException(
            threads
                + " threads are more than the "
                + BackendOptions.MOST_THREADS
                + " that are possible; this machine has "
                + Runtime.getRuntime().availableProcessors()
                + " processors");
      }
      return threads;
    }
  }

  /** The name of the backend. */
  public String backend() {
    return backend;
  }

  /** Threads of the vector backend. */
  int threads() {
    return threads == null ? RankScope.threads() : threads;
  }

  /** Says to a builder what computes its model. */
  void apply(MegaBertBuilder builder) {
    builder.backend(backend).threads(threads());
    if (device == null) {
      builder.deviceOfRank(RankScope.device());
    } else {
      builder.device(device);
    }
  }

  /**
   * Checks that the backend which will be opened heeds what was asked for.
   *
   * @throws WrongUsage if it would ignore an option
   */
  public void requireUsed() {
    if (threads != null || device != null) {
      try (Backend opened = Backends.open(backend, options())) {
        requireUsedBy(opened);
      }
    }
  }

  /** All but the backend's name, in float32. */
  public BackendOptions options() {
    BackendOptions options = BackendOptions.DEFAULT.withThreads(threads());
    return device == null
        ? options.withDeviceOfRank(RankScope.device())
        : options.withDevice(device);
  }

  /**
   * Checks that the backend heeds what was asked for.
   *
   * @throws WrongUsage if it would ignore an option
   */
  void requireUsedBy(Backend opened) {
    String name = opened.name();
    boolean oneThread = threads != null && threads == 1;
    WrongUsage.unless(
        threads == null
            || name.equals(Backends.VECTOR)
            || (oneThread && name.equals(Backends.SCALAR)),
        "--threads is for the backend vector; " + name + " computes");
    WrongUsage.unless(
        device == null || name.equals(Backends.TORNADO),
        "--device chooses a GPU, for the backend tornado; " + name + " computes");
  }
}
