package io.github.megabert.backend.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.backend.Activation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Plain and vector kernels give the same bits, so a process may change over at any moment. */
class KernelsAgreeTest {
  private static final int[] COUNTS = {1, 3, 15, 16, 17, 31, 33, 64, 97, 256, 1000, 1031};

  private final long step = Lanes.PANEL_BYTES;
  private final Arena arena = Arena.ofShared();
  private final SplittableRandom random = new SplittableRandom(11);

  @AfterEach
  void free() {
    arena.close();
  }

  private MemorySegment floats(int count, double scale) {
    MemorySegment floats = arena.allocate(count * 4L, 64);
    for (int i = 0; i < count; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) ((random.nextDouble() - 0.5) * scale));
    }
    return floats;
  }

  /** Runs {@code kernel} with both sets on copies of {@code target} and compares all bytes. */
  private void compare(MemorySegment target, BiConsumer<Kernels, MemorySegment> kernel) {
    byte[][] results = new byte[2][];
    Kernels[] sets = {new PlainKernels(), new VectorKernels()};
    for (int i = 0; i < 2; i++) {
      MemorySegment copy = arena.allocate(target.byteSize(), 64).copyFrom(target);
      kernel.accept(sets[i], copy);
      results[i] = copy.toArray(ValueLayout.JAVA_BYTE);
    }
    assertArrayEquals(results[0], results[1]);
  }

  @Test
  void panels() {
    for (int rows = 1; rows <= 66; rows++) {
      int height = rows;
      int depth = 37;
      MemorySegment x = floats(rows * depth, 1);
      MemorySegment panel = floats(2 * depth * Lanes.PANEL, 1);
      long next = (long) depth * Lanes.PANEL_BYTES;
      compare(
          floats(rows * Lanes.PANEL, 1),
          (k, c) -> k.panel(height, depth, x, 0, depth * 4L, panel, 0, 0, c, 0, Lanes.PANEL_BYTES));
      compare(
          floats(rows * Lanes.PANEL, 1),
          (k, c) ->
              k.panel(height, depth, x, 0, depth * 4L, panel, 0, next, c, 0, Lanes.PANEL_BYTES));
      compare(
          floats(rows * Lanes.PANEL, 1),
          (k, c) ->
              k.addRows(
                  height, Math.min(Lanes.PANEL, depth), x, 0, depth * 4L, c, 0, Lanes.PANEL_BYTES));
    }
  }

  private float[] spacedRows(int rows) {
    int held = rows + TallTile.ROWS - 1;
    return floats(3 + held * SpacedRows.DISTANCE, 1).toArray(ValueLayout.JAVA_FLOAT);
  }

  @ParameterizedTest
  @ValueSource(ints = {TallTile.ROWS, StreamTile.ROWS})
  void spacedPanels(int height) {
    int depth = 37;
    MemorySegment panel = floats(2 * depth * Lanes.PANEL, 1);
    long next = (long) depth * Lanes.PANEL_BYTES;
    float[] x = spacedRows(66);
    for (int rows = 1; rows <= 66; rows++) {
      int count = rows;
      MemorySegment target = floats((rows + TallTile.ROWS) * Lanes.PANEL, 1);
      long bytes = (long) rows * Lanes.PANEL_BYTES;
      compare(
          target,
          (k, c) -> {
            k.spacedPanel(height, count, depth, x, 3, panel, 0, panel, next, next, c, 0);
            c.asSlice(bytes).fill((byte) 0); // undefined
          });
    }
  }

  /** What is read ahead may be the last bytes of a segment, and so few that lines are left out. */
  @ParameterizedTest
  @ValueSource(ints = {TallTile.ROWS, StreamTile.ROWS})
  void nothingIsReadBehindWhatComesNext(int height) {
    VectorKernels kernels = new VectorKernels();
    int most = 11 * height;
    float[] x = spacedRows(most);
    MemorySegment c = floats((most + TallTile.ROWS) * Lanes.PANEL, 1);
    for (int depth : new int[] {1, 2, 37, 48}) {
      MemorySegment panel = floats(depth * Lanes.PANEL, 1);
      for (int rows = 2; rows <= most; rows += 5) {
        int tiles = Math.ceilDiv(rows, height);
        for (long bytes :
            new long[] {0, 1, 2L * depth * tiles, 64L * depth + 32, panel.byteSize()}) {
          long there = Math.min(bytes, panel.byteSize());
          long at = panel.byteSize() - Math.max(1, there);
          kernels.spacedPanel(height, rows, depth, x, 0, panel, 0, panel, at, there, c, 0);
        }
      }
    }
  }

  @Test
  void expansions() {
    for (int rows : COUNTS) {
      int words = rows * Lanes.COUNT;
      MemorySegment halves = arena.allocate(words * 4L, 64);
      MemorySegment brainFloats = arena.allocate(words * 4L, 64);
      for (int i = 0; i < words; i++) {
        float low = (float) (random.nextDouble() - 0.5);
        float high = (float) ((random.nextDouble() - 0.5) * 1e-6); // subnormal as a half
        int both = (Float.floatToFloat16(high) << 16) | (Float.floatToFloat16(low) & 0xffff);
        halves.setAtIndex(ValueLayout.JAVA_INT, i, both);
        int bits = (Float.floatToIntBits(high) & 0xffff0000) | (Float.floatToIntBits(low) >>> 16);
        brainFloats.setAtIndex(ValueLayout.JAVA_INT, i, bits);
      }
      MemorySegment panel = floats(rows * Lanes.PANEL, 1);
      compare(panel, (k, c) -> k.expandHalves(halves, 0, rows, c, 0));
      compare(panel, (k, c) -> k.expandBrainFloats(brainFloats, 0, rows, c, 0));
    }
  }

  /** Tiles of spaced rows give the bits that tiles of rows as they lie give. */
  @ParameterizedTest
  @ValueSource(ints = {TallTile.ROWS, StreamTile.ROWS})
  void spacedRowsAreLikeTheOthers(int height) {
    int depth = 37;
    VectorKernels kernels = new VectorKernels();
    for (int rows = 1; rows <= 30; rows++) {
      MemorySegment x = floats(rows * depth, 1);
      MemorySegment panel = floats(depth * Lanes.PANEL, 1);
      SpacedRows copies = new SpacedRows();
      copies.shape(rows, depth);
      for (int r = 0; r < rows; r++) {
        copies.copy(r, 0, x, (long) r * depth * Float.BYTES, depth);
      }
      MemorySegment spaced = floats((rows + TallTile.ROWS) * Lanes.PANEL, 1);
      MemorySegment others = floats(rows * Lanes.PANEL, 1);
      kernels.spacedPanel(
          height, rows, depth, copies.floats(), 0, panel, 0, panel, 0, panel.byteSize(), spaced, 0);
      long stride = Lanes.PANEL_BYTES;
      kernels.panel(rows, depth, x, 0, depth * 4L, panel, 0, 0, others, 0, stride);
      assertArrayEquals(
          others.toArray(ValueLayout.JAVA_BYTE),
          spaced.asSlice(0, others.byteSize()).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void dotsAndWeightedSums() {
    for (int width : COUNTS) {
      int rows = 1 + width % 9;
      long stride = (width + 3L) * Float.BYTES;
      MemorySegment matrix = floats(rows * (width + 3), 1);
      MemorySegment row = floats(Math.max(width, rows), 1);
      compare(floats(rows, 1), (k, c) -> k.dots(row, 0, width, matrix, 0, stride, rows, c, 0));
      compare(
          floats(Math.max(1, width), 1),
          (k, c) -> k.weightedSum(row, 0, rows, matrix, 0, stride, width, c, 0));
    }
  }

  @ParameterizedTest
  @EnumSource
  void activations(Activation activation) {
    for (int count : COUNTS) {
      for (double scale : new double[] {1, 20, 1000}) {
        MemorySegment bias = floats(count, 1);
        compare(
            floats(count, scale),
            (k, c) -> k.biasAndActivation(activation, c, 0, step, c, 0, bias, 0, count));
      }
    }
  }

  @Test
  void sums() {
    long apartStep = step + 12;
    MemorySegment apart = floats(2 * 1031 + 2 * Lanes.PANEL, 1);
    for (int count : COUNTS) {
      MemorySegment sums = floats(count, 1);
      MemorySegment residual = floats(count, 1);
      MemorySegment bias = floats(count, 1);
      compare(
          floats(count, 1),
          (k, c) -> k.biasAndResidual(sums, 0, step, residual, c, 0, bias, 0, count));
      compare(
          floats(count, 1),
          (k, c) -> k.biasAndResidual(apart, 0, apartStep, residual, c, 0, bias, 0, count));
      compare(floats(count, 1), (k, c) -> k.residual(sums, 0, residual, c, 0, count));
      compare(floats(count, 1), (k, c) -> k.scale(sums, 0, step, count, 0.37f, c, 0));
    }
  }

  @Test
  void layerNorms() {
    MemorySegment lanes = arena.allocate(128, 64);
    for (int count : COUNTS) {
      MemorySegment x = floats(count, 30);
      MemorySegment weight = floats(count, 1);
      MemorySegment bias = floats(count, 1);
      compare(
          floats(count, 1), (k, c) -> k.layerNorm(x, c, 0, weight, bias, count, 1e-12f, lanes, 0));
    }
  }

  @Test
  void softmaxes() {
    MemorySegment lanes = arena.allocate(64, 64);
    for (int count : COUNTS) {
      MemorySegment x = floats(count, 100);
      float max = new PlainKernels().max(x, 0, step, count);
      assertEquals(max, new VectorKernels().max(x, 0, step, count));
      compare(
          floats(2 * count, 1),
          (k, c) -> k.scaleAndAdd(c, 0, step, count, 0.3f, (long) count * Float.BYTES));
      compare(x, (k, c) -> k.exponentials(c, 0, count, max, 0.7f, true, lanes, 0));
      assertEquals(
          new PlainKernels().exponentials(x, 0, count, max, 1, false, lanes, 0),
          new VectorKernels().exponentials(x, 0, count, max, 1, false, lanes, 0));
    }
  }

  /** Scores of attention lie in panels that are apart. */
  @Test
  void softmaxesOfPanels() {
    MemorySegment lanes = arena.allocate(64, 64);
    long apart = 3 * step;
    for (int count : COUNTS) {
      int held = 3 * Lanes.padToPanel(count);
      MemorySegment x = floats(held + count, 100);
      float max = new PlainKernels().max(x, 0, apart, count);
      assertEquals(max, new VectorKernels().max(x, 0, apart, count));
      compare(
          x, (k, c) -> k.scaleAndAdd(c, 0, apart, count, 0.3f, (long) held * Float.BYTES));
      compare(floats(count, 1), (k, c) -> k.scale(x, 0, apart, count, 0.37f, c, 0));
      compare(
          floats(count + 1, 1),
          (k, c) -> {
            float[] terms = new float[count + 2];
            float sum = k.exponentialsOfPanels(x, 0, apart, count, max, 0.7f, terms, 2, lanes, 0);
            MemorySegment.copy(terms, 2, c, ValueLayout.JAVA_FLOAT, 0, count);
            c.setAtIndex(ValueLayout.JAVA_FLOAT, count, sum);
          });
    }
  }
}
