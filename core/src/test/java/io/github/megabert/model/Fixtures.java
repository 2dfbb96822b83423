package io.github.megabert.model;

import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What transformers computed, from the test resources. */
public final class Fixtures {
  private Fixtures() {}

  /** A folder of fixtures; its absence fails the test. */
  public static Path folder(String name) {
    URL url = Fixtures.class.getResource("/fixtures/" + name);
    if (url == null) {
      throw new AssertionError("the fixtures have no folder " + name);
    }
    try {
      Path folder = Path.of(url.toURI());
      if (!Files.isDirectory(folder)) {
        throw new AssertionError(folder + " is no folder");
      }
      return folder;
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
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
