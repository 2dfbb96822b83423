// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.file.LittleEndian;
import io.github.megabert.tensor.BFloat16;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Turns a tensor of floating-point numbers into another floating-point type, rounding to nearest
 * even. {@link Tensor#to} decides by element; these loops decide once a tensor.
 *
 * @param target the type wanted, or null to leave every tensor as it is
 */
public record ElementConversion(@Nullable DType target) {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** The type that tensors of a type get. Integers stay what they are. */
  public DType of(DType dtype) {
    boolean number =
        switch (dtype) {
          case F16, BF16, F32, F64 -> true;
          default -> false;
        };
    return target != null && number ? target : dtype;
  }

  /**
   * The tensor in its new type, in {@code arena} if that is another.
   *
   * @throws CheckpointException if float16 cannot hold a number that the tensor holds
   */
  public Tensor apply(String name, Tensor tensor, Arena arena) throws CheckpointException {
    DType wanted = of(tensor.dtype());
    if (wanted == tensor.dtype()) {
      return tensor;
    }
    MemorySegment from = tensor.segment();
    Tensor converted = Tensor.allocate(arena, wanted, tensor.shape());
    MemorySegment to = converted.segment();
    long count = tensor.elements();
    if (tensor.dtype() == DType.F16 && wanted == DType.F32) {
      for (long i = 0; i < count; i++) {
        to.set(FLOAT, i * 4, Float.float16ToFloat(from.get(LittleEndian.SHORT, i * 2)));
      }
    } else if (tensor.dtype() == DType.BF16 && wanted == DType.F32) {
      for (long i = 0; i < count; i++) {
        to.set(LittleEndian.INT, i * 4, from.get(LittleEndian.SHORT, i * 2) << 16);
      }
    } else if (tensor.dtype() == DType.F32 && wanted == DType.BF16) {
      for (long i = 0; i < count; i++) {
        to.set(LittleEndian.SHORT, i * 2, BFloat16.fromFloat(from.get(FLOAT, i * 4)));
      }
    } else if (tensor.dtype() == DType.F32 && wanted == DType.F16) {
      for (long i = 0; i < count; i++) {
        to.set(LittleEndian.SHORT, i * 2, Float.floatToFloat16(from.get(FLOAT, i * 4)));
      }
    } else {
      for (long i = 0; i < count; i++) {
        converted.setFloat(i, tensor.getFloat(i));
      }
    }
    if (wanted == DType.F16) {
      requireNoOverflow(name, tensor, converted);
    }
    return converted;
  }

  private static void requireNoOverflow(String name, Tensor before, Tensor after)
      throws CheckpointException {
    for (long i = 0; i < after.elements(); i++) {
      boolean infinite = (after.segment().get(LittleEndian.SHORT, i * 2) & 0x7fff) == 0x7c00;
      if (infinite && Float.isFinite(before.getFloat(i))) {
        throw new CheckpointException(
            "tensor "
                + quote(name)
                + " holds "
                + before.getFloat(i)
                + ", beyond the 65504 of float16; convert to bfloat16 or float32");
      }
    }
  }
}
