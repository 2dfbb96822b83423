// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;

/** What bodies take of the memory that is set apart for them. */
class BodyReaderTest {
  @Test
  void aRequestWithoutABodyIsReadWhenOthersFillTheMemory() throws Exception {
    Semaphore steps = new Semaphore(1);
    BodyReader reader = new BodyReader(100, steps);
    byte[] bytes = {1, 2, 3};
    try (BodyReader.Body full = reader.read(new ByteArrayInputStream(bytes), 3)) {
      assertArrayEquals(bytes, full.bytes());
      assertEquals(0, steps.availablePermits());
      try (BodyReader.Body empty = reader.read(InputStream.nullInputStream(), -1)) {
        assertEquals(0, empty.bytes().length);
      }
    }
    assertEquals(1, steps.availablePermits());
  }
}
