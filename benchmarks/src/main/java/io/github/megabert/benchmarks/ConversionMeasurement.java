// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointConverter;
import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Measures conversions of a made-up model of 3.9 billion parameters (48 layers of 2560, half
 * precision, 7.8 GB): speed, and the memory that is not a mapped file.
 *
 * <pre>
 * java -cp benchmarks/target/benchmarks.jar io.github.megabert.benchmarks.ConversionMeasurement …
 *
 * ConversionMeasurement generate FOLDER
 * ConversionMeasurement huggingface INPUT OUTPUT [F32|F16|BF16]
 * ConversionMeasurement megatron INPUT OUTPUT T P
 * </pre>
 */
final class ConversionMeasurement {
  private static final int LAYERS = 48;
  private static final int HIDDEN = 2560;
  private static final int HEADS = 40;
  private static final int VOCABULARY = 50_176;
  private static final int POSITIONS = 512;

  private ConversionMeasurement() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path first = Path.of(arguments[1]);
    if (arguments[0].equals("generate")) {
      generate(first);
      return;
    }
    Path output = Path.of(arguments[2]);
    PeakMemory memory = new PeakMemory();
    Thread watcher = Thread.ofPlatform().daemon().start(memory);
    long start = System.nanoTime();
    long[] bytes = new long[1];
    try (Checkpoint input = Checkpoint.open(first)) {
      CheckpointConverter converter =
          new CheckpointConverter(input).progress((_, done, _) -> bytes[0] = done);
      if (arguments[0].equals("megatron")) {
        converter.toMegatron(
            output, Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
      } else {
        if (arguments.length > 3) {
          converter.dtype(DType.valueOf(arguments[3]));
        }
        converter.toHuggingFace(output);
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    watcher.interrupt();
    watcher.join();
    System.out.printf(
        Locale.ROOT,
        "%s: %.2f GB written in %.1f s, %.2f GB/s; peak resident: %d MB beyond mapped files%n",
        arguments[0],
        bytes[0] / 1e9,
        seconds,
        bytes[0] / 1e9 / seconds,
        memory.peakKilobytes / 1024);
  }

  private static void generate(Path folder) throws IOException {
    Files.createDirectories(folder);
    MegatronBertConfig config =
        MegatronBertConfig.ofSizes(LAYERS, HIDDEN, HEADS, 4 * HIDDEN, VOCABULARY, POSITIONS)
            .with("architectures", List.of("MegatronBertModel"));
    Files.writeString(folder.resolve("config.json"), config.toJson());
    List<TensorSpec> specs =
        ParameterTable.of(config.sizes(), ModelClass.MODEL).specs().stream()
            .map(spec -> new TensorSpec(spec.name(), DType.F16, spec.shape()))
            .toList();
    try (Arena arena = Arena.ofConfined();
        SafetensorsWriter writer =
            SafetensorsWriter.create(
                folder.resolve("model.safetensors"), specs, Map.of("format", "pt"))) {
      Tensor noise = Tensor.allocate(arena, DType.F16, Shape.of(VOCABULARY, HIDDEN));
      Random random = new Random(1);
      for (long i = 0; i < noise.elements(); i++) {
        noise.setFloat(i, (float) random.nextGaussian() * 0.02f);
      }
      for (TensorSpec spec : specs) {
        MemorySegment part = noise.segment().asSlice(0, spec.byteSize());
        writer.write(spec.name(), Tensor.wrap(part, spec.dtype(), spec.shape()));
      }
      writer.commit();
    }
  }

  /** Samples how much of the process is in memory without being a mapped file. */
  private static final class PeakMemory implements Runnable {
    private volatile long peakKilobytes;

    @Override
    public void run() {
      try {
        while (!Thread.interrupted()) {
          for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("RssAnon:")) {
              long kilobytes = Long.parseLong(line.replaceAll("\\D", ""));
              peakKilobytes = Math.max(peakKilobytes, kilobytes);
            }
          }
          Thread.sleep(5);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
