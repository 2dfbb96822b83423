package io.github.megabert.parallel;

import java.lang.foreign.Arena;

/** What {@code MpiRanksTest} starts as ranks: the case and a seed are its arguments. */
final class MpiRankMain {
  private MpiRankMain() {}

  public static void main(String[] args) {
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
