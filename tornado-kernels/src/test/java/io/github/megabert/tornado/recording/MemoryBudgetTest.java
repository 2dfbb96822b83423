// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
  private static final long GIB = 1L << 30;

  @Test
  void whatDoesNotFitIsRefusedWithBothSizes() {
    MemoryBudget budget = new MemoryBudget("a card", 8 * GIB, 64 * GIB, null);
    budget.takeForWeight(5 * GIB);
    IllegalStateException refusal =
        assertThrows(IllegalStateException.class, () -> budget.takeForCall(3 * GIB));
    assertEquals(
        "the call needs 3.0 GiB of device memory, and of the 8.0 GiB of a card 2.8 GiB are left"
            + " beside the 5.0 GiB in use: pass fewer or shorter sequences at a time.",
        refusal.getMessage());
    assertEquals(5 * GIB, budget.taken(), "a refusal takes nothing");
    budget.takeForCall(2 * GIB);
    assertEquals(7 * GIB, budget.taken());
  }

  @Test
  void theLimitOfTornadoVmIsNamedWhereItIsTheReason() {
    MemoryBudget budget = new MemoryBudget("a card", 80 * GIB, 4 * GIB, null);
    IllegalStateException refusal =
        assertThrows(IllegalStateException.class, () -> budget.takeForCall(5 * GIB));
    assertEquals(
        "the call needs 5.0 GiB of device memory, and of the 80.0 GiB of a card 4.0 GiB are left"
            + " beside the 0.0 MiB in use: pass fewer or shorter sequences at a time, or raise -Dtornado.device.memory from 4.0 GiB.",
        refusal.getMessage());
  }

  @Test
  void sizesAreReadAsTornadoVmReadsThem() {
    assertEquals(64 * GIB, MemoryBudget.parse("64GB"));
    assertEquals(512L << 20, MemoryBudget.parse("512mb"));
    assertEquals(1000, MemoryBudget.parse("1000"));
  }
}
