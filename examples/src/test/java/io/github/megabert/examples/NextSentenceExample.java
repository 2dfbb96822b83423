// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.NextSentence;

final class NextSentenceExample {
  private NextSentenceExample() {}

  static void continues(MegaBert bert) {
    NextSentence.Continuation result =
        bert.nextSentence().apply("a dog is an animal.", "it barks.");
    System.out.println(result.score() + " " + result.isNext());
  }
}
