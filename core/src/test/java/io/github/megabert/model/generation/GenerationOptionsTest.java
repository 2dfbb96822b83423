// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.model.generation.GenerationOptions.EarlyStopping;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class GenerationOptionsTest {
  private static void assertRefused(
      UnaryOperator<GenerationOptions.Builder> change, String message) {
    GenerationOptions.Builder builder = change.apply(GenerationOptions.builder());
    Exception refused = assertThrows(IllegalArgumentException.class, builder::build);
    assertEquals(message, refused.getMessage());
  }

  @Test
  void optionsOfSamplingAreRefusedWithoutIt() {
    String remedy = ", which has no effect without sample(true); add that, or leave this out";
    assertRefused(builder -> builder.temperature(0.7), "temperature is 0.7" + remedy);
    assertRefused(builder -> builder.topK(5), "topK is 5" + remedy);
    assertRefused(builder -> builder.topP(0.9), "topP is 0.9" + remedy);
    assertRefused(builder -> builder.minP(0.1), "minP is 0.1" + remedy);
    assertRefused(builder -> builder.seed(7), "seed is 7" + remedy);
    GenerationOptions drawn =
        GenerationOptions.builder().sample(true).temperature(0.7).topK(5).seed(7).build();
    assertEquals(drawn, drawn.toBuilder().build());
  }

  @Test
  void optionsOfBeamSearchAreRefusedWithoutBeams() {
    String remedy = ", which has no effect without several beams; add that, or leave this out";
    assertRefused(builder -> builder.lengthPenalty(2), "lengthPenalty is 2.0" + remedy);
    assertRefused(
        builder -> builder.earlyStopping(EarlyStopping.NEVER), "earlyStopping is NEVER" + remedy);
    assertEquals(2, GenerationOptions.builder().beams(3).lengthPenalty(2).build().lengthPenalty());
  }
}
