// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Samples as tensors: {@code sample_index} [n, 3] (I64) of all samples, with {@code dataset_index}
 * [n] where there are several corpora; and of the first k samples {@code text}, {@code types},
 * {@code labels}, {@code padding_mask} and {@code loss_mask} [k, length], {@code is_random} and
 * {@code truncated} [k] (I32).
 */
public final class SamplesFile {
  private static final int FIELDS = 3;

  private final WordPieces pieces;
  private final int sequenceLength;
  private final Arena arena;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  private SamplesFile(WordPieces pieces, int sequenceLength, Arena arena) {
    this.pieces = pieces;
    this.sequenceLength = sequenceLength;
    this.arena = arena;
  }

  /**
   * Writes samples.
   *
   * @param count how many are written, the first ones
   * @return tokens of these samples, padding not counted
   * @throws IOException if a sample cannot be drawn, or the file not be written
   */
  public static long write(
      Path file,
      SampleSource<MaskedSample> samples,
      WordPieces pieces,
      int sequenceLength,
      int count)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      SamplesFile content = new SamplesFile(pieces, sequenceLength, arena);
      content.index(samples);
      long tokens = content.samples(samples, Math.min(count, samples.size()));
      SafetensorsWriter.write(file, content.tensors);
      return tokens;
    }
  }

  private void index(SampleSource<MaskedSample> samples) {
    int size = samples.size();
    MemorySegment rows = add("sample_index", DType.I64, Shape.of(size, FIELDS));
    MemorySegment sources =
        samples instanceof BlendedSamples<?>
            ? add("dataset_index", DType.I64, Shape.of(size))
            : MemorySegment.NULL;
    for (int i = 0; i < size; i++) {
      if (samples instanceof BlendedSamples<MaskedSample> blend) {
        sources.setAtIndex(ValueLayout.JAVA_LONG, i, blend.source(i));
        row(rows, i, blend.sources().get(blend.source(i)), blend.number(i));
      } else {
        row(rows, i, samples, i);
      }
    }
  }

  private static void row(MemorySegment rows, int row, SampleSource<?> source, int number) {
    if (!(source instanceof MaskedSamples masked)) {
      throw new IllegalArgumentException("blends of blends have no index");
    }
    SampleIndex index = masked.index();
    long at = (long) FIELDS * row;
    rows.setAtIndex(ValueLayout.JAVA_LONG, at, index.first(number));
    rows.setAtIndex(ValueLayout.JAVA_LONG, at + 1, index.end(number));
    rows.setAtIndex(ValueLayout.JAVA_LONG, at + 2, index.target(number));
  }

  private long samples(SampleSource<MaskedSample> samples, int count) throws IOException {
    Shape shape = Shape.of(count, sequenceLength);
    MemorySegment text = add("text", DType.I32, shape);
    MemorySegment types = add("types", DType.I32, shape);
    MemorySegment labels = add("labels", DType.I32, shape);
    MemorySegment paddingMask = add("padding_mask", DType.I32, shape);
    MemorySegment lossMask = add("loss_mask", DType.I32, shape);
    MemorySegment isRandom = add("is_random", DType.I32, Shape.of(count));
    MemorySegment truncated = add("truncated", DType.I32, Shape.of(count));
    long tokens = 0;
    for (int i = 0; i < count; i++) {
      MaskedSample sample = samples.sample(i);
      PaddedSample padded = PaddedSample.of(sample, pieces, sequenceLength);
      put(padded.text(), text, i);
      put(padded.types(), types, i);
      put(padded.labels(), labels, i);
      put(padded.paddingMask(), paddingMask, i);
      put(padded.lossMask(), lossMask, i);
      isRandom.setAtIndex(ValueLayout.JAVA_INT, i, sample.isRandom() ? 1 : 0);
      truncated.setAtIndex(ValueLayout.JAVA_INT, i, sample.truncated() ? 1 : 0);
      tokens += sample.tokens().length;
    }
    return tokens;
  }

  private static void put(int[] values, MemorySegment target, int row) {
    MemorySegment.copy(
        values,
        0,
        target,
        ValueLayout.JAVA_INT,
        (long) Integer.BYTES * values.length * row,
        values.length);
  }

  private MemorySegment add(String name, DType dtype, Shape shape) {
    Tensor tensor = Tensor.allocate(arena, dtype, shape);
    tensors.put(name, tensor);
    return tensor.segment();
  }
}
