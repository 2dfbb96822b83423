// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.MpiRanks;
import io.github.megabert.parallel.Reduction;
import io.github.megabert.parallel.ThreadRanks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Locale;

/**
 * Times messages of several sizes among ranks, threads of this process or those of {@code mpirun}:
 * what a message takes, α, and what a byte takes, β.
 *
 * <pre>CommunicationMeasurement [RANKS]</pre>
 */
public final class CommunicationMeasurement {
  private static final long[] BYTES = {4, 4 << 10, 64 << 10, 1 << 20, 16 << 20, 64 << 20};
  private static final int TIMES = 15;

  private CommunicationMeasurement() {}

  /** Measures. */
  public static void main(String[] arguments) throws Exception {
    if (MpiRanks.isLaunched()) {
      MpiRanks.run(CommunicationMeasurement::measure);
    } else {
      ThreadRanks.run(Integer.parseInt(arguments[0]), CommunicationMeasurement::measure);
    }
  }

  private static void measure(Communicator world) {
    int ranks = world.size();
    for (long bytes : BYTES) {
      try (Arena arena = Arena.ofShared()) {
        MemorySegment floats = arena.allocate(bytes, 64);
        double oneWay = seconds(world, bytes, () -> pingPong(world, floats)) / 2;
        double sum = seconds(world, bytes, () -> world.allReduce(floats, Reduction.SUM));
        if (world.rank() == 0) {
          // A ring's bandwidth: each rank sends 2·(n − 1)/n of the bytes.
          System.out.printf(
              Locale.ROOT,
              "%d ranks, %9d bytes: a message %10.1f µs, %6.2f GB/s; an all-reduce %10.1f µs,"
                  + " %6.2f GB/s%n",
              ranks,
              bytes,
              oneWay * 1e6,
              bytes / oneWay * 1e-9,
              sum * 1e6,
              2.0 * (ranks - 1) / ranks * bytes / sum * 1e-9);
        }
      }
    }
  }

  private static void pingPong(Communicator world, MemorySegment floats) {
    if (world.rank() == 0) {
      world.send(floats, 1, 0);
      world.receive(floats, 1, 1);
    } else if (world.rank() == 1) {
      world.receive(floats, 0, 0);
      world.send(floats, 0, 1);
    }
  }

  /** The median of some times of an operation. */
  private static double seconds(Communicator world, long bytes, Runnable operation) {
    int inner = bytes <= 64 << 10 ? 200 : bytes <= 1 << 20 ? 20 : 1;
    double[] times = new double[TIMES];
    for (int i = -5; i < TIMES; i++) {
      world.barrier();
      long start = System.nanoTime();
      for (int k = 0; k < inner; k++) {
        operation.run();
      }
      if (i >= 0) {
        times[i] = (System.nanoTime() - start) * 1e-9 / inner;
      }
    }
    Arrays.sort(times);
    return times[TIMES / 2];
  }
}
