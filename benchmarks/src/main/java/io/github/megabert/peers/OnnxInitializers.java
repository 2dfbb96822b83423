// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.peers;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The constants of an ONNX graph, read from its Protocol Buffers, and the matrix products that use
 * them. PyTorch's exporter transposes the weights of linear layers and names them by numbers; the
 * products' own names tell which layer they belong to.
 *
 * @param floats float32 constants, by name
 * @param products the constant that a {@code MatMul} multiplies with, by the node's name
 */
record OnnxInitializers(Map<String, Constant> floats, Map<String, String> products) {
  /**
   * A constant.
   *
   * @param shape its extents
   * @param values in row-major order
   */
  record Constant(long[] shape, float[] values) {
    /** The matrix with rows and columns exchanged. */
    Constant transposed() {
      int rows = (int) shape[0];
      int columns = (int) shape[1];
      float[] turned = new float[values.length];
      for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
          turned[c * rows + r] = values[r * columns + c];
        }
      }
      return new Constant(new long[] {columns, rows}, turned);
    }
  }

  // Numbers of fields in onnx.proto.
  private static final int MODEL_GRAPH = 7;
  private static final int GRAPH_NODE = 1;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int NODE_INPUT = 1;
  private static final int NODE_NAME = 3;
  private static final int NODE_OPERATION = 4;
  private static final int TENSOR_EXTENT = 1;
  private static final int TENSOR_TYPE = 2;
  private static final int TENSOR_NAME = 8;
  private static final int TENSOR_BYTES = 9;
  private static final long FLOAT = 1;

  /** One field of a message: a number, or bytes. */
  private record Field(int number, long value, ByteBuffer bytes) {
    String text() {
      return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }
  }

  static OnnxInitializers of(byte[] model) {
    Map<String, Constant> floats = new LinkedHashMap<>();
    Map<String, String> products = new LinkedHashMap<>();
    for (Field part : fields(ByteBuffer.wrap(model))) {
      if (part.number == MODEL_GRAPH) {
        for (Field field : fields(part.bytes)) {
          if (field.number == GRAPH_NODE) {
            addProduct(fields(field.bytes), products);
          } else if (field.number == GRAPH_INITIALIZER) {
            addConstant(fields(field.bytes), floats);
          }
        }
      }
    }
    return new OnnxInitializers(floats, products);
  }

  private static void addProduct(List<Field> node, Map<String, String> products) {
    List<String> inputs = new ArrayList<>();
    String name = "";
    String operation = "";
    for (Field field : node) {
      switch (field.number) {
        case NODE_INPUT -> inputs.add(field.text());
        case NODE_NAME -> name = field.text();
        case NODE_OPERATION -> operation = field.text();
        default -> {}
      }
    }
    if (operation.equals("MatMul")) {
      products.put(name, inputs.get(1));
    }
  }

  private static void addConstant(List<Field> tensor, Map<String, Constant> floats) {
    List<Long> extents = new ArrayList<>();
    String name = "";
    long type = 0;
    ByteBuffer bytes = ByteBuffer.allocate(0);
    for (Field field : tensor) {
      switch (field.number) {
        case TENSOR_EXTENT -> {
          if (field.bytes.hasRemaining()) {
            ByteBuffer packed = field.bytes.duplicate();
            while (packed.hasRemaining()) {
              extents.add(varint(packed));
            }
          } else {
            extents.add(field.value);
          }
        }
        case TENSOR_TYPE -> type = field.value;
        case TENSOR_NAME -> name = field.text();
        case TENSOR_BYTES -> bytes = field.bytes;
        default -> {}
      }
    }
    if (type == FLOAT) {
      float[] values = new float[bytes.remaining() / Float.BYTES];
      bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
      long[] shape = extents.stream().mapToLong(Long::longValue).toArray();
      floats.put(name, new Constant(shape, values));
    }
  }

  private static List<Field> fields(ByteBuffer message) {
    ByteBuffer in = message.duplicate();
    ByteBuffer none = ByteBuffer.allocate(0);
    List<Field> fields = new ArrayList<>();
    while (in.hasRemaining()) {
      long key = varint(in);
      int number = (int) (key >>> 3);
      switch ((int) (key & 7)) {
        case 0 -> fields.add(new Field(number, varint(in), none));
        case 1 -> in.position(in.position() + Long.BYTES);
        case 2 -> {
          int length = Math.toIntExact(varint(in));
          fields.add(new Field(number, 0, in.slice(in.position(), length)));
          in.position(in.position() + length);
        }
        case 5 -> in.position(in.position() + Integer.BYTES);
        default -> throw new IllegalArgumentException("no Protocol Buffers message");
      }
    }
    return fields;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      byte next = in.get();
      value |= (next & 0x7FL) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number of more than 64 bits");
  }
}
