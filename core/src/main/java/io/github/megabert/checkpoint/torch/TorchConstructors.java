// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.torch.PickleValues.Global;
import io.github.megabert.checkpoint.torch.PickleValues.Inert;
import io.github.megabert.checkpoint.torch.PickleValues.Tuple;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds plain data where a pickle calls one of the names on the {@link TorchAllowList}. */
final class TorchConstructors {
  /** More elements than this must be in the file, not repeated by a stride of 0. */
  private static final long MOST_REPEATED = 1 << 20;

  private static final int HIGHEST_RANK = 32;

  private final UnpackingLimit limit;
  private final Map<String, Long> itemSizes = new HashMap<>();

  TorchConstructors(UnpackingLimit limit) {
    this.limit = limit;
  }

  /** Bytes of an element of a storage that was met, or null. */
  @Nullable Long itemSize(String key) {
    return itemSizes.get(key);
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
      // Protocols 0 and 1 build objects so; the class is the first argument.
      case "copyreg._reconstructor" ->
          new Inert(
              arguments.size() > 0 && arguments.get(0) instanceof Global named ? named : type);
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
      DType dtype = TorchAllowList.storageDType(type);
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

  private TorchTensor tensor(PickleInput in, Tuple arguments, boolean namesItsType)
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
      dtype = arguments.get(6) instanceof Global named ? TorchAllowList.dtype(named) : null;
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
      limit.view(dtype.byteSize(shape.elements()));
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
