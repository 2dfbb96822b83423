package io.github.megabert;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.json.JsonTree;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import tools.jackson.databind.node.ObjectNode;

/** The small pre-trained model in the artifact {@code megabert-demo-model}, read as resources. */
final class DemoModel {
  private static final String FOLDER = "io/github/megabert/demo/";
  private static final String SOURCE = "the demo model";

  private DemoModel() {}

  static Checkpoint open() throws IOException {
    ObjectNode config;
    try (InputStream in = resource("config.json")) {
      config = (ObjectNode) JsonTree.read(in);
    }
    return Checkpoint.of(config, Safetensors.of(weights(), SOURCE));
  }

  /** The weights, copied out of the jar into memory that is freed when unreachable. */
  private static MemorySegment weights() throws IOException {
    try (InputStream in = resource("model.safetensors")) {
      byte[] bytes = in.readAllBytes();
      MemorySegment content = Arena.ofAuto().allocate(bytes.length, 64);
      MemorySegment.copy(MemorySegment.ofArray(bytes), 0, content, 0, bytes.length);
      return content;
    }
  }

  static BertTokenizer tokenizer() throws IOException {
    try (InputStream vocabulary = resource("vocab.txt");
        InputStream config = resource("tokenizer_config.json")) {
      return BertTokenizer.read(vocabulary, config);
    }
  }

  private static InputStream resource(String name) throws IOException {
    InputStream in = DemoModel.class.getClassLoader().getResourceAsStream(FOLDER + name);
    if (in == null) {
      throw new FileNotFoundException(
          "the demo model is not on the class path or module path; add the artifact"
              + " io.github.megabert:megabert-demo-model, or name a model of your own");
    }
    return in;
  }
}
