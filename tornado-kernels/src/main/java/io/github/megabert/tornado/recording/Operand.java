// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** An array that a kernel reads or writes, before it is known where it lies. */
public sealed interface Operand {
  /** The integers of the computation that is recorded. */
  Operand INTEGERS = new Integers();

  /** An array that stays on the device: a weight, a key-value cache. Compared by identity. */
  record Resident(TornadoNativeArray array) implements Operand {}

  /**
   * The {@code slot}-th scratch array of a computation, with room for {@code elements} numbers; a
   * {@link Temporary}'s slot is negative.
   */
  record Scratch(int slot, int elements, Element element) implements Operand {}

  /** The integers of a computation (ids, rows, attention tiles), copied at every execution. */
  record Integers() implements Operand {}

  /** The {@code index}-th float array that a computation copies to the device. */
  record Upload(int index, int elements) implements Operand {}
}
