// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.mpi;

import io.github.megabert.parallel.MpiException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The functions of one MPI library. Pointers and handles are passed as {@code long}, whatever their
 * width. Nothing here waits for another rank but {@link #split}, {@link #init} and {@link #finish}.
 */
final class MpiLibrary {
  /** Enough for a status of every interface (24 bytes of Open MPI, 32 of the standard). */
  private static final long STATUS_BYTES = 64;

  /** The longest text that the interfaces may write ({@code MPI_MAX_LIBRARY_VERSION_STRING}). */
  private static final long LONGEST_TEXT = 8192;

  private final SymbolLookup symbols;
  private final String file;
  private final String version;
  private final MpiAbi abi;
  private final Map<String, MethodHandle> functions = new ConcurrentHashMap<>();

  private MpiLibrary(String file, SymbolLookup symbols) {
    this.file = file;
    this.symbols = symbols;
    version = readVersion();
    MpiAbi found = MpiAbi.of(file, symbols, version);
    if (found == null) {
      throw new MpiException(
          file
              + " is '"
              + name()
              + "', whose binary interface is not known; Open MPI, MPICH, its kin, and libmpi_abi"
              + " of MPI 5 are");
    }
    abi = found;
  }

  /**
   * Opens a library.
   *
   * @throws IllegalArgumentException if there is none of that name
   * @throws MpiException if it is no MPI that is known
   */
  @SuppressWarnings("restricted")
  static MpiLibrary open(String file) {
    leaveSignalsToJava();
    SymbolLookup symbols = SymbolLookup.libraryLookup(file, Arena.global());
    if (symbols.find("MPI_Get_library_version").isEmpty()) {
      throw new MpiException(file + " is no MPI library: MPI_Get_library_version is missing");
    }
    return new MpiLibrary(file, symbols);
  }

  /**
   * UCX, which moves the messages of many MPIs, takes SIGSEGV as a crash. Java's compiler lets null
   * pointers raise it, and handles it: so UCX is told, in the process's native environment, to
   * leave all signals alone. What the caller has set there stays.
   */
  @SuppressWarnings("restricted")
  private static void leaveSignalsToJava() {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> setenv = linker.defaultLookup().find("setenv");
    if (setenv.isEmpty()) {
      return;
    }
    MethodHandle function =
        linker.downcallHandle(
            setenv.get(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT));
    try (Arena arena = Arena.ofConfined()) {
      int ignored =
          (int)
              function.invokeExact(
                  arena.allocateFrom("UCX_ERROR_SIGNALS"), arena.allocateFrom(""), 0);
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  /** Implementation and version, such as "Open MPI v4.1.4, libmpi.so.40". */
  String description() {
    return name() + ", " + file;
  }

  private String name() {
    return version
        .lines()
        .findFirst()
        .orElse("")
        .replaceFirst(",.*", "")
        .replaceAll("\\s+", " ")
        .strip();
  }

  MpiAbi abi() {
    return abi;
  }

  private String readVersion() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(LONGEST_TEXT);
      MemorySegment length = arena.allocate(ValueLayout.JAVA_INT);
      // Without a table of the interface yet, so without a check of the result.
      int ignored =
          (int)
              function("MPI_Get_library_version", "pp")
                  .invokeExact(text.address(), length.address());
      return text.getString(0);
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  /** Starts MPI for this process, with calls from any thread. */
  void init() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment provided = arena.allocate(ValueLayout.JAVA_INT);
      check(
          "MPI_Init_thread",
          (int)
              function("MPI_Init_thread", "ppip")
                  .invokeExact(0L, 0L, abi.threadMultiple(), provided.address()));
      if (provided.get(ValueLayout.JAVA_INT, 0) < abi.threadMultiple()) {
        throw new MpiException(
            description() + " was built without MPI_THREAD_MULTIPLE; use one that has it");
      }
      check(
          "MPI_Comm_set_errhandler",
          (int)
              function("MPI_Comm_set_errhandler", "hh")
                  .invokeExact(abi.world(), abi.errorsReturn()));
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  void finish() {
    try {
      check("MPI_Finalize", (int) function("MPI_Finalize", "").invokeExact());
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  int rank(long group) {
    return number("MPI_Comm_rank", group);
  }

  int size(long group) {
    return number("MPI_Comm_size", group);
  }

  private int number(String name, long group) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment number = arena.allocate(ValueLayout.JAVA_INT);
      check(name, (int) function(name, "hp").invokeExact(group, number.address()));
      return number.get(ValueLayout.JAVA_INT, 0);
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  /** The handle of the group of one color; waits for the other ranks. */
  long split(long group, int color, int key) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(ValueLayout.JAVA_LONG);
      check(
          "MPI_Comm_split",
          (int)
              function("MPI_Comm_split", "hiip").invokeExact(group, color, key, handle.address()));
      return abi.handleIsInt()
          ? handle.get(ValueLayout.JAVA_INT, 0)
          : handle.get(ValueLayout.JAVA_LONG, 0);
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  void send(MemorySegment bytes, int to, int tag, long group, MemorySegment request) {
    try {
      check(
          "MPI_Isend",
          (int)
              function("MPI_Isend", "pihiihp")
                  .invokeExact(
                      bytes.address(),
                      (int) bytes.byteSize(),
                      abi.bytes(),
                      to,
                      tag,
                      group,
                      request.address()));
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  void receive(MemorySegment bytes, int from, int tag, long group, MemorySegment request) {
    try {
      check(
          "MPI_Irecv",
          (int)
              function("MPI_Irecv", "pihiihp")
                  .invokeExact(
                      bytes.address(),
                      (int) bytes.byteSize(),
                      abi.bytes(),
                      from,
                      tag,
                      group,
                      request.address()));
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  void broadcast(MemorySegment bytes, int root, long group, MemorySegment request) {
    try {
      check(
          "MPI_Ibcast",
          (int)
              function("MPI_Ibcast", "pihihp")
                  .invokeExact(
                      bytes.address(),
                      (int) bytes.byteSize(),
                      abi.bytes(),
                      root,
                      group,
                      request.address()));
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  /** Gathers parts in their places; this rank's is there already. */
  void allGather(
      MemorySegment all,
      MemorySegment counts,
      MemorySegment starts,
      long group,
      MemorySegment request) {
    try {
      check(
          "MPI_Iallgatherv",
          (int)
              function("MPI_Iallgatherv", "pihppphhp")
                  .invokeExact(
                      abi.inPlace(),
                      0,
                      abi.bytes(),
                      all.address(),
                      counts.address(),
                      starts.address(),
                      abi.bytes(),
                      group,
                      request.address()));
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  void barrier(long group, MemorySegment request) {
    try {
      check(
          "MPI_Ibarrier",
          (int) function("MPI_Ibarrier", "hp").invokeExact(group, request.address()));
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  /**
   * Lets messages that are under way go on, of all groups: looks for one that nobody sends, from
   * this rank to itself.
   */
  void progress(int rank, int tag, long group) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found = arena.allocate(Long.BYTES + STATUS_BYTES, Long.BYTES);
      check(
          "MPI_Iprobe",
          (int)
              function("MPI_Iprobe", "iihpp")
                  .invokeExact(rank, tag, group, found.address(), found.address() + Long.BYTES));
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  /** Memory for a request, a flag and a status, as {@link #test} needs it. */
  static MemorySegment request() {
    return Arena.ofAuto().allocate(2 * Long.BYTES + STATUS_BYTES, Long.BYTES);
  }

  /**
   * Whether the operation of a request has ended.
   *
   * @throws MpiException if it has ended with an error
   */
  boolean test(MemorySegment request) {
    try {
      check(
          "MPI_Test",
          (int)
              function("MPI_Test", "ppp")
                  .invokeExact(
                      request.address(),
                      request.address() + Long.BYTES,
                      request.address() + 2 * Long.BYTES));
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
    return request.get(ValueLayout.JAVA_INT, Long.BYTES) != 0;
  }

  /** How many bytes a receive that has ended has got. */
  int received(MemorySegment request) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
      check(
          "MPI_Get_count",
          (int)
              function("MPI_Get_count", "php")
                  .invokeExact(request.address() + 2 * Long.BYTES, abi.bytes(), count.address()));
      return count.get(ValueLayout.JAVA_INT, 0);
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  private void check(String name, int error) {
    if (error == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(LONGEST_TEXT);
      MemorySegment length = arena.allocate(ValueLayout.JAVA_INT);
      int ignored =
          (int)
              function("MPI_Error_string", "ipp")
                  .invokeExact(error, text.address(), length.address());
      throw new MpiException(
          name + " of " + description() + " failed: " + text.getString(0).replace('\n', ' '));
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  /**
   * A function that returns an error number.
   *
   * @param arguments a letter each: p a pointer, h a handle, i a number
   */
  private MethodHandle function(String name, String arguments) {
    return functions.computeIfAbsent(name, absent -> link(name, arguments));
  }

  @SuppressWarnings("restricted")
  private MethodHandle link(String name, String arguments) {
    MemoryLayout[] layouts =
        arguments
            .chars()
            .mapToObj(
                letter ->
                    letter == 'i' || (letter == 'h' && abi.handleIsInt())
                        ? ValueLayout.JAVA_INT
                        : ValueLayout.JAVA_LONG)
            .toArray(MemoryLayout[]::new);
    Class<?>[] types =
        arguments
            .chars()
            .mapToObj(letter -> letter == 'i' ? int.class : long.class)
            .toArray(Class<?>[]::new);
    MemorySegment address =
        symbols
            .find(name)
            .orElseThrow(() -> new MpiException(file + " has no " + name + "; MPI 3 is needed"));
    return MethodHandles.explicitCastArguments(
        Linker.nativeLinker()
            .downcallHandle(address, FunctionDescriptor.of(ValueLayout.JAVA_INT, layouts)),
        MethodType.methodType(int.class, types));
  }

  /** Native functions throw nothing; what is left is what the JVM throws. */
  static RuntimeException unexpected(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    return thrown instanceof RuntimeException exception
        ? exception
        : new IllegalStateException("a native function could not be called", thrown);
  }
}
