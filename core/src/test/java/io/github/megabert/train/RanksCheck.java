// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.MpiRanks;
import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Trains a small model by two processes with a GPU each, divided in every {@link Division way}, and
 * beside it by two that compute in plain loops: {@code mpirun -n 2 java … RanksCheck BF16 FOLDER}.
 * It ends with 1 if losses differ by more than the precision explains.
 */
public final class RanksCheck {
  private static final int STEPS = 10;

  private RanksCheck() {}

  /** Runs it; the arguments are a precision and a folder that all ranks see. */
  public static void main(String[] arguments) throws Exception {
    Precision precision = Precision.valueOf(arguments[0]);
    Path folder = Files.createDirectories(Path.of(arguments[1]));
    boolean[] isRight = new boolean[1];
    MpiRanks.run(world -> isRight[0] = check(world, precision, folder));
    // TornadoVM's threads do not end by themselves.
    System.exit(isRight[0] ? 0 : 1);
  }

  private static boolean check(Communicator world, Precision precision, Path folder) {
    double bound = precision == Precision.F32 ? 1e-4 : 1e-2;
    boolean isRight = true;
    List<MetricsLine.Step> expected = train(Division.SAMPLES.run(Backends.SCALAR), world, folder);
    for (Division division : Division.values()) {
      ParallelRun run = division.run(Backends.TORNADO).withPrecision(precision);
      List<MetricsLine.Step> actual = train(run, world, folder);
      double worst = 0;
      for (int i = 0; i < STEPS; i++) {
        double loss = expected.get(i).loss();
        worst = Math.max(worst, Math.abs(actual.get(i).loss() - loss) / loss);
      }
      isRight &= worst <= bound;
      if (world.rank() == 0) {
        System.out.printf(
            Locale.ROOT,
            "%-4s %-18s loss %.5f to %.5f, at most %.1e from that of plain loops%n",
            precision.optionName(),
            division,
            actual.getFirst().loss(),
            actual.getLast().loss(),
            worst);
      }
    }
    return isRight;
  }

  private static List<MetricsLine.Step> train(ParallelRun run, Communicator world, Path folder) {
    try {
      byte[] name = world.broadcastBytes(Long.toHexString(System.nanoTime()).getBytes(US_ASCII), 0);
      return run.thatStopsAfter(STEPS).train(world, folder.resolve(new String(name, US_ASCII)));
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
