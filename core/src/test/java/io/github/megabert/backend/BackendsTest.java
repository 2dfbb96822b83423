// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class BackendsTest {
  private static final BackendProvider SCALAR = real("scalar");
  private static final BackendProvider VECTOR = real("vector");

  /** Says what is told it, and opens the scalar backend in its place. */
  private record Told(String name, int priority, Availability availability, String refusal)
      implements BackendProvider {
    @Override
    public Backend open(BackendOptions options) {
      if (!refusal.isEmpty()) {
        throw new UnsupportedOperationException(refusal);
      }
      return SCALAR.open(options);
    }
  }

  private static BackendProvider real(String name) {
    return Backends.providers().stream()
        .filter(provider -> provider.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static BackendProvider gpu(boolean available, boolean preferred, String refusal) {
    var availability =
        new BackendProvider.Availability(
            available, preferred, "a card", available ? "" : "no driver; install it.");
    return new Told("gpu", 200, availability, refusal);
  }

  private static void expect(String remark, System.Logger.Level level, BackendProvider... there) {
    Backends.Choice choice = Backends.choose(List.of(there), BackendOptions.DEFAULT);
    try (Backend backend = choice.backend()) {
      assertEquals(
          remark.replace("DEVICE", backend.device()), choice.remark(), "of " + backend.name());
    }
    if (!remark.isEmpty()) {
      assertEquals(level, choice.level());
    }
  }

  @Test
  void anUnknownNameIsRefusedWithTheNamesThatThereAre() {
    var unknown =
        assertThrows(
            IllegalArgumentException.class, () -> Backends.open("gpu", BackendOptions.DEFAULT));
    String names = String.join(", ", Backends.providers().stream().map(p -> p.name()).toList());
    assertEquals("there is no backend \"gpu\"; there are auto, " + names, unknown.getMessage());
  }

  @Test
  void autoSaysWhichGpuItTakes() {
    expect("computing on DEVICE", System.Logger.Level.INFO, gpu(true, true, ""), VECTOR, SCALAR);
  }

  @Test
  void autoSaysWhyItTakesNoGpu() {
    var level = System.Logger.Level.WARNING;
    expect(
        "computing without a GPU: no driver; install it.",
        level,
        gpu(false, false, ""),
        VECTOR,
        SCALAR);
    expect(
        "computing without a GPU: not in int8",
        level,
        gpu(true, true, "not in int8"),
        VECTOR,
        SCALAR);
  }

  @Test
  void autoIsSilentWhereNothingIsMissing() {
    expect("", System.Logger.Level.INFO, VECTOR, SCALAR);
    expect("", System.Logger.Level.INFO, gpu(true, false, ""), VECTOR, SCALAR);
  }

  @Test
  void autoWarnsOfPlainLoops() {
    var missing =
        new Told("vector", 100, new BackendProvider.Availability(false, "", "add the module."), "");
    expect(
        "computing with slow plain loops: add the module.",
        System.Logger.Level.WARNING,
        gpu(false, false, ""),
        missing,
        SCALAR);
  }

  @Test
  void withoutAnyTheFirstRefusalIsThrown() {
    var refused =
        assertThrows(
            UnsupportedOperationException.class,
            () -> Backends.choose(List.of(gpu(true, true, "not in int8")), BackendOptions.DEFAULT));
    assertEquals("not in int8", refused.getMessage());
    assertThrows(
        UnsupportedOperationException.class,
        () -> Backends.choose(List.of(), BackendOptions.DEFAULT));
  }
}
