package io.github.megabert.tornado;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One task of a computation. Two computations with equal lists of calls run the same program.
 *
 * @param kernel what to run
 * @param arguments {@link Operand}s, {@link Integer}s and {@link Float}s in the kernel's order; the
 *     numbers become constants of the compiled kernel
 * @param grid null for a library's call, which has its own
 */
record Call(Kernel kernel, List<Object> arguments, @Nullable Grid grid) {
  /** What is compiled: calls that differ only in their arrays share it. */
  List<Object> signature() {
    List<Object> constants =
        arguments.stream().map(a -> a instanceof Operand ? a.getClass() : a).toList();
    return List.of(kernel, constants, grid == null ? "" : grid);
  }
}
