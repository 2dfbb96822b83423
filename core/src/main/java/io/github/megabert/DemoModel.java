// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.input.UnreadableFileException;
import io.github.megabert.json.JsonMap;
import io.github.megabert.json.JsonTree;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The small pre-trained model in the artifact {@code megabert-demo-model}, read as resources. */
final class DemoModel {
  private static final String FOLDER = "io/github/megabert/demo/";

  /** A folder that holds the same files, which can be mapped where a jar's would be copied. */
  private static final String FOLDER_PROPERTY = "megabert.demo";

  private static final String SOURCE = "the demo model";

  private static final long LARGEST_CONFIGURATION = 1 << 20;

  private DemoModel() {}

  static Checkpoint open() throws IOException {
    return open(null);
  }

  /** The checkpoint, with a configuration in place of its own if one is named. */
  static Checkpoint open(@Nullable Path configOverride) throws IOException {
    Path folder = folder();
    NamedTensors weights =
        folder == null ? weights() : Safetensors.open(folder.resolve("model.safetensors"), SOURCE);
    try {
      if (configOverride != null) {
        return Checkpoint.of(configOverride, weights);
      }
      try (InputStream in = stream("config.json")) {
        return Checkpoint.of(
            JsonMap.of((ObjectNode) JsonTree.read(in, SOURCE, LARGEST_CONFIGURATION)), weights);
      }
    } catch (IOException | RuntimeException failure) {
      weights.close();
      throw failure;
    }
  }

  /** The folder that is named; null if none is. */
  private static @Nullable Path folder() throws FileNotFoundException {
    String named = System.getProperty(FOLDER_PROPERTY);
    if (named == null) {
      return null;
    }
    Path folder = Path.of(named);
    if (!Files.isDirectory(folder)) {
      throw new FileNotFoundException(
          "the system property " + FOLDER_PROPERTY + " names " + named + ", which is no folder");
    }
    return folder;
  }

  /** The weights: mapped where they lie in a folder, copied where they lie in a jar. */
  private static Safetensors weights() throws IOException {
    URL url = find("model.safetensors");
    if (url.getProtocol().equals("file")) {
      return Safetensors.open(Path.of(URI.create(url.toString())), SOURCE);
    }
    URLConnection connection = url.openConnection();
    try (InputStream in = connection.getInputStream()) {
      int size = Math.toIntExact(connection.getContentLengthLong());
      byte[] bytes = size < 0 ? in.readAllBytes() : new byte[size];
      if (size >= 0 && in.readNBytes(bytes, 0, size) < size) {
        throw new EOFException("the demo model's weights end early; build the jar again");
      }
      return Safetensors.copyOf(bytes, SOURCE);
    }
  }

  static BertTokenizer tokenizer() throws IOException {
    try (InputStream vocabulary = stream("vocab.txt");
        InputStream config = stream("tokenizer_config.json")) {
      return BertTokenizer.read(vocabulary, config);
    }
  }

  private static InputStream stream(String name) throws IOException {
    Path folder = folder();
    if (folder == null) {
      return find(name).openStream();
    }
    Path file = folder.resolve(name);
    if (!Files.exists(file)) {
      throw new UnreadableFileException(
          SOURCE
              + " lacks "
              + name
              + " in "
              + folder
              + ", the folder that the system property "
              + FOLDER_PROPERTY
              + " names");
    }
    return Files.newInputStream(file);
  }

  private static URL find(String name) throws IOException {
    URL url = DemoModel.class.getClassLoader().getResource(FOLDER + name);
    if (url == null) {
      throw new FileNotFoundException(
          "the demo model is not on the class path or module path; add the artifact"
              + " io.github.megabert:megabert-demo-model, or name a model of your own");
    }
    return url;
  }
}
