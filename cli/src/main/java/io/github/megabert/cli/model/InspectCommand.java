// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.model;

import io.github.megabert.MegaBert;
import io.github.megabert.Task;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.terminal.Failures;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.hub.Hub;
import io.github.megabert.json.JsonMap;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code megabert inspect}. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description = "Shows a model's configuration, class, parameters and tensors.",
    footer = {
      "",
      "Examples:",
      "  megabert inspect my-model",
      "  megabert inspect --json megatron_bert_345m_v0.1_uncased.zip"
    })
public final class InspectCommand implements Callable<Integer> {
  @Mixin private JsonOption output = new JsonOption();

  @Parameters(
      paramLabel = "MODEL",
      arity = "0..1",
      description = "The model; without it the embedded one.")
  private @Nullable Path model;

  @Option(names = "--model", paramLabel = "PATH", description = "The same as the argument.")
  private @Nullable Path modelOption;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A config.json in place of the model's own.")
  private @Nullable Path config;

  @Override
  public Integer call() throws IOException {
    WrongUsage.unless(
        model == null || modelOption == null, "MODEL and --model are the same: give one of them");
    Path path = model != null ? model : modelOption;
    WrongUsage.unless(
        config == null || path != null,
        "--config replaces the configuration of a MODEL: name one as well");
    try (Checkpoint checkpoint =
        path == null ? MegaBert.demoCheckpoint() : Checkpoint.open(Hub.locate(path), config)) {
      MegatronBertConfig checked =
          MegatronBertConfig.of(checkpoint.config(), checkpoint.configSource());
      ObjectNode description = describe(checkpoint, checked);
      if (output.json) {
        JsonOption.print(description);
      } else {
        printText(checkpoint, description);
      }
    }
    return 0;
  }

  private static ObjectNode describe(Checkpoint checkpoint, MegatronBertConfig config) {
    long parameters = 0;
    Map<DType, Long> byType = new EnumMap<>(DType.class);
    ArrayNode tensors = JsonNodeFactory.instance.arrayNode();
    for (String name : checkpoint.names()) {
      Shape shape = checkpoint.shape(name);
      DType dtype = checkpoint.dtype(name);
      parameters += shape.elements();
      byType.merge(dtype, shape.elements(), Long::sum);
      ArrayNode extents =
          tensors.addObject().put("name", name).put("dtype", dtype.name()).putArray("shape");
      for (long extent : shape.toArray()) {
        extents.add(extent);
      }
    }
    String dtypes =
        byType.keySet().stream()
            .map(dtype -> dtype.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining("+"));
    ObjectNode description = JsonNodeFactory.instance.objectNode();
    description.put("model_type", config.family().modelType());
    description.put("class", String.join(", ", config.architectures()));
    description.put("parameters", parameters);
    description.put("dtype", dtypes);
    description.put("source", checkpoint.source());
    addTasks(description, config);
    description.set("config", JsonMap.toObject(config.toMap()));
    description.set("tensors", tensors);
    return description;
  }

  private static void addTasks(ObjectNode description, MegatronBertConfig config) {
    Set<Task> untrained = Task.untrained(config);
    ArrayNode tasks = description.putArray("tasks");
    ArrayNode others = description.putArray("untrained_tasks");
    for (Task task : Task.of(config)) {
      (untrained.contains(task) ? others : tasks).add(task.label());
    }
  }

  private static String tasks(ObjectNode description) {
    String trained = names(description.get("tasks"));
    String others = names(description.get("untrained_tasks"));
    return others.isEmpty() ? trained : trained + "; not trained for " + others;
  }

  private static String names(JsonNode list) {
    return list.valueStream().map(JsonNode::stringValue).collect(Collectors.joining(", "));
  }

  private static void printText(Checkpoint checkpoint, ObjectNode description) {
    System.out.printf(
        Locale.ROOT,
        "%s%n  class       %s%n  tasks       %s%n  parameters  %,d (%s)%n  configuration%n",
        checkpoint.source(),
        Failures.cut(description.get("class").stringValue()),
        tasks(description),
        description.get("parameters").longValue(),
        description.get("dtype").stringValue());
    description
        .get("config")
        .properties()
        .forEach(
            field ->
                System.out.printf(
                    Locale.ROOT,
                    "    %-30s %s%n",
                    Failures.cut(field.getKey()),
                    Failures.cut(field.getValue().toString())));
    System.out.println("  tensors");
    for (String name : checkpoint.names()) {
      System.out.printf(
          Locale.ROOT,
          "    %-60s %-5s %s%n",
          Failures.cut(name),
          checkpoint.dtype(name),
          checkpoint.shape(name));
    }
  }
}
