// SPDX-License-Identifier: Apache-2.0
package hello;

import io.github.megabert.MegaBert;

class Hello {
  public static void main(String[] args) throws Exception {
    try (MegaBert bert = MegaBert.demo()) {
      bert.fillMask().best("a dog is a domesticated [MASK].", 5).forEach(IO::println);
    }
  }
}
