// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.train.data.Example;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.ExampleSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Function;

/** Keeps the examples with the highest losses. Texts are read again only for those. */
final class WorstExamples {
  /** An example by its number in the source, from 0. */
  private record Kept(int example, double loss, String predicted) {}

  private static final Comparator<Kept> BY_LOSS =
      Comparator.comparingDouble(Kept::loss)
          .thenComparing(Comparator.comparingInt(Kept::example).reversed());

  private final int count;
  private final PriorityQueue<Kept> kept = new PriorityQueue<>(BY_LOSS);

  WorstExamples(int count) {
    this.count = count;
  }

  /** Whether any are asked for. */
  boolean isWanted() {
    return count > 0;
  }

  /** Takes note of an example. */
  void add(int example, double loss, String predicted) {
    if (count > 0) {
      kept.add(new Kept(example, loss, predicted));
      if (kept.size() > count) {
        kept.remove();
      }
    }
  }

  /** The judgements, the highest loss first. */
  <E extends Example> List<Evaluation.Judgement> read(
      ExampleSource<E> source, Function<E, String> text, Function<E, String> expected)
      throws IOException {
    if (kept.isEmpty()) {
      return List.of();
    }
    Map<Integer, Kept> byExample = HashMap.newHashMap(kept.size());
    kept.forEach(one -> byExample.put(one.example(), one));
    List<Evaluation.Judgement> judgements = new ArrayList<>(kept.size());
    try (ExampleReader<E> reader = source.open()) {
      int index = 0;
      for (E example = reader.read(); example != null; example = reader.read()) {
        Kept one = byExample.get(index++);
        if (one != null) {
          judgements.add(
              new Evaluation.Judgement(
                  text.apply(example), expected.apply(example), one.predicted(), one.loss()));
        }
      }
    }
    judgements.sort(Comparator.comparingDouble(Evaluation.Judgement::loss).reversed());
    return judgements;
  }
}
