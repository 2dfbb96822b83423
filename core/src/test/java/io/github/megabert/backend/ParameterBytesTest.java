// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a backend says that its parameters take. */
class ParameterBytesTest {
  private static final int INPUTS = 64;
  private static final int OUTPUTS = 5;

  private static Tensor zeros(DType dtype, long... extents) {
    return Tensor.allocate(Arena.ofAuto(), dtype, Shape.of(extents));
  }

  private static void takeLinear(Backend backend) {
    backend.linear(List.of(zeros(DType.F32, OUTPUTS, INPUTS)), List.of(zeros(DType.F32, OUTPUTS)));
  }

  @Test
  void scalarKeepsFloats() {
    try (Backend backend = Backends.open(Backends.SCALAR, BackendOptions.DEFAULT)) {
      assertEquals(OptionalLong.of(0), backend.parameterBytes());
      backend.parameter(zeros(DType.F16, 3, 7));
      assertEquals(OptionalLong.of(4 * 3 * 7), backend.parameterBytes());
      takeLinear(backend);
      assertEquals(
          OptionalLong.of(4 * (3 * 7 + OUTPUTS * INPUTS + OUTPUTS)), backend.parameterBytes());
    }
  }

  @Test
  void vectorLeavesTablesInTheirType() {
    try (Backend backend = Backends.open(Backends.VECTOR, BackendOptions.DEFAULT)) {
      assertEquals(OptionalLong.of(0), backend.parameterBytes());
      backend.parameter(zeros(DType.F16, 3, 7));
      // A vector is not a table: its numbers are floats.
      backend.parameter(zeros(DType.F16, 7));
      assertEquals(OptionalLong.of(2 * 3 * 7 + 4 * 7), backend.parameterBytes());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {Backends.SCALAR, Backends.VECTOR})
  void aClosedBackendHasNone(String name) {
    Backend backend = Backends.open(name, BackendOptions.DEFAULT);
    backend.parameter(zeros(DType.F32, 3, 7));
    backend.close();
    assertEquals(OptionalLong.of(0), backend.parameterBytes());
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"F32", "BF16", "F16"})
  void vectorPacksWholePanels(Precision precision) {
    long channels = Lanes.padToPanel(OUTPUTS);
    try (Backend backend =
        Backends.open(Backends.VECTOR, BackendOptions.DEFAULT.withPrecision(precision))) {
      takeLinear(backend);
      assertEquals(
          OptionalLong.of(channels * (INPUTS * precision.bits() / 8 + Float.BYTES)),
          backend.parameterBytes());
    }
  }

  @Test
  void vectorCountsWeightsThatStayWhereTheyAre() {
    try (Backend backend =
        Backends.open(Backends.VECTOR, BackendOptions.DEFAULT.withPacking(false))) {
      takeLinear(backend);
      assertEquals(
          OptionalLong.of(4L * OUTPUTS * INPUTS + 4L * Lanes.padToPanel(OUTPUTS)),
          backend.parameterBytes());
    }
  }
}
