// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What {@link HeadCalls} call.
 *
 * @param rows kernels on rows
 * @param tiles products with panels
 * @param maker makes the calls of a list
 * @param entry bytes in front of a kernel that only the system's own calls need
 */
public record HeadKernels(RowKernels rows, FloatTiles tiles, MemorySegment maker, long entry) {
  static HeadKernels load(CodeMemory memory, Arena arena, RowKernels rows, FloatTiles tiles)
      throws MachineCodeException {
    MemorySegment maker = memory.load(arena, List.of(CallList.code().bytes())).getFirst();
    return new HeadKernels(rows, tiles, maker, memory.entryBytes());
  }

  /** Where a list of calls finds a kernel. */
  long address(MemorySegment kernel) {
    return kernel.address() + entry;
  }
}
