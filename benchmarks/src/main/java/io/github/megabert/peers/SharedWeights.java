package io.github.megabert.peers;

import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.model.MegatronBertConfig;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import tools.jackson.databind.node.ObjectNode;

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
  private static final int VOCABULARY = 29056;
  private static final int POSITIONS = 512;
  private static final float DEVIATION = 0.02f;

  private final Path folder;
  private final SplittableRandom random = new SplittableRandom(345);

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
      ObjectNode json = config().toJson();
      json.putArray("architectures").add("MegatronBertModel");
      Files.writeString(config, json.toPrettyString());
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
    return MegatronBertConfig.ofSizes(LAYERS, HIDDEN, 16, INTERMEDIATE, VOCABULARY, POSITIONS);
  }

  /** Names of a layer's parameters after {@code bert.encoder.layer.N.}, in the graph's order. */
  private enum Matrix {
    QUERY("attention.self.query", HIDDEN, HIDDEN),
    KEY("attention.self.key", HIDDEN, HIDDEN),
    VALUE("attention.self.value", HIDDEN, HIDDEN),
    ATTENTION_OUTPUT("attention.output.dense", HIDDEN, HIDDEN),
    UP("intermediate.dense", INTERMEDIATE, HIDDEN),
    DOWN("output.dense", HIDDEN, INTERMEDIATE);

    final String parameter;
    final int outputs;
    final int inputs;

    Matrix(String parameter, int outputs, int inputs) {
      this.parameter = parameter;
      this.outputs = outputs;
      this.inputs = inputs;
    }

    String name(int layer) {
      return "bert.encoder.layer." + layer + "." + parameter;
    }
  }

  private static List<TensorSpec> specs() {
    List<TensorSpec> specs = new ArrayList<>();
    String embeddings = "bert.embeddings.";
    add(specs, embeddings + "word_embeddings.weight", VOCABULARY, HIDDEN);
    add(specs, embeddings + "position_embeddings.weight", POSITIONS, HIDDEN);
    add(specs, embeddings + "token_type_embeddings.weight", 2, HIDDEN);
    for (int layer = 0; layer < LAYERS; layer++) {
      for (String norm : norms(layer)) {
        add(specs, norm + ".weight", HIDDEN);
        add(specs, norm + ".bias", HIDDEN);
      }
      for (Matrix matrix : Matrix.values()) {
        add(specs, matrix.name(layer) + ".weight", matrix.outputs, matrix.inputs);
        add(specs, matrix.name(layer) + ".bias", matrix.outputs);
      }
    }
    add(specs, "bert.encoder.ln.weight", HIDDEN);
    add(specs, "bert.encoder.ln.bias", HIDDEN);
    add(specs, "bert.pooler.dense.weight", HIDDEN, HIDDEN);
    add(specs, "bert.pooler.dense.bias", HIDDEN);
    return specs;
  }

  private static List<String> norms(int layer) {
    String prefix = "bert.encoder.layer." + layer;
    return List.of(prefix + ".attention.ln", prefix + ".ln");
  }

  private static void add(List<TensorSpec> specs, String name, long... extents) {
    specs.add(new TensorSpec(name, DType.F32, Shape.of(extents)));
  }

  private void write() throws IOException {
    Path model = checkpoint().resolve("model.safetensors");
    try (SafetensorsWriter writer =
            SafetensorsWriter.create(model, specs(), Map.of("format", "pt"));
        FileChannel raw =
            FileChannel.open(
                folder.resolve(WEIGHTS),
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
        Arena arena = Arena.ofShared()) {
      both(writer, raw, "bert.embeddings.word_embeddings.weight", VOCABULARY, HIDDEN);
      both(writer, raw, "bert.embeddings.position_embeddings.weight", POSITIONS, HIDDEN);
      both(writer, raw, "bert.embeddings.token_type_embeddings.weight", 2, HIDDEN);
      Tensor normWeight = draw(arena, 1, HIDDEN);
      Tensor bias = draw(arena, 0, HIDDEN);
      Tensor wideBias = draw(arena, 0, INTERMEDIATE);
      append(raw, normWeight);
      append(raw, bias);
      append(raw, wideBias);
      both(writer, raw, "bert.pooler.dense.weight", HIDDEN, HIDDEN);
      for (int layer = 0; layer < LAYERS; layer++) {
        for (Matrix matrix : Matrix.values()) {
          transposed(writer, raw, matrix.name(layer) + ".weight", matrix.outputs, matrix.inputs);
          Tensor shared = matrix.outputs == HIDDEN ? bias : wideBias;
          writer.write(matrix.name(layer) + ".bias", shared);
        }
        for (String norm : norms(layer)) {
          writer.write(norm + ".weight", normWeight);
          writer.write(norm + ".bias", bias);
        }
      }
      writer.write("bert.encoder.ln.weight", normWeight);
      writer.write("bert.encoder.ln.bias", bias);
      writer.write("bert.pooler.dense.bias", bias);
      writer.commit();
    }
  }

  private void both(SafetensorsWriter writer, FileChannel raw, String name, long... extents)
      throws IOException {
    try (Arena arena = Arena.ofShared()) {
      Tensor tensor = draw(arena, 0, extents);
      writer.write(name, tensor);
      append(raw, tensor);
    }
  }

  private void transposed(
      SafetensorsWriter writer, FileChannel raw, String name, int outputs, int inputs)
      throws IOException {
    try (Arena arena = Arena.ofShared()) {
      Tensor tensor = draw(arena, 0, outputs, inputs);
      writer.write(name, tensor);
      Tensor other = Tensor.allocate(arena, DType.F32, Shape.of(inputs, outputs));
      for (long o = 0; o < outputs; o++) {
        for (long i = 0; i < inputs; i++) {
          other.setFloat(i * outputs + o, tensor.getFloat(o * inputs + i));
        }
      }
      append(raw, other);
    }
  }

  /** Uniform numbers of the deviation that BERT starts from. */
  private Tensor draw(Arena arena, float centre, long... extents) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(extents));
    float width = DEVIATION * (float) Math.sqrt(12);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, centre + ((random.nextInt() >>> 8) * 0x1p-24f - 0.5f) * width);
    }
    return tensor;
  }

  private static void append(FileChannel channel, Tensor tensor) throws IOException {
    ByteBuffer bytes = tensor.segment().asByteBuffer();
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
