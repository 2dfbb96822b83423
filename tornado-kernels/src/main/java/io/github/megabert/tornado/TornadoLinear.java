// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.spi.LinearShapes;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tornado.recording.DeviceMemory;
import io.github.megabert.tornado.recording.Operand;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Stacked linear layers on the device.
 *
 * @param weight {@code [outputs, inputs]} in the element that {@link Products#element} names
 * @param bias {@code [outputs]} in float32
 * @param halfBias the bias in binary16 as cuBLASLt reads it, null for float32 matrices
 * @param master what training changes, in float32, of which the weight is the rounded copy; null
 *     where the weight is not a copy
 */
record TornadoLinear(
    int inputs,
    int outputs,
    Operand weight,
    Operand bias,
    @Nullable Operand halfBias,
    @Nullable Operand master)
    implements Backend.Linear {

  static TornadoLinear of(
      DeviceMemory memory,
      Precision precision,
      LinearShapes shapes,
      List<Tensor> weights,
      List<@Nullable Tensor> biases) {
    TornadoNativeArray weight =
        Products.element(precision, shapes.inputs(), shapes.outputs())
            .allocate(Math.multiplyExact(shapes.inputs(), shapes.outputs()));
    FloatArray bias = new FloatArray(shapes.outputs());
    long row = 0;
    for (int i = 0; i < weights.size(); i++) {
      HostCopies.fill(weight, row * shapes.inputs(), weights.get(i));
      Tensor part = biases.get(i);
      if (part != null) {
        HostCopies.fill(bias, row, part);
      }
      row += weights.get(i).shape().extent(0);
    }
    HalfFloatArray halfBias = null;
    if (weight instanceof HalfFloatArray) {
      halfBias = new HalfFloatArray(shapes.outputs());
      for (int i = 0; i < shapes.outputs(); i++) {
        halfBias
            .getSegment()
            .setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(bias.get(i)));
      }
    }
    return new TornadoLinear(
        shapes.inputs(),
        shapes.outputs(),
        new Operand.Resident(memory.add(weight)),
        new Operand.Resident(memory.add(bias)),
        halfBias == null ? null : new Operand.Resident(memory.add(halfBias)),
        null);
  }
}
