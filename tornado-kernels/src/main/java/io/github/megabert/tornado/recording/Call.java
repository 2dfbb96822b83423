// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One task of a computation. Two computations with equal lists of calls run the same program.
 *
 * @param kernel what to run
 * @param arguments {@link Operand}s, {@link Integer}s and {@link Float}s in the kernel's order; the
 *     numbers become constants of the compiled kernel, but for its {@link Kernel#withSizes sizes}
 * @param grid null for a library's call, which has its own
 */
public record Call(Kernel kernel, List<Object> arguments, @Nullable Grid grid) {
  /**
   * Where the {@link Operand.Integers} begin that the call reads, or the first of several sections,
   * which one operation adds; negative if it reads none. Their indices follow the operand; a
   * section that is left out has a negative one.
   */
  int section() {
    int next = arguments.indexOf(Operand.INTEGERS) + 1;
    while (next > 0 && next < arguments.size() && arguments.get(next) instanceof Integer index) {
      if (index >= 0) {
        return index;
      }
      next++;
    }
    return -1;
  }

  /** What is compiled for it; null for a library's call. */
  @Nullable Signature signature() {
    return grid == null ? null : Signature.of(this, grid);
  }

  /** As a record's, without an iterator for each list: every call of a model passes here. */
  @Override
  public boolean equals(Object other) {
    if (!(other instanceof Call call)
        || !call.kernel.equals(kernel)
        || call.arguments.size() != arguments.size()
        || !Objects.equals(call.grid, grid)) {
      return false;
    }
    for (int i = 0; i < arguments.size(); i++) {
      // Most are the very same object.
      if (!Objects.equals(arguments.get(i), call.arguments.get(i))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int hashCode() {
    return 31 * kernel.hashCode() + arguments.hashCode();
  }
}
