package io.github.megabert.tornado;

import io.github.megabert.backend.Backend;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tornado.recording.DeviceMemory;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Operand;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A table or a vector. It goes to the device when an operation first needs it, in the form that the
 * operation reads: a LayerNorm float32, an embedding the element type of matrices.
 */
final class TornadoParameter implements Backend.Parameter {
  private final DeviceMemory memory;
  private final Element element;
  private final Tensor values;
  private @Nullable Operand floats;
  private @Nullable Operand elements;

  TornadoParameter(DeviceMemory memory, Element element, Tensor values) {
    this.memory = memory;
    this.element = element;
    this.values = values;
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
    return values.shape().rank() == 1 ? 1 : values.shape().intExtent(0);
  }

  @Override
  public int columns() {
    return values.shape().intExtent(-1);
  }

  /** The values in float32. */
  synchronized Operand floats() {
    Operand present = floats;
    if (present == null) {
      FloatArray array = new FloatArray(Math.toIntExact(values.elements()));
      HostCopies.fill(array, 0, values);
      present = new Operand.Resident(memory.add(array));
      floats = present;
    }
    return present;
  }

  /** The values in the element type of matrices. */
  synchronized Operand elements() {
    Operand present = elements;
    if (present == null) {
      TornadoNativeArray array = element.allocate(Math.toIntExact(values.elements()));
      HostCopies.fill(array, 0, values);
      present = new Operand.Resident(memory.add(array));
      elements = present;
    }
    return present;
  }
}
