// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.torch.PickleValues.Global;
import io.github.megabert.tensor.DType;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The names that a PyTorch file may import; everything else is named and refused. */
final class TorchAllowList {
  private static final Map<String, DType> STORAGES =
      Map.ofEntries(
          Map.entry("FloatStorage", DType.F32),
          Map.entry("DoubleStorage", DType.F64),
          Map.entry("HalfStorage", DType.F16),
          Map.entry("BFloat16Storage", DType.BF16),
          Map.entry("LongStorage", DType.I64),
          Map.entry("IntStorage", DType.I32),
          Map.entry("ShortStorage", DType.I16),
          Map.entry("CharStorage", DType.I8),
          Map.entry("ByteStorage", DType.U8),
          Map.entry("BoolStorage", DType.BOOL),
          Map.entry("ComplexFloatStorage", DType.C64),
          Map.entry("UntypedStorage", DType.U8));

  private static final Map<String, DType> DTYPES =
      Map.ofEntries(
          Map.entry("float32", DType.F32),
          Map.entry("float64", DType.F64),
          Map.entry("float16", DType.F16),
          Map.entry("bfloat16", DType.BF16),
          Map.entry("int64", DType.I64),
          Map.entry("int32", DType.I32),
          Map.entry("int16", DType.I16),
          Map.entry("int8", DType.I8),
          Map.entry("uint8", DType.U8),
          Map.entry("uint16", DType.U16),
          Map.entry("uint32", DType.U32),
          Map.entry("uint64", DType.U64),
          Map.entry("bool", DType.BOOL),
          Map.entry("complex64", DType.C64),
          Map.entry("float8_e4m3fn", DType.F8_E4M3),
          Map.entry("float8_e5m2", DType.F8_E5M2),
          Map.entry("float8_e8m0fnu", DType.F8_E8M0),
          Map.entry("float8_e4m3fnuz", DType.F8_E4M3FNUZ),
          Map.entry("float8_e5m2fnuz", DType.F8_E5M2FNUZ));

  private static final Set<String> REBUILDERS =
      Set.of(
          "torch._utils._rebuild_tensor",
          "torch._utils._rebuild_tensor_v2",
          "torch._utils._rebuild_tensor_v3",
          "torch._utils._rebuild_parameter",
          "torch._utils._rebuild_parameter_with_state");

  /** Kept as inert objects: what Megatron's arguments and random states are made of. */
  private static final Set<String> INERT =
      Set.of(
          "argparse.Namespace",
          "types.SimpleNamespace",
          "collections.defaultdict",
          "collections.deque",
          "collections.Counter",
          "builtins.set",
          "builtins.frozenset",
          "builtins.dict",
          "builtins.list",
          "builtins.tuple",
          "builtins.int",
          "builtins.float",
          "builtins.bool",
          "builtins.str",
          "builtins.bytes",
          "builtins.bytearray",
          "builtins.complex",
          "builtins.slice",
          "builtins.object",
          "copyreg._reconstructor",
          "_codecs.encode",
          "datetime.datetime",
          "datetime.timedelta",
          "pathlib.Path",
          "pathlib.PosixPath",
          "pathlib._local.PosixPath",
          "_io.BytesIO",
          "numpy.core.multiarray._reconstruct",
          "numpy._core.multiarray._reconstruct",
          "numpy.core.numeric._frombuffer",
          "numpy._core.numeric._frombuffer",
          "numpy.core.multiarray.scalar",
          "numpy._core.multiarray.scalar",
          "numpy.ndarray",
          "numpy.dtype",
          "torch.device",
          "torch.Generator",
          "torch._C.Generator",
          "io.BytesIO",
          "signal.Signals",
          "signal.Handlers",
          "enum.IntEnum",
          "torch.nn.parameter.Parameter",
          "torch.serialization._get_layout");

  /**
   * How Python before 3.11 writes a signal: by its name alone. NVIDIA's own list of safe names
   * ({@code megatron/core/safe_globals.py}) has the class.
   */
  private static final Pattern SIGNAL = Pattern.compile("signal\\.SIG[A-Z0-9_]+");

  /** Packages whose classes appear in Megatron's checkpoints. */
  private static final Set<String> INERT_PACKAGES =
      Set.of("megatron", "transformer_engine", "apex");

  /** The module of the classes of NumPy's element types. */
  private static final String NUMPY_DTYPES = "numpy.dtypes";

  private TorchAllowList() {}

  /**
   * A name that the pickle imports.
   *
   * @throws CheckpointException if it is not on the list
   */
  static Global allowed(PickleInput in, String module, String name) throws CheckpointException {
    String today =
        switch (module) {
          case "__builtin__" -> "builtins";
          case "copy_reg" -> "copyreg";
          default -> module;
        };
    Global global = new Global(today, name);
    String full = global.toString();
    int dot = today.indexOf('.');
    boolean inertPackage = INERT_PACKAGES.contains(dot < 0 ? today : today.substring(0, dot));
    if (inertPackage
        || INERT.contains(full)
        || today.equals(NUMPY_DTYPES)
        || SIGNAL.matcher(full).matches()
        || REBUILDERS.contains(full)
        || full.equals("collections.OrderedDict")
        || full.equals("torch.Size")
        || storageDType(global) != null
        || dtype(global) != null) {
      return global;
    }
    throw in.refused(
        "it wants to run or build "
            + quote(full)
            + ", which no model needs; nothing was executed, do not trust this file");
  }

  /** The element type of a storage class, or null if the name is none. */
  static @Nullable DType storageDType(Global global) {
    boolean known = global.module().equals("torch") || global.module().equals("torch.storage");
    return known ? STORAGES.get(global.name()) : null;
  }

  /** The element type that a name such as {@code torch.float16} stands for, or null. */
  static @Nullable DType dtype(Global global) {
    return global.module().equals("torch") ? DTYPES.get(global.name()) : null;
  }
}
