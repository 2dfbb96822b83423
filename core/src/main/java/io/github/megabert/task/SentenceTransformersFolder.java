// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.backend.Activation;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.checkpoint.torch.TorchStateDict;
import io.github.megabert.input.HeapBudget;
import io.github.megabert.input.Quote;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Reads the files of sentence-transformers in a model's folder. */
final class SentenceTransformersFolder {
  private static final String MODULES = "modules.json";
  private static final String CONFIG = "config.json";
  private static final String TRANSFORMER_CONFIG = "sentence_bert_config.json";
  private static final String PROMPTS = "config_sentence_transformers.json";
  private static final List<String> WEIGHTS = List.of("model.safetensors", "pytorch_model.bin");

  /**
   * The old way to name a pooling, a switch each, in the order in which their vectors are joined.
   */
  private static final Map<String, Pooling> SWITCHES = new LinkedHashMap<>();

  static {
    SWITCHES.put("pooling_mode_cls_token", Pooling.CLS);
    SWITCHES.put("pooling_mode_max_tokens", Pooling.MAX);
    SWITCHES.put("pooling_mode_mean_tokens", Pooling.MEAN);
    SWITCHES.put("pooling_mode_mean_sqrt_len_tokens", Pooling.MEAN_SQRT_LEN);
    SWITCHES.put("pooling_mode_weightedmean_tokens", Pooling.WEIGHTED_MEAN);
    SWITCHES.put("pooling_mode_lasttoken", Pooling.LAST_TOKEN);
  }

  /** PyTorch's classes of activations, by the last part of their names. */
  private static final Map<String, Activation> ACTIVATIONS =
      Map.of(
          "Identity", Activation.IDENTITY,
          "Tanh", Activation.TANH,
          "ReLU", Activation.RELU,
          "GELU", Activation.GELU,
          "SiLU", Activation.SILU,
          "Sigmoid", Activation.SIGMOID,
          "LeakyReLU", Activation.LEAKY_RELU,
          "Mish", Activation.MISH);

  /** One of the modules: the last part of its class's name, and its folder below the model's. */
  private record Module(String name, Path path) {}

  private final Path folder;
  private final List<String> unknown = new ArrayList<>();
  private final List<EmbeddingStep> steps = new ArrayList<>();
  private List<Pooling> pooling = List.of(Pooling.MEAN);
  private String unknownPooling = "";
  private boolean promptIsPooled = true;

  SentenceTransformersFolder(Path folder) {
    this.folder = folder;
  }

  EmbeddingConfig read() throws IOException {
    List<Module> modules = modules();
    if (modules.isEmpty()) {
      return EmbeddingConfig.NONE;
    }
    for (Module module : modules) {
      switch (module.name) {
        case "Transformer", "Dropout" -> {}
        case "Pooling" -> readPooling(folder.resolve(module.path).resolve(CONFIG));
        case "Normalize" -> steps.add(new NormalizeStep());
        case "Dense" -> readDense(folder.resolve(module.path));
        default -> unknown.add(MODULES + " has the module " + Quote.escape(module.name));
      }
    }
    boolean normalize = !steps.isEmpty() && steps.getLast() instanceof NormalizeStep;
    ObjectNode transformer = objectIfThere(folder.resolve(TRANSFORMER_CONFIG));
    return new EmbeddingConfig(
        pooling,
        List.copyOf(normalize ? steps.subList(0, steps.size() - 1) : steps),
        normalize,
        maxLength(transformer),
        flag(transformer, "do_lower_case", folder.resolve(TRANSFORMER_CONFIG), false),
        prompts(),
        true,
        unknownPooling,
        String.join("; ", unknown));
  }

  /** The files that a copy needs, relative to the folder. */
  List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    for (String name : List.of(MODULES, TRANSFORMER_CONFIG, PROMPTS)) {
      files.add(Path.of(name));
    }
    for (Module module : modules()) {
      if (!module.name.equals("Transformer")) {
        files.add(module.path.resolve(CONFIG));
        WEIGHTS.forEach(name -> files.add(module.path.resolve(name)));
      }
    }
    return files.stream().filter(file -> Files.isRegularFile(folder.resolve(file))).toList();
  }

  /** The modules that {@code modules.json} lists; without it those whose folders are there. */
  private List<Module> modules() throws IOException {
    Path file = folder.resolve(MODULES);
    List<Module> modules = new ArrayList<>();
    if (!Files.isRegularFile(file)) {
      if (Files.isRegularFile(folder.resolve("1_Pooling").resolve(CONFIG))) {
        modules.add(new Module("Pooling", Path.of("1_Pooling")));
        if (Files.isDirectory(folder.resolve("2_Normalize"))) {
          modules.add(new Module("Normalize", Path.of("2_Normalize")));
        }
      }
      return modules;
    }
    JsonNode listed = StrictJson.read(file);
    if (!listed.isArray() || listed.valueStream().anyMatch(module -> !module.isObject())) {
      throw new CheckpointException(
          file + " holds " + Quote.json(listed) + " where a list of modules is expected");
    }
    for (JsonNode module : listed) {
      String type = text(module.path("type"), file, "type", "");
      String name = type.substring(type.lastIndexOf('.') + 1);
      String path =
          text(module.path("path"), file, "path", name.equals("Pooling") ? "1_Pooling" : "");
      modules.add(new Module(name, within(path, file)));
    }
    return modules;
  }

  /**
   * A module's folder, below the model's.
   *
   * @throws CheckpointException if it is elsewhere
   */
  private Path within(String path, Path file) throws CheckpointException {
    try {
      Path given = Path.of(path);
      if (!given.isAbsolute() && folder.resolve(given).normalize().startsWith(folder.normalize())) {
        return given;
      }
    } catch (InvalidPathException noPath) {
      // Refused below.
    }
    throw new CheckpointException(
        file
            + " names "
            + Quote.quote(path)
            + ", but modules must be folders below the model's own");
  }

  private void readPooling(Path file) throws IOException {
    ObjectNode config = objectIfThere(file);
    promptIsPooled = flag(config, "include_prompt", file, true);
    JsonNode mode = config.path("pooling_mode");
    List<Pooling> found = new ArrayList<>();
    if (!mode.isMissingNode()) {
      for (JsonNode one : mode.isArray() ? mode : List.of(mode)) {
        String name = text(one, file, "pooling_mode", "").toLowerCase(Locale.ROOT);
        Optional<Pooling> known = Pooling.ofFileName(name);
        if (known.isEmpty()) {
          unknownPooling = file + " asks for the pooling " + Quote.escape(name);
          pooling = List.of();
          return;
        }
        found.add(known.get());
      }
    } else {
      for (Map.Entry<String, Pooling> option : SWITCHES.entrySet()) {
        if (flag(config, option.getKey(), file, false)) {
          found.add(option.getValue());
        }
      }
      if (found.isEmpty()) {
        found.add(Pooling.MEAN);
      }
    }
    pooling = List.copyOf(found);
  }

  private void readDense(Path module) throws IOException {
    Path file = module.resolve(CONFIG);
    ObjectNode config = StrictJson.readObject(file);
    String activationName =
        text(config.path("activation_function"), file, "activation_function", "torch.nn.Tanh");
    Activation activation =
        activationName.startsWith("torch.")
            ? ACTIVATIONS.get(activationName.substring(activationName.lastIndexOf('.') + 1))
            : null;
    if (activation == null) {
      unknown.add(file + " asks for the activation " + Quote.escape(activationName));
      return;
    }
    String input = text(config.path("module_input_name"), file, "module_input_name", "");
    if (!input.isEmpty() && !input.equals("sentence_embedding")) {
      unknown.add(file + " computes with " + Quote.escape(input));
      return;
    }
    int inputs = size(config, "in_features", file);
    int outputs = size(config, "out_features", file);
    boolean adds = flag(config, "use_residual", file, false);
    try (NamedTensors tensors = weights(module)) {
      float[] weight = values(tensors, "linear.weight", Shape.of(outputs, inputs));
      float[] bias =
          flag(config, "bias", file, true)
              ? values(tensors, "linear.bias", Shape.of(outputs))
              : null;
      float[] residual =
          adds && inputs != outputs
              ? values(tensors, "residual.weight", Shape.of(outputs, inputs))
              : null;
      steps.add(
          new DenseStep(
              inputs,
              outputs,
              weight,
              bias,
              activation,
              adds ? new DenseStep.Residual(true, residual) : DenseStep.Residual.NONE));
    }
  }

  private static NamedTensors weights(Path module) throws IOException {
    for (String name : WEIGHTS) {
      Path file = module.resolve(name);
      if (Files.exists(file)) {
        return name.endsWith(".safetensors") ? Safetensors.open(file) : TorchStateDict.open(file);
      }
    }
    throw new CheckpointException(
        module + " has none of " + String.join(", ", WEIGHTS) + "; is the download complete?");
  }

  private static float[] values(NamedTensors tensors, String name, Shape shape) throws IOException {
    if (!tensors.names().contains(name)) {
      throw new CheckpointException(tensors.source() + " has no tensor " + name);
    }
    if (!tensors.shape(name).equals(shape) || !tensors.dtype(name).isFloating()) {
      throw new CheckpointException(
          "tensor "
              + name
              + " of "
              + tensors.source()
              + " is "
              + tensors.dtype(name)
              + " of shape "
              + tensors.shape(name)
              + ", its configuration asks for numbers of shape "
              + shape);
    }
    long most = HeapBudget.most(Integer.MAX_VALUE - 8L, Float.BYTES);
    if (shape.elements() > most) {
      throw new CheckpointException(
          "tensor " + name + " of " + tensors.source() + " is too large for " + HeapBudget.heap());
    }
    Tensor tensor = tensors.tensor(name);
    return tensor.toFloatArray();
  }

  private EmbeddingConfig.Prompts prompts() throws IOException {
    Path file = folder.resolve(PROMPTS);
    ObjectNode config = objectIfThere(file);
    JsonNode listed = config.path("prompts");
    Map<String, String> texts = new LinkedHashMap<>();
    if (!listed.isMissingNode() && !listed.isNull()) {
      if (!listed.isObject()) {
        throw wrong(file, "prompts", listed, "an object of names and texts");
      }
      for (Map.Entry<String, JsonNode> prompt : listed.properties()) {
        texts.put(prompt.getKey(), text(prompt.getValue(), file, "prompts", ""));
      }
    }
    JsonNode name = config.path("default_prompt_name");
    String chosen = name.isNull() ? null : textOrNull(name, file, "default_prompt_name");
    if (chosen != null && !texts.containsKey(chosen)) {
      throw wrong(file, "default_prompt_name", name, "the name of one of its prompts");
    }
    return new EmbeddingConfig.Prompts(Map.copyOf(texts), chosen, promptIsPooled);
  }

  private int maxLength(ObjectNode config) throws CheckpointException {
    JsonNode length = config.path("max_seq_length");
    if (length.isMissingNode() || length.isNull()) {
      return Integer.MAX_VALUE;
    }
    return size(config, "max_seq_length", folder.resolve(TRANSFORMER_CONFIG));
  }

  private static int size(ObjectNode config, String name, Path file) throws CheckpointException {
    JsonNode value = config.path(name);
    if (!value.isInt() || value.intValue() < 1) {
      throw wrong(file, name, value, "a positive number");
    }
    return value.intValue();
  }

  private static boolean flag(ObjectNode config, String name, Path file, boolean absent)
      throws CheckpointException {
    JsonNode value = config.path(name);
    if (value.isMissingNode()) {
      return absent;
    }
    if (!value.isBoolean()) {
      throw wrong(file, name, value, "true or false");
    }
    return value.booleanValue();
  }

  private static @Nullable String textOrNull(JsonNode value, Path file, String name)
      throws CheckpointException {
    return value.isMissingNode() ? null : text(value, file, name, "");
  }

  private static String text(JsonNode value, Path file, String name, String absent)
      throws CheckpointException {
    if (value.isMissingNode()) {
      return absent;
    }
    if (!value.isString()) {
      throw wrong(file, name, value, "a text");
    }
    return value.stringValue();
  }

  private static ObjectNode objectIfThere(Path file) throws IOException {
    return Files.isRegularFile(file) ? StrictJson.readObject(file) : StrictJson.emptyObject();
  }

  private static CheckpointException wrong(
      Path file, String name, JsonNode value, String expected) {
    return new CheckpointException(
        file
            + ": \""
            + name
            + "\" is "
            + (value.isMissingNode() ? "absent" : Quote.json(value))
            + " where "
            + expected
            + " is expected");
  }
}
