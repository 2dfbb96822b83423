// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Backend;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tornado.recording.DeviceMemory;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Operand;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A table or a vector. It goes to the device when an operation first needs it, in the form that the
 * operation reads: a LayerNorm float32, an embedding the element type of matrices.
 */
final class TornadoParameter implements Backend.Parameter {
  private final int rows;
  private final int columns;
  private final Supplier<Operand> inFloat32;
  private final Supplier<Operand> inElement;
  private @Nullable Operand floats;
  private @Nullable Operand elements;

  private TornadoParameter(
      int rows, int columns, Supplier<Operand> inFloat32, Supplier<Operand> inElement) {
    this.rows = rows;
    this.columns = columns;
    this.inFloat32 = inFloat32;
    this.inElement = inElement;
  }

  /** A parameter that stays as it is. */
  static TornadoParameter of(DeviceMemory memory, Element element, Tensor values) {
    return new TornadoParameter(
        values.shape().rank() == 1 ? 1 : values.shape().intExtent(0),
        values.shape().intExtent(-1),
        () -> upload(memory, Element.FLOAT, values),
        () -> upload(memory, element, values));
  }

  private static Operand upload(DeviceMemory memory, Element element, Tensor values) {
    TornadoNativeArray array = element.allocate(Math.toIntExact(values.elements()));
    HostCopies.fill(array, 0, values);
    return new Operand.Resident(memory.add(array));
  }

  /** A parameter that training changes, in float32. */
  static TornadoParameter live(TornadoMatrix values) {
    return new TornadoParameter(values.rows(), values.columns(), values::operand, values::operand);
  }

  /** A parameter of this kind of backend. */
  static TornadoParameter of(Backend.Parameter parameter) {
    if (parameter instanceof TornadoParameter own) {
      return own;
    }
    throw new IllegalArgumentException("the parameter belongs to another backend: " + parameter);
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int columns() {
    return columns;
  }

  /** The values in float32. */
  synchronized Operand floats() {
    Operand present = floats;
    if (present == null) {
      present = inFloat32.get();
      floats = present;
    }
    return present;
  }

  /** The values in the element type of matrices. */
  synchronized Operand elements() {
    Operand present = elements;
    if (present == null) {
      present = inElement.get();
      elements = present;
    }
    return present;
  }
}
