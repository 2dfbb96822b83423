package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.FillMask;
import java.io.IOException;
import java.util.List;

final class FillMaskExample {
  private FillMaskExample() {}

  public static void main(String[] args) throws IOException {
    try (MegaBert bert = MegaBert.demo()) {
      FillMask fillMask = bert.fillMask();
      for (FillMask.Candidate candidate : fillMask.apply("a dog is a domesticated [MASK].")) {
        System.out.println(candidate.score() + "  " + candidate.token());
      }
    }
  }

  static void severalMasks(FillMask fillMask) {
    FillMask.Options options = new FillMask.Options(2, List.of("animal", "plant"));
    List<List<FillMask.Candidate>> masks = fillMask.apply("a [MASK] is not a [MASK].", options);
    for (List<FillMask.Candidate> candidates : masks) {
      System.out.println(candidates.getFirst().sequence());
    }
  }
}
