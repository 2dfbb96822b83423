// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.peers;

import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/**
 * Random weights of a MegatronBERT-345M in two forms: {@code w.bin}, which the ONNX graph reads,
 * and a Hugging Face folder. So the two engines must give the same answers.
 *
 * <p>The graph was exported from a model whose LayerNorm weights were alike, and whose biases were,
 * so it stores one of each; its matrices are transposed.
 */
final class SharedWeights {
  private static final String GRAPH = "megatronbert345m.onnx";
  private static final String WEIGHTS = "w.bin";
  private static final int LAYERS = 24;
  private static final int HIDDEN = 1024;
  private static final int INTERMEDIATE = 4096;

  /** A layer's matrices after {@code bert.encoder.layer.N.}, in the graph's order. */
  private static final List<String> MATRICES =
      List.of(
          "attention.self.query.weight",
          "attention.self.key.weight",
          "attention.self.value.weight",
          "attention.output.dense.weight",
          "intermediate.dense.weight",
          "output.dense.weight");

  private static final String NORM_WEIGHT = ParameterTable.CLOSING_NORM + ".weight";
  private static final String BIAS = ParameterTable.CLOSING_NORM + ".bias";
  private static final String WIDE_BIAS = ParameterTable.layerPrefix(0) + "intermediate.dense.bias";

  private final Path folder;
  private final RandomCheckpoint random = RandomCheckpoint.of(config(), ModelClass.MODEL, 345);

  private SharedWeights(Path folder) {
    this.folder = folder;
  }

  /** The weights in a folder, made there at first use (2.7 GB). */
  static SharedWeights in(Path folder) throws IOException {
    SharedWeights weights = new SharedWeights(folder);
    Path config = weights.checkpoint().resolve("config.json");
    if (!Files.exists(config)) {
      Files.createDirectories(weights.checkpoint());
      weights.write();
      Files.writeString(
          config, MegatronBertConfig.of(weights.random.config(), "random weights").toJson());
    }
    try (InputStream graph = SharedWeights.class.getResourceAsStream("/peers/" + GRAPH)) {
      Files.write(weights.graph(), graph.readAllBytes());
    }
    return weights;
  }

  /** The Hugging Face folder. */
  Path checkpoint() {
    return folder.resolve("huggingface");
  }

  /** The ONNX graph, {@code w.bin} beside it. */
  Path graph() {
    return folder.resolve(GRAPH);
  }

  static MegatronBertConfig config() {
    return MegatronBertConfig.ofSizes(LAYERS, HIDDEN, 16, INTERMEDIATE, 29056, 512);
  }

  private void write() throws IOException {
    writeFolder();
    try (FileChannel raw =
        FileChannel.open(
            folder.resolve(WEIGHTS),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      append(raw, random.tensor(ParameterTable.WORD_EMBEDDINGS));
      append(raw, random.tensor(ParameterTable.POSITION_EMBEDDINGS));
      append(raw, random.tensor(ParameterTable.TYPE_EMBEDDINGS));
      append(raw, random.tensor(NORM_WEIGHT));
      append(raw, random.tensor(BIAS));
      append(raw, random.tensor(WIDE_BIAS));
      append(raw, random.tensor(ParameterTable.POOLER + ".weight"));
      for (int layer = 0; layer < LAYERS; layer++) {
        for (String matrix : MATRICES) {
          try (Arena arena = Arena.ofConfined()) {
            append(
                raw, transposed(random.tensor(ParameterTable.layerPrefix(layer) + matrix), arena));
          }
        }
      }
    }
  }

  private void writeFolder() throws IOException {
    List<TensorSpec> specs =
        random.names().stream()
            .map(name -> new TensorSpec(name, DType.F32, random.shape(name)))
            .toList();
    Path model = checkpoint().resolve("model.safetensors");
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(model, specs, Map.of("format", "pt"))) {
      for (TensorSpec spec : specs) {
        writer.write(spec.name(), random.tensor(shared(spec)));
      }
      writer.commit();
    }
  }

  /** The name of the tensor whose numbers one has: that of the graph's only one of its kind. */
  private static String shared(TensorSpec spec) {
    if (spec.shape().rank() > 1) {
      return spec.name();
    }
    if (spec.name().endsWith(".weight")) {
      return NORM_WEIGHT;
    }
    return spec.shape().intExtent(0) == HIDDEN ? BIAS : WIDE_BIAS;
  }

  private static Tensor transposed(Tensor matrix, Arena arena) {
    int outputs = matrix.shape().intExtent(0);
    int inputs = matrix.shape().intExtent(1);
    Tensor other = Tensor.allocate(arena, DType.F32, Shape.of(inputs, outputs));
    for (long o = 0; o < outputs; o++) {
      for (long i = 0; i < inputs; i++) {
        other.setFloat(i * outputs + o, matrix.getFloat(o * inputs + i));
      }
    }
    return other;
  }

  private static void append(FileChannel channel, Tensor tensor) throws IOException {
    ByteBuffer bytes = tensor.segment().asByteBuffer();
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
