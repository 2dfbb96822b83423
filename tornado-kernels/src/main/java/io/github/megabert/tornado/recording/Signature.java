// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import java.util.ArrayList;
import java.util.List;

/**
 * What is compiled for a call: calls that differ in their arrays, their {@link Kernel#withSizes
 * sizes} and in the number of work groups share it.
 *
 * @param constants the numbers that are compiled; an operand's class, and {@link #SIZE} for a size
 * @param threads of a work group
 */
record Signature(Kernel kernel, List<Object> constants, int threads) {
  /** In the place of a size. */
  private static final Object SIZE = "size";

  /** The signature of a call of a kernel. */
  static Signature of(Call call, Grid grid) {
    List<Object> constants = new ArrayList<>();
    for (int i = 0; i < call.arguments().size(); i++) {
      Object argument = call.arguments().get(i);
      boolean isSize = call.kernel().isSize(i, argument);
      constants.add(isSize ? SIZE : argument instanceof Operand ? argument.getClass() : argument);
    }
    return new Signature(call.kernel(), List.copyOf(constants), grid.threads());
  }

  /** The places of the sizes among the arguments. */
  List<Integer> sizes() {
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < constants.size(); i++) {
      if (constants.get(i).equals(SIZE)) {
        places.add(i);
      }
    }
    return places;
  }
}
