package io.github.megabert.checkpoint;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.PickleValues.Global;
import io.github.megabert.checkpoint.PickleValues.Inert;
import io.github.megabert.checkpoint.PickleValues.Tuple;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names that a PyTorch file may import, and the plain data that they build. Everything else is
 * named and refused.
 */
final class TorchConstructors {
  /** More elements than this must be in the file, not repeated by a stride of 0. */
  private static final long MOST_REPEATED = 1 << 20;

  private static final int HIGHEST_RANK = 32;

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
          "numpy.core.multiarray.scalar",
          "numpy._core.multiarray.scalar",
          "numpy.ndarray",
          "numpy.dtype",
          "torch.device",
          "torch.Generator",
          "torch.nn.parameter.Parameter",
          "torch.serialization._get_layout");

  /** Packages whose classes appear in Megatron's checkpoints. */
  private static final Set<String> INERT_PACKAGES =
      Set.of("megatron", "transformer_engine", "apex");

  private final Map<String, Long> itemSizes = new HashMap<>();

  /** Bytes of an element of a storage that was met, or null. */
  @Nullable Long itemSize(String key) {
    return itemSizes.get(key);
  }

  /**
   * A name that the pickle imports.
   *
   * @throws CheckpointException if it is not on the list
   */
  Global allowed(PickleInput in, String module, String name) throws CheckpointException {
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
        || REBUILDERS.contains(full)
        || full.equals("collections.OrderedDict")
        || full.equals("torch.Size")
        || storageDType(global) != null
        || (today.equals("torch") && DTYPES.containsKey(name))) {
      return global;
    }
    throw in.refused(
        "it wants to run or build "
            + quote(full)
            + ", which no model needs; nothing was executed, do not trust this file");
  }

  private static @Nullable DType storageDType(Global global) {
    boolean known = global.module().equals("torch") || global.module().equals("torch.storage");
    return known ? STORAGES.get(global.name()) : null;
  }

  /** The data that calling an allowed name gives. */
  Object call(PickleInput in, Global type, Tuple arguments) throws CheckpointException {
    return switch (type.toString()) {
      case "collections.OrderedDict" -> orderedDict(in, arguments);
      case "torch.Size" ->
          arguments.size() == 1 && arguments.get(0) instanceof Tuple size ? size : arguments;
      case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2" ->
          tensor(in, arguments, false);
      case "torch._utils._rebuild_tensor_v3" -> tensor(in, arguments, true);
      case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state" -> {
        if (arguments.size() > 0 && arguments.get(0) instanceof TorchTensor tensor) {
          yield tensor;
        }
        throw in.refused("a parameter is made of something that is no tensor");
      }
      default -> new Inert(type);
    };
  }

  private static Map<Object, Object> orderedDict(PickleInput in, Tuple arguments)
      throws CheckpointException {
    Map<Object, Object> map = new LinkedHashMap<>();
    if (arguments.size() == 0) {
      return map;
    }
    if (!(arguments.get(0) instanceof List<?> pairs)) {
      throw in.refused("an OrderedDict is made of something that is no list");
    }
    for (Object pair : pairs) {
      if (pair instanceof List<?> list && list.size() == 2 && list.get(0) instanceof String key) {
        map.put(key, list.get(1));
      } else if (pair instanceof Tuple tuple
          && tuple.size() == 2
          && tuple.get(0) instanceof String key) {
        map.put(key, tuple.get(1));
      } else {
        throw in.refused("an OrderedDict is made of something that is no list of pairs");
      }
    }
    return map;
  }

  /**
   * The storage that a persistent id names: {@code ("storage", type, key, location, elements)}, and
   * before PyTorch 0.4 a sixth, {@code None} or {@code (viewKey, offset, elements)}.
   */
  TypedStorage storage(PickleInput in, Object id) throws CheckpointException {
    if (id instanceof Tuple tuple
        && tuple.size() >= 5
        && "storage".equals(tuple.get(0))
        && tuple.get(1) instanceof Global type
        && tuple.get(2) instanceof String key
        && tuple.get(4) instanceof Long elements) {
      DType dtype = storageDType(type);
      if (dtype != null) {
        long size = dtype.bits() / 8;
        long bytes = product(in, elements, size);
        Long known = itemSizes.putIfAbsent(key, size);
        if (known != null && known != size) {
          throw in.refused("storage " + quote(key) + " has elements of two sizes");
        }
        TorchStorage storage = new TorchStorage(key, bytes, 0, bytes);
        if (tuple.size() > 5 && tuple.get(5) instanceof Tuple view) {
          storage = view(in, storage, view, size);
        }
        return new TypedStorage(storage, dtype);
      }
    }
    throw in.refused("a storage is named in a way that PyTorch does not");
  }

  /** A storage and the type of its elements. */
  record TypedStorage(TorchStorage storage, DType dtype) {}

  private static TorchStorage view(PickleInput in, TorchStorage root, Tuple view, long size)
      throws CheckpointException {
    if (view.size() == 3
        && view.get(1) instanceof Long offset
        && view.get(2) instanceof Long elements) {
      long first = product(in, offset, size);
      long bytes = product(in, elements, size);
      if (first <= root.fileBytes() && bytes <= root.fileBytes() - first) {
        return new TorchStorage(root.key(), root.fileBytes(), first, bytes);
      }
    }
    throw in.refused("a view of storage " + quote(root.key()) + " overruns it");
  }

  private static TorchTensor tensor(PickleInput in, Tuple arguments, boolean namesItsType)
      throws CheckpointException {
    if (arguments.size() < (namesItsType ? 7 : 4)
        || !(arguments.get(0) instanceof TypedStorage typed)
        || !(arguments.get(1) instanceof Long offset)
        || !(arguments.get(2) instanceof Tuple size)
        || !(arguments.get(3) instanceof Tuple stride)) {
      throw in.refused(
          "a tensor is rebuilt from other things than a storage, offset, size, stride");
    }
    DType dtype = typed.dtype();
    if (namesItsType) {
      dtype = arguments.get(6) instanceof Global named ? DTYPES.get(named.name()) : null;
      if (dtype == null) {
        throw in.refused("a tensor has an unknown element type");
      }
    }
    long[] extents = longs(in, size);
    long[] strides = longs(in, stride);
    TorchStorage storage = typed.storage();
    if (extents.length != strides.length || offset < 0) {
      throw in.refused(
          "a tensor has " + extents.length + " sizes and " + strides.length + " strides");
    }
    try {
      Shape shape = Shape.of(extents);
      long last = offset;
      for (int axis = 0; axis < extents.length; axis++) {
        last = Math.addExact(last, Math.multiplyExact(extents[axis] - 1, strides[axis]));
      }
      long available = storage.byteSize() / (dtype.bits() / 8);
      if (shape.elements() > 0 && last >= available) {
        throw in.refused(
            "a tensor of shape "
                + shape
                + " reaches element "
                + last
                + " of storage "
                + quote(storage.key())
                + ", which has "
                + available);
      }
      if (shape.elements() > Math.max(available, MOST_REPEATED)) {
        throw in.refused(
            "a tensor of shape "
                + shape
                + " is claimed to be in storage "
                + quote(storage.key())
                + " of "
                + available
                + " elements");
      }
      return new TorchTensor(storage, dtype, offset, shape, strides);
    } catch (ArithmeticException e) {
      throw in.refused("a tensor is larger than 2^63 elements");
    }
  }

  private static long[] longs(PickleInput in, Tuple tuple) throws CheckpointException {
    if (tuple.size() > HIGHEST_RANK) {
      throw in.refused("a tensor has " + tuple.size() + " axes");
    }
    long[] values = new long[tuple.size()];
    for (int i = 0; i < values.length; i++) {
      if (!(tuple.get(i) instanceof Long value) || value < 0) {
        throw in.refused("a tensor has a size or stride that is negative or no number");
      }
      values[i] = value;
    }
    return values;
  }

  private static long product(PickleInput in, long count, long size) throws CheckpointException {
    try {
      if (count >= 0) {
        return Math.multiplyExact(count, size);
      }
    } catch (ArithmeticException e) {
      throw in.refused("a storage is larger than 2^63 bytes");
    }
    throw in.refused("a storage has a negative size");
  }
}
