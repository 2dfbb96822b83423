// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tensor.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Products with weights that come from the memory have the bits of those with cached ones. */
class StreamedWeightsTest {
  /** Not whole panels, and enough of them for tiles of spaced rows, of any width. */
  private static final int OUTPUTS = 9 * Lanes.PANEL + 5;

  private final Arena arena = Arena.ofShared();
  private final Workers workers = new Workers(2);
  private final SplittableRandom random = new SplittableRandom(20261125);

  @AfterEach
  void close() {
    workers.close();
    arena.close();
  }

  private Tensor tensor(long... extents) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(extents));
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) (random.nextDouble() - 0.5));
    }
    return tensor;
  }

  private byte[] product(
      Gemm gemm, Tensor x, Tensor weights, Tensor bias, Precision precision, boolean streamed) {
    int rows = x.shape().intExtent(0);
    PackedLinear linear =
        Packing.pack(workers, arena, precision, List.of(weights), List.of(bias), streamed);
    MemorySegment out = arena.allocate((long) rows * OUTPUTS * Float.BYTES, 64);
    out.fill((byte) 0xff);
    gemm.multiply(
        new HostMatrix(x.segment(), rows, x.shape().intExtent(1)),
        linear,
        Activation.GELU,
        null,
        new HostMatrix(out, rows, OUTPUTS));
    return out.toArray(ValueLayout.JAVA_BYTE);
  }

  /** One block of inputs; two, of which the second is short. */
  @ParameterizedTest
  @ValueSource(ints = {70, Gemm.DEPTH + 37})
  void fewRows(int inputs) {
    Tensor weights = tensor(OUTPUTS, inputs);
    Tensor bias = tensor(OUTPUTS);
    Team team = new Team(workers);
    try (KernelMemory memory = new KernelMemory();
        Gemm gemm =
            new Gemm(
                team,
                memory,
                Forms.VECTOR,
                new ReadAhead(),
                new UnpackedGemm(team, memory, Forms.VECTOR))) {
      for (int rows = 1; rows <= 26; rows++) {
        Tensor x = tensor(rows, inputs);
        for (Precision precision : Precision.values()) {
          if (precision != Precision.TF32) {
            assertArrayEquals(
                product(gemm, x, weights, bias, precision, false),
                product(gemm, x, weights, bias, precision, true),
                precision + ", " + rows + " rows");
          }
        }
      }
    }
  }
}
