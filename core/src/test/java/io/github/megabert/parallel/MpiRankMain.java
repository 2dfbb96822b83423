// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
    if (args[0].equals("messages")) {
      System.setProperty("megabert.mpi.common-memory", "off");
    }
    try {
      MpiRanks.run(world -> work(world, args[0], Long.parseLong(args[1])));
      boolean isCommon = Files.readString(Path.of("/proc/self/maps")).contains("memfd:megabert");
      System.out.println(isCommon ? "done, with common memory" : "done");
    } catch (Exception e) {
      System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
      if (args[0].equals("claims") || args[0].equals("messages")) {
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
      case "claims", "messages" -> CommunicatorClaims.check(world, seed);
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
      case "kill in an all-reduce" -> {
        MemorySegment floats = Arena.ofAuto().allocate(4_000_000, 4);
        world.allReduce(floats, Reduction.SUM);
        if (isVictim) {
          Runtime.getRuntime().halt(3);
        }
        world.allReduce(floats, Reduction.SUM);
      }
      case "disagree" -> {
        MemorySegment floats = Arena.ofAuto().allocate(40_000, 4);
        if (isVictim) {
          world.broadcast(floats, 0);
        } else {
          world.allReduce(floats, Reduction.SUM);
        }
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
