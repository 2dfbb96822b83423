// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.warmup;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.DropoutMask;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.attention.DropWeights;
import io.github.megabert.backend.vector.attention.DropoutBits;
import io.github.megabert.backend.vector.attention.QueryDots;
import io.github.megabert.backend.vector.attention.ScoreColumns;
import io.github.megabert.backend.vector.attention.ScoreGradients;
import io.github.megabert.backend.vector.attention.WeightColumns;
import io.github.megabert.backend.vector.attention.WeightedSum;
import io.github.megabert.backend.vector.gemm.ByteRow;
import io.github.megabert.backend.vector.gemm.ByteTiles;
import io.github.megabert.backend.vector.gemm.CopyStrips;
import io.github.megabert.backend.vector.gemm.ExpandBytes;
import io.github.megabert.backend.vector.gemm.ExpandHalves;
import io.github.megabert.backend.vector.gemm.NarrowWeights;
import io.github.megabert.backend.vector.gemm.ReadAhead;
import io.github.megabert.backend.vector.gemm.RowTiles;
import io.github.megabert.backend.vector.gemm.StridedRows;
import io.github.megabert.backend.vector.gemm.StridedTiles;
import io.github.megabert.backend.vector.rows.AddResidual;
import io.github.megabert.backend.vector.rows.AddRows;
import io.github.megabert.backend.vector.rows.BiasAndActivation;
import io.github.megabert.backend.vector.rows.BiasAndResidual;
import io.github.megabert.backend.vector.rows.Exponentials;
import io.github.megabert.backend.vector.rows.LayerNormRow;
import io.github.megabert.backend.vector.rows.PanelExponentials;
import io.github.megabert.backend.vector.rows.RowMax;
import io.github.megabert.backend.vector.rows.ScaleAndAdd;
import io.github.megabert.backend.vector.rows.ScaleRow;
import io.github.megabert.backend.vector.rows.SumOfExponentials;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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

  /**
   * Runs all forms of {@code kernel} on copies of {@code target} and compares all bytes. Where
   * there is machine code, {@link Forms#WARMING} runs it.
   */
  private void compare(MemorySegment target, BiConsumer<Forms, MemorySegment> kernel) {
    byte[][] results = new byte[3][];
    Forms[] forms = {Forms.PLAIN, Forms.VECTOR, Forms.WARMING};
    for (int i = 0; i < forms.length; i++) {
      MemorySegment copy = arena.allocate(target.byteSize(), 64).copyFrom(target);
      kernel.accept(forms[i], copy);
      results[i] = copy.toArray(ValueLayout.JAVA_BYTE);
    }
    assertArrayEquals(results[0], results[1]);
    assertArrayEquals(results[0], results[2]);
  }

  @Test
  void panels() {
    int depth = 300; // three groups of weights in 8 bits
    int count = RowTiles.MAX_ROWS * Lanes.PANEL;
    MemorySegment x = floats(RowTiles.MAX_ROWS * depth, 1);
    MemorySegment panel = floats(depth * Lanes.PANEL, 1);
    MemorySegment scales = floats(3 * Lanes.PANEL, 1);
    MemorySegment sums = floats(count, 1);
    long stride = (long) depth * Float.BYTES;
    for (int height = 1; height <= RowTiles.MAX_ROWS; height++) {
      int rows = height;
      for (Precision precision : new Precision[] {Precision.F32, Precision.BF16}) {
        compare(
            floats(count, 1),
            (k, c) -> RowTiles.multiply(k, rows, depth, x, 0, stride, precision, panel, 0, c, 0));
      }
      compare(
          floats(count, 1),
          (k, c) ->
              ByteTiles.multiply(k, rows, depth, x, 0, stride, panel, 0, scales, 0, sums, 0, c, 0));
      compare(
          floats(count, 1),
          (k, c) -> AddRows.add(k, rows, Lanes.PANEL, x, 0, stride, c, 0, Lanes.PANEL_BYTES));
    }
  }

  /** The plain kernel takes one panel after the other, as with a row alone. */
  @Test
  void aRowTimesSeveralPanelsInBytes() {
    for (int depth : new int[] {1, 127, 128, 300, 1024}) {
      long step = (long) depth * Lanes.PANEL + 64;
      MemorySegment x = floats(depth, 1);
      MemorySegment panels = floats((int) (ByteRow.PANELS * step / Float.BYTES), 1);
      MemorySegment scales = floats(ByteRow.PANELS * 9 * Lanes.PANEL, 1);
      long scaleStep = 9L * Lanes.PANEL_BYTES;
      compare(
          floats(ByteRow.PANELS * Lanes.PANEL, 1),
          (k, c) -> ByteRow.multiply(k, depth, x, 0, panels, 0, step, scales, 0, scaleStep, c, 0));
    }
  }

  private float[] stridedRows(int rows) {
    int held = rows + StridedTiles.LOW;
    return floats(3 + held * StridedRows.DISTANCE, 1).toArray(ValueLayout.JAVA_FLOAT);
  }

  /** As many as tiles have more than there are rows. */
  private MemorySegment productOf(int rows) {
    return floats((rows + StridedTiles.LOW) * Lanes.PANEL, 1);
  }

  @Test
  void stridedPanels() {
    int depth = 37;
    MemorySegment panel = floats(2 * depth * Lanes.PANEL, 1);
    long next = (long) depth * Lanes.PANEL_BYTES;
    float[] x = stridedRows(66);
    for (int height = 1; height <= 66; height++) {
      int rows = height;
      long bytes = (long) rows * Lanes.PANEL_BYTES;
      for (Precision precision : new Precision[] {Precision.F32, Precision.BF16}) {
        for (ReadAhead.Way way : ReadAhead.Way.values()) {
          compare(
              productOf(rows),
              (k, c) -> {
                StridedTiles.multiply(
                    k,
                    MemorySegment.ofArray(x),
                    3,
                    rows,
                    depth,
                    precision,
                    panel,
                    0,
                    panel,
                    next,
                    next,
                    way,
                    c,
                    0);
                c.asSlice(bytes).fill((byte) 0); // undefined
              });
        }
      }
    }
  }

  /** Rows are cut into as few tiles as hold them, none of them wasted. */
  @Test
  void tilesHoldTheirRows() {
    for (int rows = 1; rows <= 300; rows++) {
      int held =
          StridedTiles.HIGH * StridedTiles.highTiles(rows)
              + StridedTiles.LOW * StridedTiles.lowTiles(rows);
      int needed = Math.ceilDiv(rows, StridedTiles.UNIT) * StridedTiles.UNIT;
      assertEquals(Math.max(StridedTiles.LOW, needed), held, rows + " rows");
    }
  }

  /** What is read ahead may be the last bytes of a segment, and so few that lines are left out. */
  @Test
  void nothingIsReadBehindWhatComesNext() {
    int most = 11 * StridedTiles.HIGH;
    float[] x = stridedRows(most);
    MemorySegment c = productOf(most);
    for (int depth : new int[] {1, 2, 37, 48}) {
      MemorySegment panel = floats(depth * Lanes.PANEL, 1);
      for (int rows = 1; rows <= most; rows++) {
        for (int bytesForEach : new int[] {1, 2, Lanes.PANEL, Lanes.PANEL_BYTES}) {
          long bytes = (long) depth * bytesForEach;
          long at = panel.byteSize() - bytes;
          for (ReadAhead.Way way : ReadAhead.Way.values()) {
            StridedTiles.multiply(
                Forms.VECTOR,
                MemorySegment.ofArray(x),
                0,
                rows,
                depth,
                Precision.F32,
                panel,
                0,
                panel,
                at,
                bytes,
                way,
                c,
                0);
            StridedTiles.multiply(
                Forms.VECTOR,
                MemorySegment.ofArray(x),
                0,
                rows,
                depth,
                Precision.BF16,
                panel,
                0,
                panel,
                at,
                bytes,
                way,
                c,
                0);
          }
        }
      }
    }
  }

  @Test
  void stripsOfRows() {
    for (int panels : new int[] {1, 2, 7, 8}) {
      for (int rows : new int[] {1, 5, 33}) {
        long stride = (long) panels * Lanes.PANEL_BYTES + 12;
        long step = (rows + 1L) * Lanes.PANEL_BYTES;
        MemorySegment source = floats((int) (rows * stride / Float.BYTES), 1);
        compare(
            floats((int) (panels * step / Float.BYTES), 1),
            (k, c) -> CopyStrips.copy(k, rows, panels, source, 0, stride, c, 0, step));
      }
    }
  }

  @Test
  void expansions() {
    for (int rows : COUNTS) {
      int words = rows * Lanes.COUNT;
      MemorySegment halves = arena.allocate(words * 4L, 64);
      for (int i = 0; i < words; i++) {
        float low = (float) (random.nextDouble() - 0.5);
        float high = (float) ((random.nextDouble() - 0.5) * 1e-6); // subnormal as a half
        int both = (Float.floatToFloat16(high) << 16) | (Float.floatToFloat16(low) & 0xffff);
        halves.setAtIndex(ValueLayout.JAVA_INT, i, both);
      }
      MemorySegment panel = floats(rows * Lanes.PANEL, 1);
      MemorySegment scales = floats(Math.ceilDiv(rows, NarrowWeights.GROUP) * Lanes.PANEL, 1);
      compare(panel, (k, c) -> ExpandHalves.expand(k, halves, 0, rows, c, 0));
      compare(panel, (k, c) -> ExpandBytes.expand(k, halves, 0, rows, scales, 0, c, 0));
    }
  }

  /** Tiles of strided rows give the bits that tiles of rows as they lie give. */
  @Test
  void stridedRowsAreLikeTheOthers() {
    int depth = 37;
    MemorySegment panel = floats(depth * Lanes.PANEL, 1);
    for (int rows = 1; rows <= RowTiles.MAX_ROWS; rows++) {
      MemorySegment x = floats(rows * depth, 1);
      long stride = (long) depth * Float.BYTES;
      StridedRows copies = new StridedRows();
      copies.shape(rows, depth);
      for (int r = 0; r < rows; r++) {
        copies.copy(r, 0, x, r * stride, depth);
      }
      MemorySegment strided = productOf(rows);
      MemorySegment others = floats(rows * Lanes.PANEL, 1);
      for (Precision precision : new Precision[] {Precision.F32, Precision.BF16}) {
        long bytes = NarrowWeights.bytes(precision, depth);
        ReadAhead.Way way = ReadAhead.Way.LINES;
        StridedTiles.multiply(
            Forms.VECTOR,
            copies.segment(),
            0,
            rows,
            depth,
            precision,
            panel,
            0,
            panel,
            0,
            bytes,
            way,
            strided,
            0);
        RowTiles.multiply(Forms.VECTOR, rows, depth, x, 0, stride, precision, panel, 0, others, 0);
        assertArrayEquals(
            others.toArray(ValueLayout.JAVA_BYTE),
            strided.asSlice(0, others.byteSize()).toArray(ValueLayout.JAVA_BYTE));
      }
    }
  }

  @Test
  void dotsAndWeightedSums() {
    for (int width : COUNTS) {
      int rows = 1 + width % 9;
      long stride = (width + 3L) * Float.BYTES;
      MemorySegment matrix = floats(rows * (width + 3), 1);
      MemorySegment row = floats(Math.max(width, rows), 1);
      compare(
          floats(rows, 1),
          (k, c) -> QueryDots.multiply(k, row, 0, width, matrix, 0, stride, rows, c, 0));
      compare(
          floats(Math.max(1, width), 1),
          (k, c) -> WeightedSum.add(k, row, 0, rows, matrix, 0, stride, width, c, 0));
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
            (k, c) -> BiasAndActivation.apply(k, activation, c, 0, step, c, 0, bias, 0, count));
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
          (k, c) -> BiasAndResidual.add(k, sums, 0, step, residual, c, 0, bias, 0, count));
      compare(
          floats(count, 1),
          (k, c) -> BiasAndResidual.add(k, apart, 0, apartStep, residual, c, 0, bias, 0, count));
      compare(floats(count, 1), (k, c) -> AddResidual.add(k, sums, 0, residual, c, 0, count));
      compare(floats(count, 1), (k, c) -> ScaleRow.scale(k, sums, 0, step, count, 0.37f, c, 0));
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
          floats(count, 1),
          (k, c) -> LayerNormRow.normalize(k, x, c, 0, weight, bias, count, 1e-12f, lanes, 0));
    }
  }

  @Test
  void softmaxes() {
    MemorySegment lanes = arena.allocate(64, 64);
    for (int count : COUNTS) {
      MemorySegment x = floats(count, 100);
      float max = RowMax.of(Forms.PLAIN, x, 0, step, count);
      assertEquals(max, RowMax.of(Forms.VECTOR, x, 0, step, count));
      compare(
          floats(2 * count, 1),
          (k, c) -> ScaleAndAdd.apply(k, c, 0, step, count, 0.3f, (long) count * Float.BYTES));
      compare(x, (k, c) -> Exponentials.apply(k, c, 0, count, max, 0.7f, lanes, 0));
      assertEquals(
          SumOfExponentials.of(Forms.PLAIN, x, 0, count, max, 1, lanes, 0),
          SumOfExponentials.of(Forms.VECTOR, x, 0, count, max, 1, lanes, 0));
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
      float max = RowMax.of(Forms.PLAIN, x, 0, apart, count);
      assertEquals(max, RowMax.of(Forms.VECTOR, x, 0, apart, count));
      compare(
          x, (k, c) -> ScaleAndAdd.apply(k, c, 0, apart, count, 0.3f, (long) held * Float.BYTES));
      compare(floats(count, 1), (k, c) -> ScaleRow.scale(k, x, 0, apart, count, 0.37f, c, 0));
      compare(
          floats(count + 1, 1),
          (k, c) -> {
            float[] terms = new float[count + 2];
            float sum =
                PanelExponentials.write(k, x, 0, apart, count, max, 0.7f, terms, 2, lanes, 0);
            MemorySegment.copy(terms, 2, c, ValueLayout.JAVA_FLOAT, 0, count);
            c.setAtIndex(ValueLayout.JAVA_FLOAT, count, sum);
          });
    }
  }

  /** The chain of attention's adjoint, as each leaves to the next: a lane is a query. */
  @Test
  void softmaxesDownColumnsAndTheirAdjoints() {
    for (int keys : new int[] {1, 2, 17, 48}) {
      long panel = (long) keys * Lanes.PANEL_BYTES;
      long statistics = 2 * panel;
      long added = statistics + 3L * Lanes.PANEL_BYTES;
      long kept = added + (long) keys * Float.BYTES;
      MemorySegment memory = floats((int) (kept / Float.BYTES) + keys, 9);
      for (int seen : new int[] {keys, 1, Math.max(1, keys - 3)}) {
        compare(
            memory,
            (k, c) -> {
              ScoreColumns.mask(k, c, 0, keys, seen, 0.3f, added, statistics);
              WeightColumns.exponentiate(k, c, 0, panel, keys, kept, 1.25f, statistics);
            });
        MemorySegment all =
            floats((int) (memory.byteSize() / Float.BYTES) + 2 * 48 * StridedRows.DISTANCE, 9);
        int length = 48 * StridedRows.DISTANCE;
        compare(
            all,
            (k, c) -> {
              float[] weights = new float[length];
              float[] dScores = new float[length];
              ScoreGradients.apply(
                  k, c, 0, panel, keys, kept, 1.25f, 0.5f, statistics, weights, 1, dScores, 2);
              long rows = memory.byteSize();
              MemorySegment.copy(weights, 0, c, ValueLayout.JAVA_FLOAT, rows, length);
              MemorySegment.copy(dScores, 0, c, ValueLayout.JAVA_FLOAT, rows + 4L * length, length);
            });
      }
    }
  }

  @Test
  void dropoutBitsAreThoseOfTheMask() {
    long[] positions = {0, 1, 2, 3, 4, 1021, (1L << 34) - 7, (5L << 40) + 2};
    for (double probability : new double[] {0, 0.1, 0.5, 1 - 0x1p-40}) {
      DropoutMask mask = new DropoutMask(0xfedcba9876543210L, -3, 0x70000001, probability);
      for (long position : positions) {
        for (int count : COUNTS) {
          MemorySegment words = floats(Math.ceilDiv(count, Integer.SIZE), 1);
          compare(words, (k, c) -> DropoutBits.write(k, mask, position, count, c, 0));
          DropoutBits.write(Forms.VECTOR, mask, position, count, words, 0);
          for (int i = 0; i < count; i++) {
            int word = words.getAtIndex(ValueLayout.JAVA_INT, i / Integer.SIZE);
            assertEquals(mask.keeps(position + i), ((word >>> (i % Integer.SIZE)) & 1) == 1);
          }
        }
      }
    }
  }

  @Test
  void weightsAreDropped() {
    for (int count : COUNTS) {
      MemorySegment words = floats(Math.ceilDiv(count, Integer.SIZE), 1);
      compare(
          floats(count, 1),
          (k, c) -> {
            float[] weights = new float[count + 3];
            MemorySegment.copy(c, ValueLayout.JAVA_FLOAT, 0, weights, 3, count);
            DropWeights.apply(k, weights, 3, count, words, 0);
            MemorySegment.copy(weights, 3, c, ValueLayout.JAVA_FLOAT, 0, count);
          });
    }
  }
}
