// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.backend.DeviceFailedException;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.exceptions.TornadoInternalError;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;

class DeviceFailuresTest {
  private static final DeviceFailures FAILURES = new DeviceFailures("the GPU");

  @Test
  void whatTornadoVmThrowsNamesTheDevice() {
    RuntimeException explained =
        FAILURES.explained(
            new TornadoRuntimeException(
                "\u001B[31m[ERROR] the kernel was not run.\u001B[0m\nat x"));
    assertEquals(
        "the GPU failed: the kernel was not run; this process cannot compute on it again, another"
            + " may",
        explained.getMessage());
    assertEquals(
        "the kernel was not run",
        assertInstanceOf(DeviceFailedException.class, explained).reason());
  }

  @Test
  void aFailureWithoutWordsIsNamedByItsClass() {
    DeviceFailedException explained =
        assertInstanceOf(
            DeviceFailedException.class,
            FAILURES.explained(new TornadoInternalError(new IllegalStateException())));
    assertEquals("the GPU", explained.device());
  }

  @Test
  void refusalsOfOursStayAsTheyAre() {
    RuntimeException refusal = new IllegalStateException("the call needs more memory");
    assertSame(refusal, FAILURES.explained(refusal));
    assertThrows(StackOverflowError.class, () -> FAILURES.explained(new StackOverflowError()));
  }
}
