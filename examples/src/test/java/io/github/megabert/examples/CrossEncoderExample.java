// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.CrossEncoder;
import java.util.List;

final class CrossEncoderExample {
  private CrossEncoderExample() {}

  static void rank(MegaBert bert) {
    CrossEncoder encoder = bert.crossEncoder();
    List<String> found = List.of("A dog barks.", "It rains.");
    for (CrossEncoder.Ranked text : encoder.rank("a pet", found)) {
      System.out.println(text.relevance().score() + " " + text.text());
    }
  }
}
