// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.model.generation.GeneratedSequence;
import io.github.megabert.task.TextEmbedding.Embedding;
import io.github.megabert.task.TextGeneration.Generated;
import org.junit.jupiter.api.Test;

/** Results are values: they compare and print by what they hold. */
class ValuesTest {
  private static Embedding embedding(float... vector) {
    return new Embedding(vector, 4, 1, 0);
  }

  private static Generated generated(int... tokenIds) {
    return new Generated("a dog", " dog", tokenIds, 0.5, GeneratedSequence.Reason.MAX_NEW_TOKENS);
  }

  @Test
  void embeddingsCompareAndPrintByContent() {
    assertEquals(embedding(1, 2), embedding(1, 2));
    assertEquals(embedding(1, 2).hashCode(), embedding(1, 2).hashCode());
    assertNotEquals(embedding(1, 2), embedding(1, 3));
    assertNotEquals(embedding(1, 2), new Embedding(new float[] {1, 2}, 5, 1, 0));
    assertEquals(
        "Embedding[vector=[1.0, 2.0], tokens=4, windows=1, truncatedTokens=0]",
        embedding(1, 2).toString());
  }

  @Test
  void generatedTextsCompareAndPrintByContent() {
    assertEquals(generated(1, 2), generated(1, 2));
    assertEquals(generated(1, 2).hashCode(), generated(1, 2).hashCode());
    assertNotEquals(generated(1, 2), generated(1));
    assertEquals(
        "Generated[text=a dog, newText= dog, tokenIds=[1, 2], score=0.5, reason=MAX_NEW_TOKENS]",
        generated(1, 2).toString());
  }

  @Test
  void cosineIsTheAngleWhateverTheLengths() {
    assertEquals(1, embedding(3, 4).cosine(embedding(30, 40)), 1e-12);
    assertEquals(0, embedding(3, 4).cosine(embedding(-4, 3)), 1e-12);
    assertEquals(-1, embedding(3, 4).cosine(embedding(-3, -4)), 1e-12);
    assertEquals(24.0 / 25, embedding(3, 4).cosine(embedding(4, 3)), 1e-7);
    assertEquals(0, embedding(0, 0).cosine(embedding(1, 2)));
    Exception refused =
        assertThrows(IllegalArgumentException.class, () -> embedding(1).cosine(embedding(1, 2)));
    assertEquals(
        "vectors of 1 and 2 numbers cannot be compared; they come from different models",
        refused.getMessage());
  }
}
