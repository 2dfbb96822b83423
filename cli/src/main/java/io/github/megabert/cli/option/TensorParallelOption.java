// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.MegaBertBuilder;
import io.github.megabert.cli.terminal.RankScope;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.parallel.Communicator;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --tensor-parallel} of commands that answer: ranks that share one model. */
public final class TensorParallelOption implements Consumer<MegaBertBuilder>, RankLauncher.Ranked {
  @Option(
      names = "--tensor-parallel",
      paramLabel = "T",
      converter = Numbers.AtLeastOne.class,
      description =
          "Ranks that divide the model and answer together: threads of this process, or the"
              + " processes of mpirun -n T megabert … Default: 1.")
  private @Nullable Integer ranks;

  @Override
  public int threadRanks() {
    return ranks == null ? 1 : ranks;
  }

  /** Divides the model among the ranks that there are. */
  @Override
  public void accept(MegaBertBuilder builder) {
    Communicator world = RankScope.world();
    if (world == null) {
      return;
    }
    WrongUsage.unless(
        ranks != null && ranks == world.size(),
        (ranks == null ? "" : "--tensor-parallel " + ranks + ": ")
            + "mpirun has started "
            + world.size()
            + " ranks, which share one model: say --tensor-parallel "
            + world.size());
    builder.tensorParallel(world);
  }
}
