// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * What {@code MpiRanksTest} starts as ranks: the case, a seed and a folder are its arguments. Each
 * rank prints to a file of its own there, for {@code mpirun} may end without passing all lines on.
 */
final class MpiRankMain {
  private MpiRankMain() {}

  public static void main(String[] args) throws IOException {
    String rank = System.getenv("OMPI_COMM_WORLD_RANK");
    rank = rank == null ? System.getenv("PMI_RANK") : rank;
    if (rank != null) {
      String file = Path.of(args[2], outputOf(rank)).toString();
      PrintStream output = new PrintStream(file, StandardCharsets.UTF_8);
      System.setOut(output);
      System.setErr(output);
    }
    try {
      MpiRanks.run(world -> work(world, args[0], Long.parseLong(args[1])));
      System.out.println("done");
    } catch (Exception e) {
      System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
      if (args[0].equals("claims")) {
        e.printStackTrace(System.out);
      }
      System.exit(1);
    }
  }

  static String outputOf(String rank) {
    return "rank-" + rank + ".txt";
  }

  private static void work(Communicator world, String task, long seed) {
    boolean isVictim = world.rank() == world.size() - 1;
    switch (task) {
      case "claims" -> CommunicatorClaims.check(world, seed);
      case "throw" -> {
        world.barrier();
        if (isVictim) {
          throw new IllegalStateException("the disk is full");
        }
        world.allReduce(Arena.ofAuto().allocate(400_000, 4), Reduction.SUM);
      }
      case "kill" -> {
        world.barrier();
        if (isVictim) {
          Runtime.getRuntime().halt(3);
        }
        world.receive(Arena.ofAuto().allocate(4, 4), world.size() - 1, 0);
      }
      case "split" -> {
        world.barrier();
        if (isVictim) {
          Runtime.getRuntime().halt(3);
        }
        world.split(0, 0);
      }
      default -> throw new IllegalArgumentException(task);
    }
  }
}
