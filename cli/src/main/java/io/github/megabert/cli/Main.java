package io.github.megabert.cli;

/** Entry point of the {@code megabert} command. */
public final class Main {
  private Main() {}

  /** Runs the command. */
  public static void main(String[] arguments) {
    System.out.println("megabert");
  }
}
