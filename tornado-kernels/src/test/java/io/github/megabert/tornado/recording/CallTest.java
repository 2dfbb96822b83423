// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.megabert.tornado.kernels.FloatKernelSet;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class CallTest {
  private static final Operand SCRATCH = new Operand.Scratch(0, 8, Element.FLOAT);
  private static final Kernel KERNEL = FloatKernelSet.SET.embed();

  private static int section(Object... arguments) {
    return new Call(KERNEL, List.copyOf(Arrays.asList(arguments)), null).section();
  }

  @Test
  void sectionsFollowTheIntegers() {
    Operand integers = Operand.INTEGERS;
    assertEquals(5, section(integers, 5, 9, SCRATCH, 3));
    assertEquals(7, section(SCRATCH, 2, integers, 7, -1, SCRATCH));
    assertEquals(9, section(integers, -1, 9, 12, SCRATCH, 3), "without token ids");
    assertEquals(-1, section(integers, -1, SCRATCH, 3));
    assertEquals(-1, section(SCRATCH, 4, 5f));
  }

  @Test
  void callsOfOtherSizesShareTheirKernel() {
    assertEquals(signature(5, 9, 48, 64, 3), signature(0, 57, 112, 64, 7));
    assertNotEquals(signature(5, 9, 48, 64, 3), signature(5, 9, 48, 128, 3), "columns");
    assertNotEquals(signature(5, 9, 48, 64, 3), signature(-1, 9, 48, 64, 3), "no token ids");
    assertEquals(List.of(1, 2, 3, 8), signature(5, 9, 48, 64, 3).sizes());
    assertEquals(List.of(2, 3, 8), signature(-1, 9, 48, 64, 3).sizes());
  }

  /** What is compiled for embeddings. */
  private static Signature signature(int idsAt, int typesAt, int rows, int columns, int groups) {
    Operand integers = Operand.INTEGERS;
    Object table = SCRATCH;
    return Signature.of(
        new Call(
            KERNEL,
            List.of(
                integers, idsAt, typesAt, typesAt + 1, table, table, table, table, rows, columns),
            null),
        new Grid(groups, 1, 256));
  }
}
