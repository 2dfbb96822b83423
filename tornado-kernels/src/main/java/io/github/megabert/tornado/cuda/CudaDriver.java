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
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What NVIDIA's driver offers and TornadoVM does not: launching a captured graph without waiting
 * for it, copying between such launches from any thread, looking whether a stream is done, and how
 * much memory is free.
 */
@SuppressWarnings("restricted") // The driver has no other interface than its C functions.
public final class CudaDriver {
  /** On Linux and on Windows. */
  private static final List<String> LIBRARIES = List.of("libcuda.so.1", "nvcuda.dll");

  /** CUDA_ERROR_NOT_READY. */
  private static final int NOT_READY = 600;

  /** CU_STREAM_NON_BLOCKING: the stream does not wait for the default one. */
  private static final long NON_BLOCKING = 1;

  private final MethodHandle graphLaunch;
  private final MethodHandle graphCreate;
  private final MethodHandle graphAddEmptyNode;
  private final MethodHandle graphInstantiate;
  private final MethodHandle streamCreate;
  private final MethodHandle streamQuery;
  private final MethodHandle setContext;
  private final MethodHandle copyToHost;
  private final MethodHandle copyToDevice;
  private final MethodHandle memoryInfo;
  private final MethodHandle getDevice;
  private final MethodHandle getUuid;
  private final MethodHandle retainPrimary;
  private final MethodHandle streamSynchronize;
  private final MethodHandle getErrorName;

  private CudaDriver(SymbolLookup library) {
    graphLaunch = function(library, "cuGraphLaunch", 2);
    graphCreate = function(library, "cuGraphCreate", 2);
    graphAddEmptyNode = function(library, "cuGraphAddEmptyNode", 4);
    graphInstantiate = function(library, "cuGraphInstantiateWithFlags", 3);
    streamCreate = function(library, "cuStreamCreate", 2);
    streamQuery = function(library, "cuStreamQuery", 1);
    setContext = function(library, "cuCtxSetCurrent", 1);
    memoryInfo = function(library, "cuMemGetInfo_v2", 2);
    copyToHost = function(library, "cuMemcpyDtoHAsync_v2", 4);
    copyToDevice = function(library, "cuMemcpyHtoDAsync_v2", 4);
    getDevice = function(library, "cuCtxGetDevice", 1);
    getUuid = function(library, "cuDeviceGetUuid_v2", 2);
    retainPrimary = function(library, "cuDevicePrimaryCtxRetain", 2);
    streamSynchronize = function(library, "cuStreamSynchronize", 1);
    MemorySegment name =
        library
            .find("cuGetErrorName")
            .orElseThrow(() -> new IllegalArgumentException("the driver has no cuGetErrorName"));
    getErrorName =
        Linker.nativeLinker()
            .downcallHandle(
                name,
                FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
  }

  /** The driver that TornadoVM's CUDA backend has loaded, or null. */
  public static @Nullable CudaDriver load() {
    for (String name : LIBRARIES) {
      SymbolLookup library = library(name);
      if (library != null) {
        return new CudaDriver(library);
      }
    }
    return null;
  }

  /** The library of the driver that has been loaded. */
  static SymbolLookup library() {
    for (String name : LIBRARIES) {
      SymbolLookup library = library(name);
      if (library != null) {
        return library;
      }
    }
    throw new IllegalArgumentException("NVIDIA's driver is not there");
  }

  private static @Nullable SymbolLookup library(String name) {
    try {
      return SymbolLookup.libraryLookup(name, Arena.global());
    } catch (IllegalArgumentException missing) {
      return null;
    }
  }

  /** A function of pointers, or other numbers of 64 bits. */
  private static MethodHandle function(SymbolLookup library, String name, int pointers) {
    MemorySegment address =
        library
            .find(name)
            .orElseThrow(() -> new IllegalArgumentException("the driver has no " + name));
    MemoryLayout[] parameters = new MemoryLayout[pointers];
    Arrays.fill(parameters, ValueLayout.JAVA_LONG);
    FunctionDescriptor descriptor = FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters);
    return Linker.nativeLinker().downcallHandle(address, descriptor);
  }

  /** Makes a context that of the calling thread. */
  void enter(long context) {
    call("cuCtxSetCurrent", setContext, context);
  }

  /** The primary context of the device of the thread's context, kept to the process's end. */
  long primaryContext() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      long device = device(arena);
      check("cuDevicePrimaryCtxRetain", (int) retainPrimary.invokeExact(out.address(), device));
      return out.get(ValueLayout.JAVA_LONG, 0);
    } catch (Throwable failure) {
      throw unexpected("cuDevicePrimaryCtxRetain", failure);
    }
  }

  /** The sixteen bytes that no other device has, of a context's, which becomes the thread's. */
  public byte[] uuid(long context) {
    enter(context);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(16);
      long device = device(arena);
      check("cuDeviceGetUuid", (int) getUuid.invokeExact(out.address(), device));
      return out.toArray(ValueLayout.JAVA_BYTE);
    } catch (Throwable failure) {
      throw unexpected("cuDeviceGetUuid", failure);
    }
  }

  private long device(Arena arena) throws Throwable {
    MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
    check("cuCtxGetDevice", (int) getDevice.invokeExact(out.address()));
    return out.get(ValueLayout.JAVA_INT, 0);
  }

  /** Waits until everything that a stream has been given is done. */
  void await(long stream) {
    call("cuStreamSynchronize", streamSynchronize, stream);
  }

  /** A new stream in the thread's context. */
  long newStream() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stream = arena.allocate(ValueLayout.JAVA_LONG);
      check("cuStreamCreate", (int) streamCreate.invokeExact(stream.address(), NON_BLOCKING));
      return stream.get(ValueLayout.JAVA_LONG, 0);
    } catch (Throwable failure) {
      throw unexpected("cuStreamCreate", failure);
    }
  }

  /** A new graph in the thread's context that does nothing, to be launched. */
  long emptyGraph() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      check("cuGraphCreate", (int) graphCreate.invokeExact(out.address(), 0L));
      long graph = out.get(ValueLayout.JAVA_LONG, 0);
      check(
          "cuGraphAddEmptyNode", (int) graphAddEmptyNode.invokeExact(out.address(), graph, 0L, 0L));
      check("cuGraphInstantiate", (int) graphInstantiate.invokeExact(out.address(), graph, 0L));
      return out.get(ValueLayout.JAVA_LONG, 0);
    } catch (Throwable failure) {
      throw unexpected("cuGraphCreate", failure);
    }
  }

  /** Starts a graph after what the stream has been given before, and does not wait. */
  void launch(long graph, long stream) {
    int status;
    try {
      status = (int) graphLaunch.invokeExact(graph, stream);
    } catch (Throwable failure) {
      throw unexpected("cuGraphLaunch", failure);
    }
    check("cuGraphLaunch", status);
  }

  /**
   * Copies bytes from the device after what the stream has been given before, and does not wait:
   * the bytes are there when the stream {@link #isDone}.
   */
  void copyToHost(long target, long source, long bytes, long stream) {
    copy("cuMemcpyDtoHAsync", copyToHost, target, source, bytes, stream);
  }

  /**
   * Copies bytes to the device after what the stream has been given before, and does not wait: the
   * bytes must not change until somebody has.
   */
  void copyToDevice(long target, long source, long bytes, long stream) {
    copy("cuMemcpyHtoDAsync", copyToDevice, target, source, bytes, stream);
  }

  /** Whether everything that a stream has been given is done. */
  boolean isDone(long stream) {
    int status;
    try {
      status = (int) streamQuery.invokeExact(stream);
    } catch (Throwable failure) {
      throw unexpected("cuStreamQuery", failure);
    }
    if (status != NOT_READY) {
      check("cuStreamQuery", status);
    }
    return status != NOT_READY;
  }

  /** Bytes that no program uses, on the device of the thread's context; a lot if it has none. */
  public long freeMemory() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment free = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment total = arena.allocate(ValueLayout.JAVA_LONG);
      int status = (int) memoryInfo.invokeExact(free.address(), total.address());
      return status == 0 ? free.get(ValueLayout.JAVA_LONG, 0) : Long.MAX_VALUE / 2;
    } catch (Throwable failure) {
      throw unexpected("cuMemGetInfo", failure);
    }
  }

  private void copy(
      String name, MethodHandle function, long target, long source, long bytes, long stream) {
    int status;
    try {
      status = (int) function.invokeExact(target, source, bytes, stream);
    } catch (Throwable failure) {
      throw unexpected(name, failure);
    }
    check(name, status);
  }

  private void call(String name, MethodHandle function, long argument) {
    int status;
    try {
      status = (int) function.invokeExact(argument);
    } catch (Throwable failure) {
      throw unexpected(name, failure);
    }
    check(name, status);
  }

  /** The functions throw nothing; what a call can still throw is an error of the JVM's. */
  static RuntimeException unexpected(String name, Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    if (thrown instanceof IllegalStateException failed) {
      return failed;
    }
    return new IllegalStateException(name + " could not be called", thrown);
  }

  void check(String name, int status) {
    if (status != 0) {
      throw new CudaException(name + " failed with CUDA error " + status + errorName(status));
    }
  }

  /** Such as " (CUDA_ERROR_ILLEGAL_ADDRESS)"; empty where the driver has no name. */
  private String errorName(int status) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      int known = (int) getErrorName.invokeExact(status, out.address());
      long text = out.get(ValueLayout.JAVA_LONG, 0);
      return known != 0 || text == 0
          ? ""
          : " (" + MemorySegment.ofAddress(text).reinterpret(Long.MAX_VALUE).getString(0) + ")";
    } catch (Throwable failure) {
      throw unexpected("cuGetErrorName", failure);
    }
  }
}
