// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.train.metrics.EntityCounts.Entity;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Cases by hand. */
class MetricsTest {
  @Test
  void theMeanLossWeighsEveryItemTheSame() {
    MeanLoss loss = new MeanLoss();
    loss.add(1, 3);
    loss.add(3, 1);
    loss.add(Double.NaN, 0);
    assertEquals(1.5, loss.loss());
    assertEquals(Math.exp(1.5), loss.perplexity());
    assertEquals(Double.NaN, new MeanLoss().loss());
    assertThrows(IllegalArgumentException.class, () -> loss.add(1, -1));
  }

  @Test
  void perplexityOfAUniformGuessIsTheNumberOfTokens() {
    MeanLoss loss = new MeanLoss();
    loss.add(Math.log(8192), 7);
    assertEquals(8192, loss.perplexity(), 1e-8);
  }

  @Test
  void entitiesAreReadOffLenientTags() {
    assertEquals(
        List.of(new Entity("PER", 0, 1), new Entity("LOC", 3, 3), new Entity("PER", 4, 5)),
        EntityCounts.entities(List.of("B-PER", "I-PER", "O", "B-LOC", "I-PER", "I-PER")));
    assertEquals(
        List.of(new Entity("X", 0, 0), new Entity("X", 1, 1)),
        EntityCounts.entities(List.of("B-X", "B-X")));
    assertEquals(List.of(), EntityCounts.entities(List.of()));
  }

  @Test
  void whatIsNoPredictionIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new ConfusionMatrix(2).add(0, 2));
    assertThrows(IllegalArgumentException.class, () -> new ConfusionMatrix(2).add(-1, 0));
    assertThrows(IllegalArgumentException.class, () -> new ConfusionMatrix(0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new EntityCounts().add(List.of("O"), List.of("O", "O")));
    assertThrows(IllegalArgumentException.class, () -> EntityCounts.entities(List.of("")));
    assertThrows(
        IllegalArgumentException.class,
        () -> new MultiLabelCounts(2).add(new boolean[2], new boolean[1]));
  }

  @Test
  void nothingCountedGivesZero() {
    assertEquals(0, new ConfusionMatrix(2).accuracy());
    assertEquals(0, new ConfusionMatrix(2).f1Macro());
    assertEquals(0, new ConfusionMatrix(2).matthews());
    assertEquals(0, new MultiLabelCounts(1).f1Weighted());
    assertEquals(0, new EntityCounts().all().f1());
    assertEquals(0, new AnswerScores().all().f1());
  }
}
