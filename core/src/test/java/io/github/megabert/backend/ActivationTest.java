// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.scalar.ScalarActivations;
import io.github.megabert.backend.vector.rows.Activations;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Every activation's name and values against those that transformers 5.17 computes in float64. */
class ActivationTest {
  private static final String DERIVATIVE = "derivative:";

  @Test
  void everyNameOfTransformersHasItsValues() throws IOException {
    double[] x = new double[0];
    int names = 0;
    int derivatives = 0;
    for (String line : lines()) {
      String[] words = line.split(" ");
      if (words[0].equals("#")) {
        continue;
      }
      double[] values = Arrays.stream(words).skip(1).mapToDouble(Double::parseDouble).toArray();
      if (words[0].equals("x")) {
        x = values;
        continue;
      }
      if (words[0].startsWith(DERIVATIVE)) {
        Activation activation = Activation.ofConfigName(words[0].substring(DERIVATIVE.length()));
        for (int i = 0; i < x.length; i++) {
          double derivative = ScalarActivations.derivative(activation, x[i]);
          assertEquals(values[i], derivative, 1e-10, words[0] + " at " + x[i]);
        }
        derivatives++;
      } else {
        assertValues(words[0], x, values);
        names++;
      }
    }
    assertEquals(22, names);
    assertEquals(17, derivatives);
  }

  private static void assertValues(String name, double[] x, double[] expected) {
    Activation activation = Activation.ofConfigName(name);
    float[] one = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      assertEquals(
          expected[i], ScalarActivations.apply(activation, x[i]), 1e-10, name + " of " + x[i]);
      one[i] = (float) x[i];
    }
    MemorySegment many = MemorySegment.ofArray(one.clone());
    Activations.apply(activation, many, 0, x.length);
    Activations.apply(activation, one);
    for (int i = 0; i < x.length; i++) {
      double tolerance = 1e-6 * Math.max(1, Math.abs(expected[i]));
      assertEquals(expected[i], one[i], tolerance, name + " of " + x[i]);
      assertEquals(
          expected[i], many.getAtIndex(ValueLayout.JAVA_FLOAT, i), tolerance, name + " of " + x[i]);
    }
  }

  @Test
  void otherNamesAreRefusedWithThoseThatThereAre() {
    Exception unknown =
        assertThrows(
            IllegalArgumentException.class, () -> Activation.ofConfigName("gelu_backwards"));
    assertTrue(
        unknown.getMessage().startsWith("unknown activation 'gelu_backwards'; known are linear,"),
        unknown.getMessage());
    for (String name : List.of("prelu", "xielu")) {
      Exception refusal =
          assertThrows(IllegalArgumentException.class, () -> Activation.ofConfigName(name));
      assertTrue(refusal.getMessage().contains("has weights of its own"), refusal.getMessage());
    }
  }

  private static List<String> lines() throws IOException {
    try (InputStream in =
        ActivationTest.class.getResourceAsStream("transformers-activations.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }
}
