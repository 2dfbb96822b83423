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

/**
 * Memory of an NVIDIA GPU that other processes of the host can read from their GPUs, over NVLink
 * where there is one (CUDA's inter-process memory). It lies in TornadoVM's context, and stays to
 * the process's end: others may have it open.
 *
 * <p>Copies are done by the GPUs' copy engines, in the context that computes. Kernels of NCCL would
 * run in another context, and those of two contexts take turns on a GPU: while one waited for the
 * other rank, nothing would be computed for half of the time.
 */
@SuppressWarnings("restricted") // The driver has no other interface than its C functions.
public final class PeerMemory {
  /** {@code CU_IPC_HANDLE_SIZE}. */
  public static final int HANDLE_BYTES = 64;

  /** {@code CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS}. */
  private static final int LAZY_PEER_ACCESS = 1;

  /** {@code CUDA_ERROR_OUT_OF_MEMORY}. */
  private static final int OUT_OF_MEMORY = 2;

  /** Smaller pieces share a block of the driver's, which another process would get whole. */
  private static final long BLOCK = 2 << 20;

  private static final MemoryLayout HANDLE =
      MemoryLayout.structLayout(MemoryLayout.sequenceLayout(HANDLE_BYTES, ValueLayout.JAVA_BYTE));

  private final CudaDriver driver;
  private final long context;
  private final long stream;
  private final MethodHandle allocate;
  private final MethodHandle export;
  private final MethodHandle open;
  private final MethodHandle copy;

  /**
   * Memory of the GPU of a context.
   *
   * @param place something on the GPU
   * @throws IllegalArgumentException if the driver has no such functions
   */
  public PeerMemory(DeviceAddress place) {
    SymbolLookup library = CudaDriver.library();
    ValueLayout number = ValueLayout.JAVA_INT;
    ValueLayout pointer = ValueLayout.JAVA_LONG;
    allocate = function(library, "cuMemAlloc_v2", pointer, pointer);
    export = function(library, "cuIpcGetMemHandle", pointer, pointer);
    open = function(library, "cuIpcOpenMemHandle_v2", pointer, HANDLE, number);
    copy = function(library, "cuMemcpyDtoDAsync_v2", pointer, pointer, pointer, pointer);
    driver = place.driver();
    context = place.context();
    driver.enter(context);
    stream = driver.newStream();
  }

  private static MethodHandle function(
      SymbolLookup library, String name, MemoryLayout... parameters) {
    MemorySegment address =
        library
            .find(name)
            .orElseThrow(() -> new IllegalArgumentException("the driver has no " + name));
    FunctionDescriptor descriptor = FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters);
    return Linker.nativeLinker().downcallHandle(address, descriptor);
  }

  /**
   * Takes memory for at least so many bytes; returns where it lies.
   *
   * @throws IllegalStateException if the GPU has none left
   */
  public long allocate(long bytes) {
    long size = Math.multiplyExact(Math.ceilDiv(bytes, BLOCK), BLOCK);
    driver.enter(context);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      int status = (int) allocate.invokeExact(out.address(), size);
      if (status == OUT_OF_MEMORY) {
        throw new IllegalStateException(
            "a message between stages needs "
                + (size >> 20)
                + " MiB of the GPU's memory, and less is left; pass fewer or shorter sequences at a"
                + " time.");
      }
      driver.check("cuMemAlloc", status);
      return out.get(ValueLayout.JAVA_LONG, 0);
    } catch (Throwable failure) {
      throw CudaDriver.unexpected("cuMemAlloc", failure);
    }
  }

  /** What another process {@link #open}s memory with, of this many {@link #HANDLE_BYTES}. */
  public byte[] export(long address) {
    driver.enter(context);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(HANDLE);
      driver.check("cuIpcGetMemHandle", (int) export.invokeExact(out.address(), address));
      return out.toArray(ValueLayout.JAVA_BYTE);
    } catch (Throwable failure) {
      throw CudaDriver.unexpected("cuIpcGetMemHandle", failure);
    }
  }

  /** Where this process finds memory that another has exported; once for each. */
  public long open(byte[] handle) {
    driver.enter(context);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment value = arena.allocate(HANDLE);
      value.copyFrom(MemorySegment.ofArray(handle));
      int status = (int) open.invokeExact(out.address(), value, LAZY_PEER_ACCESS);
      driver.check("cuIpcOpenMemHandle", status);
      return out.get(ValueLayout.JAVA_LONG, 0);
    } catch (Throwable failure) {
      throw CudaDriver.unexpected("cuIpcOpenMemHandle", failure);
    }
  }

  /** Copies between two places, and waits for it. Who wrote the source has been waited for. */
  public void copy(long target, long source, long bytes) {
    driver.enter(context);
    try {
      driver.check("cuMemcpyDtoDAsync", (int) copy.invokeExact(target, source, bytes, stream));
    } catch (Throwable failure) {
      throw CudaDriver.unexpected("cuMemcpyDtoDAsync", failure);
    }
    driver.await(stream);
  }
}
