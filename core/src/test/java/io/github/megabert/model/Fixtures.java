// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelFamily;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What transformers computed, from the test resources. */
public final class Fixtures {
  private static final Map<String, Path> UNPACKED = new HashMap<>();

  private Fixtures() {}

  /** A folder of fixtures; its absence fails the test. */
  public static Path folder(String name) {
    URL url = Fixtures.class.getResource("/fixtures/" + name);
    if (url == null) {
      throw new AssertionError("the fixtures have no folder " + name);
    }
    try {
      Path folder = url.getProtocol().equals("jar") ? unpacked(name, url) : Path.of(url.toURI());
      if (!Files.isDirectory(folder)) {
        throw new AssertionError(folder + " is no folder");
      }
      return folder;
    } catch (IOException | URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * A folder of fixtures out of the jar of these tests, which other modules run on their backends.
   * What is tested maps files, so they are copied, once a run.
   */
  private static synchronized Path unpacked(String name, URL url) throws IOException {
    Path known = UNPACKED.get(name);
    if (known != null) {
      return known;
    }
    Path target = Files.createDirectories(Path.of("target").toAbsolutePath());
    Path folder = Files.createTempDirectory(target, "fixtures");
    String jar = url.toString().substring(0, url.toString().indexOf("!/"));
    try (FileSystem files = FileSystems.newFileSystem(URI.create(jar), Map.of())) {
      Path source = files.getPath("fixtures").resolve(name);
      try (Stream<Path> found = Files.walk(source)) {
        for (Path file : found.filter(Files::isRegularFile).toList()) {
          Path copy = folder.resolve(source.relativize(file).toString());
          Files.createDirectories(copy.getParent());
          Files.copy(file, copy);
        }
      }
    }
    UNPACKED.put(name, folder);
    return folder;
  }

  /** The folder of a class, below the fixtures. */
  static String folderOf(ModelFamily family, ModelClass modelClass) {
    return (family == ModelFamily.BERT ? "bert/" : "transformers/") + modelClass.className(family);
  }

  /** The recorded inputs and outputs of a folder. */
  public static Safetensors cases(String name) throws IOException {
    return Safetensors.open(folder(name).resolve("cases.safetensors"));
  }

  /** Tensors whose names begin with a prefix, without it. */
  static Map<String, Tensor> withPrefix(Safetensors file, String prefix) {
    Map<String, Tensor> tensors = new TreeMap<>();
    for (String name : file.names()) {
      if (name.startsWith(prefix)) {
        tensors.put(name.substring(prefix.length()), file.tensor(name));
      }
    }
    return tensors;
  }

  /** Those tensors that are inputs of a forward pass. */
  static Map<String, Tensor> inputs(Map<String, Tensor> tensors, Set<String> without) {
    Map<String, Tensor> inputs = new TreeMap<>(tensors);
    inputs.keySet().retainAll(TransformersForward.INPUT_NAMES);
    inputs.keySet().removeAll(without);
    return inputs;
  }
}
