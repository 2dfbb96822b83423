// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.testing.RandomInput;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kernels on rows give the bits of plain Java, for both widths of vectors, on all tails. */
class RowKernelsTest {
  /** Made up, but such that every number counts. */
  private static final RowConstants CONSTANTS =
      new RowConstants(
          new float[] {1.4f, 0x1.8p23f, -0.7f, 1e-5f, .001f, .008f, .04f, .16f, .5f, 1f, -80f},
          new float[] {
            0.5f, 5.5f, 0.36f, -1f, .1f, .2f, -.1f, .3f, .1f, -.2f, .1f, .2f, .3f, -.1f, .1f, .2f,
            .3f, .1f, .2f, .1f, .3f, -.3f, .2f
          },
          new float[] {0.6f, -.005f, .02f, -.05f, .1f, -.3f, 2f, 40f});

  private static final float UNTOUCHED = 1e30f;
  private static final MemorySegment NONE = MemorySegment.NULL;

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void free() {
    arena.close();
  }

  private static RowKernels load(Arena arena, int lanes) throws MachineCodeException {
    assumeTrue(MachineCode.reason().isEmpty(), () -> "no machine code: " + MachineCode.reason());
    CodeMemory memory = CodeMemory.open();
    Cpu cpu = Cpu.read(memory);
    boolean fits = lanes == 16 ? cpu.avx512() : cpu.avx2();
    assumeTrue(fits, () -> "this processor has no vectors of " + lanes + " floats");
    return RowKernels.load(memory, arena, lanes, CONSTANTS);
  }

  private MemorySegment floats(RandomInput input, int count) {
    MemorySegment floats = arena.allocate(count * 4L + 4, 4);
    for (int i = 0; i < count; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) input.random().nextGaussian());
    }
    return floats.asSlice(0, count * 4L);
  }

  private MemorySegment result(int count) {
    MemorySegment floats = arena.allocate(count * 4L, 4);
    for (int i = 0; i < count; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, UNTOUCHED);
    }
    return floats;
  }

  private static float at(MemorySegment floats, int index) {
    return floats.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  private static void same(float expected, float actual, String what) {
    assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(actual), what);
  }

  /** Numbers of one row in panels, {@code step} floats apart. */
  private static int inPanels(int panel, int step, int column) {
    return column / panel * step + column % panel;
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 8})
  void epilogues(int lanes) throws Exception {
    RowKernels kernels = load(arena, lanes);
    RandomInput.check(60, input -> epilogues(kernels, input));
  }

  private void epilogues(RowKernels kernels, RandomInput input) {
    int panel = 2 * kernels.lanes();
    int rows = input.between(1, 6);
    int columns = input.between(1, 3 * panel);
    int stride = columns + input.between(0, 3);
    int step = rows * panel + input.between(0, 5);
    int skip = input.between(0, 3);
    MemorySegment sums = floats(input, skip + Math.ceilDiv(columns, panel) * step);
    MemorySegment bias = floats(input, columns);
    MemorySegment residual = floats(input, skip + rows * stride);
    for (RowKernels.Epilogue epilogue : RowKernels.Epilogue.values()) {
      MemorySegment out = result(skip + rows * stride + 1);
      kernels.epilogue(
          epilogue,
          rows,
          columns,
          sums,
          skip * 4L,
          step * 4L,
          bias,
          0,
          residual,
          out,
          skip * 4L,
          stride * 4L);
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < stride; column++) {
          int to = skip + row * stride + column;
          float expected = UNTOUCHED;
          if (column < columns) {
            float x = at(sums, skip + row * panel + inPanels(panel, step, column));
            x += at(bias, column);
            expected =
                switch (epilogue) {
                  case BIAS -> x;
                  case RESIDUAL -> x + at(residual, to);
                  case GELU -> gelu(x);
                  case TANH -> tanh(x);
                };
          }
          same(expected, at(out, to), epilogue + " " + row + ", " + column + " of " + columns);
        }
      }
      same(UNTOUCHED, at(out, skip + rows * stride), "behind");
    }
  }

  private static float gelu(float x) {
    float[] c = CONSTANTS.gelu();
    float half = c[0] * x;
    float z = Math.min(c[1], Math.abs(x));
    float t = Math.fma(z, c[2], c[3]);
    float q = c[4];
    for (int i = 5; i < c.length; i++) {
      q = Math.fma(q, t, c[i]);
    }
    return Math.fma(q, -z, half + Math.abs(half));
  }

  private static float tanh(float x) {
    float[] c = CONSTANTS.tanh();
    float z = Math.abs(x);
    if (z < c[0]) {
      float p = c[1];
      for (int i = 2; i < 6; i++) {
        p = Math.fma(p, x * x, c[i]);
      }
      return Math.fma(p * (x * x), x, x);
    }
    float held = Math.min(z, c[7]);
    float large = 1f - c[6] / (exp(held + held) + 1f);
    return x < 0 ? -large : large;
  }

  private static float exp(float x) {
    float[] c = CONSTANTS.exponential();
    if (x < c[10]) {
      return 0;
    }
    float shifted = Math.fma(x, c[0], c[1]);
    float n = shifted - c[1];
    float r = Math.fma(n, c[3], Math.fma(n, c[2], x));
    float p = c[4];
    for (int i = 5; i <= 9; i++) {
      p = Math.fma(p, r, c[i]);
    }
    p = Math.fma(p, r, c[9]);
    return p * Float.intBitsToFloat((Float.floatToRawIntBits(shifted) + 127) << 23);
  }

  /** Every fourth lane, then those two by two. */
  private static float sum(float[] lanes) {
    float[] four = new float[4];
    for (int i = 0; i < lanes.length; i++) {
      four[i % 4] += lanes[i];
    }
    return (four[0] + four[1]) + (four[2] + four[3]);
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 8})
  void layerNorm(int lanes) throws Exception {
    RowKernels kernels = load(arena, lanes);
    RandomInput.check(100, input -> layerNorm(kernels, input));
  }

  private void layerNorm(RowKernels kernels, RandomInput input) {
    int lanes = kernels.lanes();
    int rows = input.between(1, 4);
    int columns = input.between(1, 6 * lanes);
    int skip = input.between(0, 3);
    MemorySegment x = floats(input, skip + rows * columns);
    MemorySegment weight = floats(input, columns);
    MemorySegment bias = floats(input, columns);
    MemorySegment out = result(skip + rows * columns + 1);
    kernels.layerNorm(rows, columns, x, weight, bias, 1e-5f, out, skip * 4L);
    for (int row = 0; row < rows; row++) {
      float[] values = new float[columns];
      for (int i = 0; i < columns; i++) {
        values[i] = at(x, skip + row * columns + i);
      }
      float[] moments = moments(lanes, values);
      for (int i = 0; i < columns; i++) {
        float normal = (values[i] - moments[0] - moments[1]) * moments[2];
        float expected = Math.fma(normal, at(weight, i), at(bias, i));
        same(expected, at(out, skip + row * columns + i), i + " of " + columns);
      }
    }
    same(UNTOUCHED, at(out, skip + rows * columns), "behind");
  }

  private static float[] moments(int lanes, float[] values) {
    int columns = values.length;
    int even = columns - columns % (2 * lanes);
    float[] evens = new float[lanes];
    float[] odds = new float[lanes];
    for (int i = 0; i < even; i++) {
      (i / lanes % 2 == 0 ? evens : odds)[i % lanes] += values[i];
    }
    for (int i = 0; i < lanes; i++) {
      evens[i] += odds[i];
    }
    double total = sum(evens);
    for (int i = even; i < columns; i++) {
      total += values[i];
    }
    float mean = (float) (total / columns);
    float[] squareLanes = new float[lanes];
    float[] restLanes = new float[lanes];
    int whole = columns - columns % lanes;
    for (int i = 0; i < whole; i++) {
      float difference = values[i] - mean;
      squareLanes[i % lanes] = Math.fma(difference, difference, squareLanes[i % lanes]);
      restLanes[i % lanes] += difference;
    }
    double squares = sum(squareLanes);
    double rest = sum(restLanes);
    for (int i = whole; i < columns; i++) {
      float difference = values[i] - mean;
      squares += (double) difference * difference;
      rest += difference;
    }
    double correction = rest / columns;
    double variance = Math.max(0, squares / columns - correction * correction);
    float inverse = (float) (1 / Math.sqrt(variance + 1e-5f));
    return new float[] {mean, (float) correction, inverse};
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 8})
  void softmax(int lanes) throws Exception {
    RowKernels kernels = load(arena, lanes);
    RandomInput.check(100, input -> softmax(kernels, input));
  }

  private void softmax(RowKernels kernels, RandomInput input) {
    int lanes = kernels.lanes();
    int panel = 2 * lanes;
    int rows = input.between(1, 4);
    int columns = input.between(1, 3 * panel);
    int end = columns + input.between(0, 20);
    int step = rows * panel;
    float scale = (float) Math.exp(input.between(-3, 3));
    MemorySegment scores = floats(input, Math.ceilDiv(columns, panel) * step);
    MemorySegment out = result(rows * end + 1);
    MemorySegment inverses = result(rows + 1);
    kernels.softmax(
        rows, columns, end, scores, 0, step * 4L, panel * 4L, scale, out, 0, end * 4L, inverses, 0);
    for (int row = 0; row < rows; row++) {
      float max = Float.NEGATIVE_INFINITY;
      for (int i = 0; i < columns; i++) {
        max = Math.max(max, at(scores, row * panel + inPanels(panel, step, i)));
      }
      float[] sums = new float[lanes];
      float total = 0;
      int whole = columns - columns % lanes;
      for (int i = 0; i < end; i++) {
        float e = 0;
        if (i < columns) {
          float x = at(scores, row * panel + inPanels(panel, step, i));
          e = exp(Math.fma(x, scale, -max * scale));
        }
        same(e, at(out, row * end + i), i + " of " + columns);
        total = i == whole ? sum(sums) : total;
        if (i < whole) {
          sums[i % lanes] += e;
        } else {
          total += e;
        }
      }
      same(1 / (end == whole ? sum(sums) : total), at(inverses, row), "inverse of " + columns);
    }
    same(UNTOUCHED, at(out, rows * end), "behind");
    same(UNTOUCHED, at(inverses, rows), "behind");
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 8})
  void rowsThatMove(int lanes) throws Exception {
    RowKernels kernels = load(arena, lanes);
    RandomInput.check(60, input -> move(kernels, input));
  }

  private void move(RowKernels kernels, RandomInput input) {
    int panel = 2 * kernels.lanes();
    int rows = input.between(1, panel);
    int columns = input.between(1, 3 * panel);
    int stride = columns + input.between(0, 3);
    int step = rows * panel;
    MemorySegment x = floats(input, rows * stride);
    MemorySegment panels = floats(input, Math.ceilDiv(columns, panel) * step);
    MemorySegment factors = floats(input, rows);
    MemorySegment copied = result(rows * stride + 1);
    MemorySegment base = floats(input, rows * stride + 1);
    MemorySegment added = arena.allocate(base.byteSize(), 4).copyFrom(base);
    MemorySegment scaled = result(rows * stride + 1);
    MemorySegment turned = result(columns * panel + 1);
    MemorySegment weighted = result(columns + 1);
    kernels.copy(rows, columns, x, 0, stride * 4L, copied, 0, stride * 4L);
    kernels.add(rows, columns, x, 0, stride * 4L, added, 0, stride * 4L);
    kernels.scale(
        rows, columns, panels, 0, step * 4L, panel * 4L, factors, 0, 0.7f, scaled, 0, stride * 4L);
    kernels.transpose(rows, columns, x, 0, stride * 4L, turned, 0);
    kernels.weightedSum(rows, columns, factors, 0, x, 0, stride * 4L, weighted, 0);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < stride; column++) {
        int to = row * stride + column;
        boolean isIn = column < columns;
        same(isIn ? at(x, to) : UNTOUCHED, at(copied, to), "copy");
        same(isIn ? at(base, to) + at(x, to) : at(base, to), at(added, to), "add");
        float number = isIn ? at(panels, row * panel + inPanels(panel, step, column)) : 0;
        same(isIn ? number * (at(factors, row) * 0.7f) : UNTOUCHED, at(scaled, to), "scale");
      }
    }
    for (int column = 0; column < columns; column++) {
      float sum = 0;
      for (int row = 0; row < panel; row++) {
        float expected = row < rows ? at(x, row * stride + column) : 0;
        same(expected, at(turned, column * panel + row), "transpose");
        sum = row < rows ? Math.fma(at(factors, row), expected, sum) : sum;
      }
      same(sum, at(weighted, column), "weighted sum");
    }
    same(UNTOUCHED, at(copied, rows * stride), "behind");
    same(at(base, rows * stride), at(added, rows * stride), "behind");
    same(UNTOUCHED, at(scaled, rows * stride), "behind");
    same(UNTOUCHED, at(turned, columns * panel), "behind");
    same(UNTOUCHED, at(weighted, columns), "behind");
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 8})
  void dotsAndTables(int lanes) throws Exception {
    RowKernels kernels = load(arena, lanes);
    RandomInput.check(60, input -> dots(kernels, input));
  }

  private void dots(RowKernels kernels, RandomInput input) {
    int lanes = kernels.lanes();
    int columns = lanes * input.between(1, 5);
    int rows = input.between(1, 9);
    MemorySegment x = floats(input, rows * columns);
    MemorySegment out = result(rows + 1);
    kernels.dots(rows, columns, x, 0, x, 0, columns * 4L, out, 0);
    for (int row = 0; row < rows; row++) {
      float[] sums = new float[lanes];
      for (int i = 0; i < columns; i++) {
        sums[i % lanes] = Math.fma(at(x, i), at(x, row * columns + i), sums[i % lanes]);
      }
      for (int half = lanes / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) {
          sums[i] += sums[i + half];
        }
      }
      same(sums[0], at(out, row), "dot");
    }
    same(UNTOUCHED, at(out, rows), "behind");
    tables(kernels, input, columns);
  }

  private void tables(RowKernels kernels, RandomInput input, int columns) {
    int rows = input.between(1, 4);
    MemorySegment bits = arena.allocate(12L * rows * columns, 4);
    for (int i = 0; i < rows * columns * 6; i++) {
      // No infinity and no NaN in any of the three.
      short half = (short) (input.random().nextInt() & 0xbbff);
      bits.setAtIndex(ValueLayout.JAVA_SHORT, i, half);
    }
    for (RowKernels.Table table : RowKernels.Table.values()) {
      long width = columns * (table == RowKernels.Table.F32 ? 4L : 2L);
      MemorySegment sum = result(rows * columns + 1);
      kernels.embed(table, rows, columns, bits, 0, width, 2 * width, 3 * width, sum, 0);
      for (int i = 0; i < rows * columns; i++) {
        int from = i / columns * 3 * columns + i % columns;
        float first = number(table, bits, from);
        float second = number(table, bits, from + columns);
        float third = number(table, bits, from + 2 * columns);
        same((first + second) + third, at(sum, i), table.name());
      }
      same(UNTOUCHED, at(sum, rows * columns), "behind");
    }
  }

  private static float number(RowKernels.Table table, MemorySegment bits, int i) {
    return switch (table) {
      case F32 -> at(bits, i);
      case F16 -> Float.float16ToFloat(bits.getAtIndex(ValueLayout.JAVA_SHORT, i));
      case BF16 -> Float.intBitsToFloat(bits.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16);
    };
  }

  /** No operand is read or written beyond its end. */
  @ParameterizedTest
  @ValueSource(ints = {16, 8})
  void operandsThatAreTooShortAreRefused(int lanes) throws Exception {
    RowKernels kernels = load(arena, lanes);
    int columns = 2 * lanes;
    long bytes = columns * 4L;
    MemorySegment two = arena.allocate(2 * bytes, 4);
    MemorySegment one = arena.allocate(bytes, 4);
    RowKernels.Epilogue residual = RowKernels.Epilogue.RESIDUAL;
    Class<IndexOutOfBoundsException> refusal = IndexOutOfBoundsException.class;
    kernels.epilogue(residual, 2, columns, two, 0, bytes, one, 0, two, two, 0, bytes);
    assertThrows(
        refusal,
        () -> kernels.epilogue(residual, 2, columns, one, 0, bytes, one, 0, two, two, 0, bytes));
    assertThrows(
        refusal,
        () -> kernels.epilogue(residual, 2, columns, two, 0, bytes, one, 4, two, two, 0, bytes));
    assertThrows(
        refusal,
        () -> kernels.epilogue(residual, 2, columns, two, 0, bytes, one, 0, one, two, 0, bytes));
    assertThrows(
        refusal,
        () -> kernels.epilogue(residual, 2, columns, two, 0, bytes, one, 0, two, one, 0, bytes));
    assertThrows(refusal, () -> kernels.layerNorm(2, columns, two, one, one, 0, two, 4));
    assertThrows(refusal, () -> kernels.layerNorm(1, columns + 1, two, one, one, 0, two, 0));
    assertThrows(refusal, () -> kernels.copy(2, columns, two, 4, bytes, two, 0, bytes));
    assertThrows(refusal, () -> kernels.copy(2, columns, two, 0, bytes, two, 4, bytes));
    assertThrows(refusal, () -> kernels.transpose(2, 1, two, 0, 2 * bytes, one, 0));
    assertThrows(refusal, () -> kernels.transpose(2, 2, two, 0, bytes, one, 0));
    assertThrows(refusal, () -> kernels.dots(2, columns, one, 0, one, 0, bytes, two, 0));
    assertThrows(
        refusal,
        () ->
            kernels.softmax(
                1, columns, columns - 1, one, 0, bytes, bytes, 1, one, 0, bytes, two, 0));
    assertThrows(
        refusal,
        () ->
            kernels.softmax(
                1, columns + 1, columns + 1, one, 0, bytes, bytes, 1, two, 0, bytes, two, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> kernels.copy(1, columns, one, 0, bytes, one.asReadOnly(), 0, bytes));
    assertThrows(
        IllegalArgumentException.class,
        () -> kernels.dots(1, columns - 1, one, 0, one, 0, bytes, two, 0));
    assertThrows(
        refusal, () -> kernels.embed(RowKernels.Table.F32, 1, columns, NONE, 0, 0, 0, 0, one, 0));
  }
}
