// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.MultipleChoice;
import java.util.List;

final class MultipleChoiceExample {
  private MultipleChoiceExample() {}

  static void choose(MegaBert bert) {
    List<String> choices = List.of("It slept.", "It was elected.");
    MultipleChoice.Choice choice =
        bert.multipleChoice().apply("The cat lay down on the sofa.", choices);
    System.out.println(choices.get(choice.choice()) + " " + choice.scores());
  }
}
