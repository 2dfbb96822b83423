// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The functions of NCCL, NVIDIA's library of collective operations between GPUs, version 2. It is
 * found at run time; no code of ours is native.
 */
@SuppressWarnings("restricted") // The library has no other interface than its C functions.
public final class Nccl {
  /** {@code NCCL_UNIQUE_ID_BYTES}. */
  static final int ID_BYTES = 128;

  private static final List<String> LIBRARIES = List.of("libnccl.so.2", "libnccl.so");

  /** {@code ncclFloat32}. */
  private static final int FLOAT = 7;

  /** {@code ncclSum}. */
  private static final int SUM = 0;

  private static final MemoryLayout ID =
      MemoryLayout.structLayout(MemoryLayout.sequenceLayout(ID_BYTES, ValueLayout.JAVA_BYTE));

  private final MethodHandle getUniqueId;
  private final MethodHandle commInitRank;
  private final MethodHandle commAbort;
  private final MethodHandle groupStart;
  private final MethodHandle groupEnd;
  private final MethodHandle allReduce;
  private final MethodHandle reduce;
  private final MethodHandle broadcast;
  private final MethodHandle reduceScatter;
  private final MethodHandle allGather;
  private final MethodHandle getErrorString;
  private final MethodHandle getLastError;

  private Nccl(SymbolLookup library) {
    ValueLayout number = ValueLayout.JAVA_INT;
    ValueLayout pointer = ValueLayout.JAVA_LONG;
    getUniqueId = function(library, "ncclGetUniqueId", number, pointer);
    commInitRank = function(library, "ncclCommInitRank", number, pointer, number, ID, number);
    commAbort = function(library, "ncclCommAbort", number, pointer);
    groupStart = function(library, "ncclGroupStart", number);
    groupEnd = function(library, "ncclGroupEnd", number);
    allReduce =
        function(
            library,
            "ncclAllReduce",
            number,
            pointer,
            pointer,
            pointer,
            number,
            number,
            pointer,
            pointer);
    reduce =
        function(
            library,
            "ncclReduce",
            number,
            pointer,
            pointer,
            pointer,
            number,
            number,
            number,
            pointer,
            pointer);
    broadcast =
        function(
            library,
            "ncclBroadcast",
            number,
            pointer,
            pointer,
            pointer,
            number,
            number,
            pointer,
            pointer);
    reduceScatter =
        function(
            library,
            "ncclReduceScatter",
            number,
            pointer,
            pointer,
            pointer,
            number,
            number,
            pointer,
            pointer);
    allGather =
        function(
            library, "ncclAllGather", number, pointer, pointer, pointer, number, pointer, pointer);
    getErrorString = function(library, "ncclGetErrorString", ValueLayout.ADDRESS, number);
    getLastError = function(library, "ncclGetLastError", ValueLayout.ADDRESS, pointer);
  }

  private static MethodHandle function(
      SymbolLookup library, String name, MemoryLayout result, MemoryLayout... parameters) {
    MemorySegment address =
        library
            .find(name)
            .orElseThrow(() -> new IllegalArgumentException("the library NCCL has no " + name));
    return Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.of(result, parameters));
  }

  /** The library, where the loader finds it; otherwise null. */
  public static @Nullable Nccl load() {
    for (String name : LIBRARIES) {
      SymbolLookup library;
      try {
        library = SymbolLookup.libraryLookup(name, Arena.global());
      } catch (IllegalArgumentException missing) {
        continue;
      }
      return new Nccl(library);
    }
    return null;
  }

  /** What the first rank of a group makes, and all of them join with. */
  byte[] newId() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment id = arena.allocate(ID);
      check("ncclGetUniqueId", (int) getUniqueId.invokeExact(id.address()));
      return id.toArray(ValueLayout.JAVA_BYTE);
    } catch (Throwable failure) {
      throw CudaDriver.unexpected("ncclGetUniqueId", failure);
    }
  }

  /** Joins a group, on the device of the thread's context; waits for all its ranks. */
  long join(byte[] id, int size, int rank) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment value = arena.allocate(ID);
      value.copyFrom(MemorySegment.ofArray(id));
      check("ncclCommInitRank", (int) commInitRank.invokeExact(out.address(), size, value, rank));
      return out.get(ValueLayout.JAVA_LONG, 0);
    } catch (Throwable failure) {
      throw CudaDriver.unexpected("ncclCommInitRank", failure);
    }
  }

  /** Leaves a group, whatever its other ranks do. */
  void leave(long group) {
    try {
      check("ncclCommAbort", (int) commAbort.invokeExact(group));
    } catch (Throwable failure) {
      throw CudaDriver.unexpected("ncclCommAbort", failure);
    }
  }

  /**
   * Starts several steps at once, and does not wait.
   *
   * @param rank this one, in the group
   */
  void start(long group, int rank, List<Step> steps, long stream) {
    try {
      check("ncclGroupStart", (int) groupStart.invokeExact());
      int status = 0;
      for (Step step : steps) {
        if (status == 0 && step.count() > 0) {
          status = start(group, rank, step, stream);
        }
      }
      // Also after a failure, or the thread would stay inside.
      int ended = (int) groupEnd.invokeExact();
      check("a collective operation of NCCL", status);
      check("ncclGroupEnd", ended);
    } catch (Throwable failure) {
      throw CudaDriver.unexpected("NCCL", failure);
    }
  }

  private int start(long group, int rank, Step step, long stream) throws Throwable {
    long at = step.address();
    long count = step.count();
    int root = step.root();
    long part = at + rank * count * Float.BYTES;
    return switch (step.kind()) {
      case SUM_TO_ALL -> (int) allReduce.invokeExact(at, at, count, FLOAT, SUM, group, stream);
      case SUM_TO_ONE -> (int) reduce.invokeExact(at, at, count, FLOAT, SUM, root, group, stream);
      case ONE_TO_ALL -> (int) broadcast.invokeExact(at, at, count, FLOAT, root, group, stream);
      case SUM_OF_PARTS ->
          (int) reduceScatter.invokeExact(at, part, count, FLOAT, SUM, group, stream);
      case PARTS_TO_ALL -> (int) allGather.invokeExact(part, at, count, FLOAT, group, stream);
    };
  }

  private void check(String name, int status) throws Throwable {
    if (status != 0) {
      MemorySegment what = (MemorySegment) getErrorString.invokeExact(status);
      MemorySegment why = (MemorySegment) getLastError.invokeExact(0L);
      throw new CudaException(
          name
              + " failed: "
              + text(what)
              + ", "
              + text(why).strip()
              + "; NCCL_DEBUG=INFO tells more");
    }
  }

  private static String text(MemorySegment pointer) {
    return pointer.address() == 0 ? "" : pointer.reinterpret(Long.MAX_VALUE).getString(0);
  }

  /** What becomes of numbers in their places on all ranks of a group. */
  public enum Kind {
    /** All get their sums. */
    SUM_TO_ALL,
    /** One gets their sums. */
    SUM_TO_ONE,
    /** All get those of one. */
    ONE_TO_ALL,
    /** Each gets the sums of its part, of as many parts of one length as there are ranks. */
    SUM_OF_PARTS,
    /** All get the part of each. */
    PARTS_TO_ALL
  }

  /**
   * Float32 numbers on a device that ranks exchange, in place.
   *
   * @param address of the first
   * @param count of all, or of one part where there are parts
   * @param root the one rank, where there is one
   */
  public record Step(Kind kind, long address, long count, int root) {}
}
