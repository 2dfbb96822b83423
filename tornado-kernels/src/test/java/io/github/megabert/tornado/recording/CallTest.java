// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
}
