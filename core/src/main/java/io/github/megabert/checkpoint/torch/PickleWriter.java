// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.tensor.DType;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Writes a tree as a pickle of protocol 2, as {@code torch.save} would: dictionaries, lists, texts,
 * numbers, truth values, {@code None}, {@code argparse.Namespace} and tensors.
 */
public final class PickleWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** A tensor whose storage, its own, is written apart under {@code key}. */
  public record StoredTensor(String key, TensorSpec spec) {}

  /** An {@code argparse.Namespace}. */
  public record Namespace(Map<String, Object> attributes) {}

  private PickleWriter() {}

  /**
   * The pickle of a value.
   *
   * @throws IllegalArgumentException if a value in it is of no kind named above
   */
  static byte[] pickle(Object value) {
    PickleWriter writer = new PickleWriter();
    writer.op(0x80);
    writer.op(2);
    writer.write(value);
    writer.op('.');
    return writer.out.toByteArray();
  }

  private void write(Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        op('}');
        op('(');
        map.forEach(
            (key, item) -> {
              write(key);
              write(item);
            });
        op('u');
      }
      case List<?> list -> {
        op(']');
        op('(');
        list.forEach(this::write);
        op('e');
      }
      case PickleValues.None _ -> op('N');
      case String text -> {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        op('X');
        out.writeBytes(ByteBuffer.allocate(4).putInt(Integer.reverseBytes(bytes.length)).array());
        out.writeBytes(bytes);
      }
      case Boolean truth -> op(truth ? 0x88 : 0x89);
      case Long number -> writeLong(number);
      case Double number -> {
        op('G');
        out.writeBytes(ByteBuffer.allocate(8).putDouble(number).array());
      }
      case Namespace namespace -> {
        global("argparse", "Namespace");
        op(')');
        op(0x81);
        write(namespace.attributes());
        op('b');
      }
      case StoredTensor tensor -> writeTensor(tensor);
      default -> throw new IllegalArgumentException("no pickle of a " + value.getClass());
    }
  }

  private void writeLong(long number) {
    byte[] bytes = ByteBuffer.allocate(8).putLong(Long.reverseBytes(number)).array();
    if (number == (int) number) {
      op('J');
      out.write(bytes, 0, 4);
    } else {
      op(0x8a);
      op(8);
      out.writeBytes(bytes);
    }
  }

  /** {@code torch._utils._rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict())}. */
  private void writeTensor(StoredTensor tensor) {
    long[] size = tensor.spec().shape().toArray();
    long[] stride = new long[size.length];
    long step = 1;
    for (int axis = size.length - 1; axis >= 0; axis--) {
      stride[axis] = step;
      step *= size[axis];
    }
    global("torch._utils", "_rebuild_tensor_v2");
    op('(');
    op('(');
    write("storage");
    global("torch", storageType(tensor.spec().dtype()));
    write(tensor.key());
    write("cpu");
    writeLong(tensor.spec().shape().elements());
    op('t');
    op('Q');
    writeLong(0);
    writeTuple(size);
    writeTuple(stride);
    op(0x89);
    global("collections", "OrderedDict");
    op(')');
    op('R');
    op('t');
    op('R');
  }

  private void writeTuple(long[] numbers) {
    op('(');
    for (long number : numbers) {
      writeLong(number);
    }
    op('t');
  }

  private void global(String module, String name) {
    op('c');
    out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
  }

  private void op(int opcode) {
    out.write(opcode);
  }

  private static String storageType(DType dtype) {
    return switch (dtype) {
      case F32 -> "FloatStorage";
      case F64 -> "DoubleStorage";
      case F16 -> "HalfStorage";
      case BF16 -> "BFloat16Storage";
      case I64 -> "LongStorage";
      case I32 -> "IntStorage";
      case I16 -> "ShortStorage";
      case I8 -> "CharStorage";
      case U8 -> "ByteStorage";
      case BOOL -> "BoolStorage";
      default -> throw new IllegalArgumentException("PyTorch has no storage of " + dtype);
    };
  }
}
