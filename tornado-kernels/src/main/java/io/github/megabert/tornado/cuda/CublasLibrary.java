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
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/**
 * Products of cuBLAS that TornadoVM 5.2.0 has no task for: factors in bfloat16 and a float32 result
 * that may be added to, one product or a batch of them.
 *
 * <p>A library task names its library, and TornadoVM looks for a provider of that name among those
 * that it has found. This one is put among them. The provider's interface lies in TornadoVM's
 * runtime, which is not in the SDK's API, so it is implemented by a proxy.
 */
@SuppressWarnings("restricted") // cuBLAS has no other interface than its C functions.
public final class CublasLibrary {
  /** The name for library tasks. */
  public static final String NAME = "megabert/cublas";

  /**
   * The function: {@code C = alpha · op(A)·op(B) + beta · C}, column-major. Arguments: op(A), op(B)
   * (0 or 1, transposed), m, n, k, alpha, A, its leading dimension, B, its leading dimension, beta,
   * C, its leading dimension, products in the batch, elements from one A to the next, likewise B
   * and C.
   */
  public static final String PRODUCT = "product";

  /** Number of arguments. */
  public static final int ARGUMENTS = 17;

  private static final List<String> LIBRARIES =
      List.of("libcublas.so.13", "libcublas.so.12", "cublas64_13.dll", "cublas64_12.dll");

  private static final String SPI = "uk.ac.manchester.tornado.runtime.library.spi.";
  private static final String REGISTRY = "uk.ac.manchester.tornado.runtime.library.LibraryRegistry";

  /** CUBLAS_COMPUTE_32F. */
  private static final int SUMS_IN_FLOAT = 68;

  /** CUBLAS_GEMM_DEFAULT: cuBLAS chooses. */
  private static final int DEFAULT_ALGORITHM = -1;

  private static boolean registered;

  private final CudaDriver driver;
  private final Class<?> contextType;
  private final Method argument;
  private final Method pointer;
  private final Method contextOf;
  private final MethodHandle create;
  private final MethodHandle destroy;
  private final MethodHandle setStream;
  private final MethodHandle product;
  private final MethodHandle batch;

  private CublasLibrary(CudaDriver driver, SymbolLookup library)
      throws ReflectiveOperationException {
    this.driver = driver;
    contextType = Class.forName(SPI + "LibraryContext");
    Class<?> invocation = Class.forName(SPI + "LibraryInvocation");
    argument = invocation.getMethod("getArg", int.class);
    pointer = invocation.getMethod("getDevicePointer", int.class);
    contextOf = invocation.getMethod("getContext");
    create = function(library, "cublasCreate_v2", "p");
    destroy = function(library, "cublasDestroy_v2", "p");
    setStream = function(library, "cublasSetStream_v2", "pp");
    product = function(library, "cublasGemmEx", "piiiiippiipiippiiii");
    batch = function(library, "cublasGemmStridedBatchedEx", "piiiiippiippiipppiipiii");
  }

  /** A function that returns a status; {@code p} is a pointer or a long, {@code i} an int. */
  private static MethodHandle function(SymbolLookup library, String name, String parameters) {
    MemorySegment address =
        library
            .find(name)
            .orElseThrow(() -> new UnsupportedOperationException("cuBLAS has no " + name));
    MemoryLayout[] layouts =
        parameters
            .chars()
            .mapToObj(c -> c == 'p' ? ValueLayout.JAVA_LONG : ValueLayout.JAVA_INT)
            .toArray(MemoryLayout[]::new);
    return Linker.nativeLinker()
        .downcallHandle(address, FunctionDescriptor.of(ValueLayout.JAVA_INT, layouts));
  }

  private static @Nullable SymbolLookup lookup(String name) {
    try {
      return SymbolLookup.libraryLookup(name, Arena.global());
    } catch (IllegalArgumentException missing) {
      return null;
    }
  }

  /**
   * Makes the library known to TornadoVM.
   *
   * @throws UnsupportedOperationException if cuBLAS is not there
   */
  public static synchronized void register(CudaDriver driver) {
    if (registered) {
      return;
    }
    SymbolLookup library = null;
    for (String name : LIBRARIES) {
      library = library == null ? lookup(name) : library;
    }
    if (library == null) {
      throw new UnsupportedOperationException(
          "cuBLAS was not found: put libcublas.so.13 of CUDA 13 where the loader finds it"
              + " (LD_LIBRARY_PATH)");
    }
    try {
      CublasLibrary own = new CublasLibrary(driver, library);
      Class<?> type = Class.forName(SPI + "TornadoLibraryProvider");
      Object provider =
          Proxy.newProxyInstance(
              type.getClassLoader(),
              new Class<?>[] {type},
              (proxy, method, arguments) -> own.provide(proxy, method.getName(), arguments));
      Method providers = Class.forName(REGISTRY).getDeclaredMethod("getProviders");
      providers.setAccessible(true);
      @SuppressWarnings("unchecked") // of the interface that the proxy implements
      List<Object> known = (List<Object>) providers.invoke(null);
      known.add(provider);
      registered = true;
    } catch (ReflectiveOperationException changed) {
      throw new IllegalStateException(
          "this TornadoVM is not the version that MegaBERT was built for, 5.2.0-jdk25", changed);
    }
  }

  /** What TornadoVM asks a provider for. */
  @SuppressWarnings("ReferenceEquality") // A provider is nothing but itself.
  private @Nullable Object provide(Object proxy, String method, Object @Nullable [] arguments)
      throws Throwable {
    Object[] given = arguments == null ? new Object[0] : arguments;
    return switch (method) {
      case "libraryName", "toString" -> NAME;
      case "canHandle" -> Class.forName(CapturedGraphs.STREAMS).isInstance(given[0]);
      case "createContext" -> newContext((TornadoDevice) given[0], (Long) given[1]);
      case "dispatch" -> {
        multiply(given[1]);
        yield null;
      }
      case "destroyContext" -> {
        check("cublasDestroy", destroy, handle(given[0]));
        yield null;
      }
      case "equals" -> proxy == given[0];
      case "hashCode" -> System.identityHashCode(proxy);
      default -> null; // Nothing is to be prepared.
    };
  }

  /** A handle of cuBLAS on a plan's stream, as TornadoVM's marker for such things. */
  private Object newContext(TornadoDevice device, long plan) throws Throwable {
    driver.enter(CapturedGraphs.context(device, plan));
    long handle;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      check("cublasCreate", create, out.address());
      handle = out.get(ValueLayout.JAVA_LONG, 0);
    }
    check("cublasSetStream", setStream, handle, CapturedGraphs.stream(device, plan));
    return Proxy.newProxyInstance(
        contextType.getClassLoader(), new Class<?>[] {contextType}, new Handle(handle));
  }

  private record Handle(long value) implements InvocationHandler {
    @Override
    @SuppressWarnings("ReferenceEquality") // Likewise.
    public Object invoke(Object proxy, Method method, Object @Nullable [] arguments) {
      return switch (method.getName()) {
        case "equals" -> arguments != null && proxy == arguments[0];
        case "hashCode" -> System.identityHashCode(proxy);
        default -> NAME;
      };
    }
  }

  private static long handle(Object context) {
    return ((Handle) Proxy.getInvocationHandler(context)).value;
  }

  private void multiply(Object invocation) throws Throwable {
    long handle = handle(contextOf.invoke(invocation));
    int products = integer(invocation, 13);
    try (Arena arena = Arena.ofConfined()) {
      long alpha = arena.allocateFrom(ValueLayout.JAVA_FLOAT, number(invocation, 5)).address();
      long beta = arena.allocateFrom(ValueLayout.JAVA_FLOAT, number(invocation, 10)).address();
      if (products == 1) {
        check(
            "cublasGemmEx",
            product,
            handle,
            integer(invocation, 0),
            integer(invocation, 1),
            integer(invocation, 2),
            integer(invocation, 3),
            integer(invocation, 4),
            alpha,
            pointer(invocation, 6),
            type(invocation, 6),
            integer(invocation, 7),
            pointer(invocation, 8),
            type(invocation, 8),
            integer(invocation, 9),
            beta,
            pointer(invocation, 11),
            type(invocation, 11),
            integer(invocation, 12),
            SUMS_IN_FLOAT,
            DEFAULT_ALGORITHM);
      } else {
        check(
            "cublasGemmStridedBatchedEx",
            batch,
            handle,
            integer(invocation, 0),
            integer(invocation, 1),
            integer(invocation, 2),
            integer(invocation, 3),
            integer(invocation, 4),
            alpha,
            pointer(invocation, 6),
            type(invocation, 6),
            integer(invocation, 7),
            (long) integer(invocation, 14),
            pointer(invocation, 8),
            type(invocation, 8),
            integer(invocation, 9),
            (long) integer(invocation, 15),
            beta,
            pointer(invocation, 11),
            type(invocation, 11),
            integer(invocation, 12),
            (long) integer(invocation, 16),
            products,
            SUMS_IN_FLOAT,
            DEFAULT_ALGORITHM);
      }
    }
  }

  private int integer(Object invocation, int index) throws ReflectiveOperationException {
    return (Integer) argument.invoke(invocation, index);
  }

  private float number(Object invocation, int index) throws ReflectiveOperationException {
    return (Float) argument.invoke(invocation, index);
  }

  private long pointer(Object invocation, int index) throws ReflectiveOperationException {
    return (Long) pointer.invoke(invocation, index);
  }

  /** The cudaDataType of an array. */
  private int type(Object invocation, int index) throws ReflectiveOperationException {
    Object array = argument.invoke(invocation, index);
    return switch (array) {
      case FloatArray _ -> 0;
      case HalfFloatArray _ -> 2;
      case BFloat16Array _ -> 14;
      default -> throw new IllegalArgumentException("cuBLAS multiplies no " + array.getClass());
    };
  }

  private static void check(String name, MethodHandle function, Object... arguments)
      throws Throwable {
    int status = (Integer) function.invokeWithArguments(arguments);
    if (status != 0) {
      throw new IllegalStateException(name + " failed with cuBLAS status " + status);
    }
  }
}
