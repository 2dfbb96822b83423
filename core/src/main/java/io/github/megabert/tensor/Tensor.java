// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A dense, row-major, little-endian tensor in off-heap memory.
 *
 * <p>The memory belongs to an {@link Arena} that outlives the tensor; after the arena is closed
 * every access throws {@link IllegalStateException}. Where it is a mapped file that somebody cuts
 * short, access throws {@link FileChangedException}, and {@link InternalError} where it is to
 * single elements or to the {@link #segment}; see {@link MappedMemory}. A tensor is a view: {@link
 * #reshape} and {@link #rows} share its memory.
 */
public final class Tensor {
  /**
   * Alignment in bytes of memory that this class allocates: a cache line, and one AVX-512 vector.
   */
  public static final int ALIGNMENT = 64;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** What messages call the file of a mapped tensor. */
  private static final String MAPPED = "the file of a tensor";

  private final MemorySegment segment;
  private final DType dtype;
  private final Shape shape;

  private Tensor(MemorySegment segment, DType dtype, Shape shape) {
    this.segment = segment;
    this.dtype = dtype;
    this.shape = shape;
  }

  /** A zero-filled tensor, {@value #ALIGNMENT}-byte aligned, owned by {@code arena}. */
  public static Tensor allocate(Arena arena, DType dtype, Shape shape) {
    return new Tensor(arena.allocate(dtype.byteSize(shape.elements()), ALIGNMENT), dtype, shape);
  }

  /** A float32 tensor that holds a copy of {@code values}. */
  public static Tensor ofFloats(Arena arena, Shape shape, float... values) {
    requireCount(values.length, shape);
    Tensor tensor = allocate(arena, DType.F32, shape);
    MemorySegment.copy(values, 0, tensor.segment, FLOAT, 0, values.length);
    return tensor;
  }

  /** An int64 tensor that holds a copy of {@code values}. */
  public static Tensor ofLongs(Arena arena, Shape shape, long... values) {
    requireCount(values.length, shape);
    Tensor tensor = allocate(arena, DType.I64, shape);
    MemorySegment.copy(values, 0, tensor.segment, LONG, 0, values.length);
    return tensor;
  }

  /**
   * A view of existing memory.
   *
   * @throws IllegalArgumentException if the segment's size is not that of the shape and dtype
   */
  public static Tensor wrap(MemorySegment segment, DType dtype, Shape shape) {
    long wanted = dtype.byteSize(shape.elements());
    if (segment.byteSize() != wanted) {
      throw new IllegalArgumentException(
          "a "
              + dtype
              + " tensor of shape "
              + shape
              + " needs "
              + wanted
              + " bytes, the segment has "
              + segment.byteSize());
    }
    return new Tensor(segment, dtype, shape);
  }

  private static void requireCount(int count, Shape shape) {
    if (count != shape.elements()) {
      throw new IllegalArgumentException(
          "shape " + shape + " has " + shape.elements() + " elements, " + count + " were given");
    }
  }

  /** The memory, of exactly {@link #byteSize} bytes. */
  public MemorySegment segment() {
    return segment;
  }

  /** Element type. */
  public DType dtype() {
    return dtype;
  }

  /** Extents. */
  public Shape shape() {
    return shape;
  }

  /** Number of elements. */
  public long elements() {
    return shape.elements();
  }

  /** Size in bytes. */
  public long byteSize() {
    return segment.byteSize();
  }

  /**
   * Element {@code index} of the flattened tensor as a float32.
   *
   * @throws UnsupportedOperationException for types without arithmetic ({@link DType})
   */
  public float getFloat(long index) {
    return switch (dtype) {
      case F32 -> segment.get(FLOAT, index * 4);
      case F16 -> Float.float16ToFloat(segment.get(SHORT, index * 2));
      case BF16 -> BFloat16.toFloat(segment.get(SHORT, index * 2));
      case F64 -> (float) segment.get(DOUBLE, index * 8);
      default -> getLong(index);
    };
  }

  /**
   * Element {@code index} of the flattened tensor as an integer.
   *
   * @throws UnsupportedOperationException unless the type is an integer or bool
   */
  public long getLong(long index) {
    return switch (dtype) {
      case I64, U64 -> segment.get(LONG, index * 8);
      // In halves: the JVM would not survive a widening load if the file is cut (MappedMemory).
      case I32 ->
          segment.get(SHORT, index * 4 + 2) << 16
              | Short.toUnsignedInt(segment.get(SHORT, index * 4));
      case U32 -> Integer.toUnsignedLong(segment.get(INT, index * 4));
      case I16 -> segment.get(SHORT, index * 2);
      case U16 -> Short.toUnsignedLong(segment.get(SHORT, index * 2));
      case I8 -> segment.get(ValueLayout.JAVA_BYTE, index);
      case U8, BOOL -> Byte.toUnsignedLong(segment.get(ValueLayout.JAVA_BYTE, index));
      default ->
          throw new UnsupportedOperationException("no integer access to a " + dtype + " tensor");
    };
  }

  /**
   * Sets element {@code index} of the flattened tensor, rounding to nearest even.
   *
   * @throws UnsupportedOperationException unless the type is F32, F16, BF16 or F64
   */
  public void setFloat(long index, float value) {
    switch (dtype) {
      case F32 -> segment.set(FLOAT, index * 4, value);
      case F16 -> segment.set(SHORT, index * 2, Float.floatToFloat16(value));
      case BF16 -> segment.set(SHORT, index * 2, BFloat16.fromFloat(value));
      case F64 -> segment.set(DOUBLE, index * 8, value);
      default ->
          throw new UnsupportedOperationException("no float access to a " + dtype + " tensor");
    }
  }

  /**
   * All elements as float32, flattened.
   *
   * @throws FileChangedException if the memory is of a mapped file that was cut short
   */
  public float[] toFloatArray() {
    float[] values = new float[arrayLength()];
    return MappedMemory.read(
        MAPPED,
        () -> {
          if (dtype == DType.F32) {
            MemorySegment.copy(segment, FLOAT, 0, values, 0, values.length);
          } else {
            for (int i = 0; i < values.length; i++) {
              values[i] = getFloat(i);
            }
          }
          return values;
        });
  }

  /**
   * All elements as {@code int}, flattened.
   *
   * @throws IllegalArgumentException if one does not fit, or there are more than an array holds
   * @throws FileChangedException if the memory is of a mapped file that was cut short
   */
  public int[] toIntArray() {
    int[] values = new int[arrayLength()];
    return MappedMemory.read(
        MAPPED,
        () -> {
          for (int i = 0; i < values.length; i++) {
            long value = getLong(i);
            values[i] = (int) value;
            if (values[i] != value) {
              throw new IllegalArgumentException(
                  "element " + i + " of a tensor " + shape + " is " + value + ", beyond 32 bits");
            }
          }
          return values;
        });
  }

  private int arrayLength() {
    if (elements() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("a tensor " + shape + " has more elements than an array");
    }
    return (int) elements();
  }

  /**
   * This tensor where it already has the dtype, otherwise a converted copy owned by {@code arena}.
   *
   * @throws FileChangedException if the memory is of a mapped file that was cut short
   */
  public Tensor to(DType target, Arena arena) {
    if (target == dtype) {
      return this;
    }
    Tensor converted = allocate(arena, target, shape);
    return MappedMemory.read(
        MAPPED,
        () -> {
          for (long i = 0; i < elements(); i++) {
            converted.setFloat(i, getFloat(i));
          }
          return converted;
        });
  }

  /**
   * The same memory under another shape.
   *
   * @throws IllegalArgumentException if the number of elements differs
   */
  public Tensor reshape(Shape target) {
    if (target.elements() != elements()) {
      throw new IllegalArgumentException("shape " + shape + " cannot be seen as " + target);
    }
    return new Tensor(segment, dtype, target);
  }

  /** Rows {@code [from, to)} of the outermost axis, sharing memory. */
  public Tensor rows(long from, long to) {
    long[] extents = shape.toArray();
    if (extents.length == 0 || from < 0 || from > to || to > extents[0]) {
      throw new IndexOutOfBoundsException(
          "rows " + from + " to " + to + " of a tensor of shape " + shape);
    }
    extents[0] = to - from;
    Shape slice = Shape.of(extents);
    long rowBytes = extents[0] == 0 ? 0 : dtype.byteSize(slice.elements()) / (to - from);
    return new Tensor(
        segment.asSlice(from * rowBytes, dtype.byteSize(slice.elements())), dtype, slice);
  }

  /** Whether the other has the same shape and type, and the same bits in every element. */
  public boolean contentEquals(@Nullable Tensor other) {
    return other != null
        && dtype == other.dtype
        && shape.equals(other.shape)
        && segment.mismatch(other.segment) < 0;
  }

  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
