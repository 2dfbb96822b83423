// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.megabert.model.MessageBuffers.Buffer;
import io.github.megabert.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Messages' memory is used again, and there is as much of it as was in use at a time. */
class MessageBuffersTest {
  private final MessageBuffers buffers = new MessageBuffers();

  @Test
  void whatIsGivenBackIsTakenAgain() {
    Buffer first = buffers.take(5, 8);
    Buffer second = buffers.take(5, 8);
    assertNotEquals(first.memory().address(), second.memory().address());
    buffers.give(first);
    Buffer smaller = buffers.take(3, 8);
    assertEquals(first.memory().address(), smaller.memory().address());
    assertEquals(Shape.of(3, 8), smaller.numbers().shape());
    assertEquals(3 * 8 * Float.BYTES, smaller.segment().byteSize());
  }

  @Test
  void oneThatIsTooSmallMakesRoom() {
    Buffer small = buffers.take(1, 8);
    buffers.give(small);
    Buffer large = buffers.take(9, 8);
    buffers.give(large);
    assertEquals(large.memory().address(), buffers.take(1, 8).memory().address());
    assertNotEquals(small.memory().address(), buffers.take(1, 8).memory().address());
  }

  @Test
  void rowsMayBeNone() {
    assertEquals(0, buffers.take(0, 8).segment().byteSize());
  }
}
