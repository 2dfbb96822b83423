// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.mpi;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A file in memory that stands in no folder, of Linux's {@code memfd_create}: processes of the same
 * user open it by {@link #path}, and it ends with the last of them that has it open or mapped.
 */
final class AnonymousFile implements AutoCloseable {
  private static final String NAME = "megabert";

  /** What the link at {@link #path} shows begins so. */
  static final String LINK = "/memfd:" + NAME;

  private static final int CLOSE_ON_EXEC = 1;

  private final int descriptor;

  private AnonymousFile(int descriptor) {
    this.descriptor = descriptor;
  }

  /** An empty file; null where the system has none such, or gives none. */
  static @Nullable AnonymousFile create() {
    MethodHandle function =
        function("memfd_create", ValueLayout.ADDRESS, ValueLayout.JAVA_INT).orElse(null);
    if (function == null) {
      return null;
    }
    try (Arena arena = Arena.ofConfined()) {
      int descriptor = (int) function.invokeExact(arena.allocateFrom(NAME), CLOSE_ON_EXEC);
      return descriptor < 0 ? null : new AnonymousFile(descriptor);
    } catch (Throwable thrown) {
      throw MpiLibrary.unexpected(thrown);
    }
  }

  /** Where this process and others of its user open the file until it is closed here. */
  Path path() {
    return Path.of("/proc/" + ProcessHandle.current().pid() + "/fd/" + descriptor);
  }

  /** What is mapped stays. */
  @Override
  public void close() {
    try {
      int ignored =
          (int) function("close", ValueLayout.JAVA_INT).orElseThrow().invokeExact(descriptor);
    } catch (Throwable thrown) {
      throw MpiLibrary.unexpected(thrown);
    }
  }

  @SuppressWarnings("restricted")
  private static Optional<MethodHandle> function(String name, ValueLayout... arguments) {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> address = linker.defaultLookup().find(name);
    return address.map(
        found ->
            linker.downcallHandle(found, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments)));
  }
}
