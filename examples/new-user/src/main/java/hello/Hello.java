package hello;

import io.github.megabert.MegaBert;

class Hello {
  public static void main(String[] args) throws Exception {
    try (MegaBert bert = MegaBert.demo()) {
      bert.fillMask().apply("a dog is a domesticated [MASK].").forEach(IO::println);
    }
  }
}
