// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.MegaBert;
import io.github.megabert.MegaBertBuilder;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.cli.option.ClassOption;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.ModelOptions;
import io.github.megabert.cli.terminal.RankScope;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.model.Regularization;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.model.TransformersForward;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code megabert forward}. */
@Command(
    name = "forward",
    mixinStandardHelpOptions = true,
    description =
        "Runs any of the nine classes on tensors from a file; tensors are named as in"
            + " transformers.",
    footer = {
      "",
      "Inputs: input_ids or inputs_embeds, attention_mask, token_type_ids, position_ids, labels,",
      "next_sentence_label, start_positions, end_positions, encoder_hidden_states,"
          + " encoder_attention_mask.",
      "",
      "With --gradients: loss and grad.PARAMETER of every parameter; labels are needed.",
      "",
      "Examples:",
      "  megabert forward --model my-model --inputs in.safetensors --output out.safetensors",
      "  megabert forward --model my-model --gradients --inputs in.safetensors --output"
          + " out.safetensors"
    })
public final class ForwardCommand implements Callable<Integer> {
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private ClassOption head = new ClassOption();
  @Mixin private JsonOption output = new JsonOption();

  @Option(
      names = "--inputs",
      paramLabel = "FILE",
      required = true,
      description = "A safetensors file of inputs.")
  private Path inputs = Path.of("");

  @Option(
      names = "--output",
      paramLabel = "FILE",
      required = true,
      description = "The safetensors file to write.")
  private Path outputs = Path.of("");

  @Option(names = "--hidden-states", description = "Also hidden_states.N.")
  private boolean hiddenStates;

  @Option(names = "--attentions", description = "Also attentions.N and cross_attentions.N.")
  private boolean attentions;

  @Option(
      names = "--allow-missing-head",
      description = "Begin a head that the model lacks with random weights.")
  private boolean allowMissingHead;

  @Option(
      names = "--gradients",
      description = "In place of the outputs: loss, and grad.PARAMETER for each, in f32.")
  private boolean gradients;

  @Override
  public Integer call() throws IOException {
    if (gradients) {
      WrongUsage.unless(
          !hiddenStates && !attentions,
          "--gradients writes the loss and gradients alone: leave out "
              + (hiddenStates ? "--hidden-states" : "--attentions"));
      model.compute().requireForGradients("--gradients");
    }
    try (Safetensors file = Safetensors.open(inputs);
        MegaBert bert = model.open(1, List.of(head, this::missingHead))) {
      Map<String, Tensor> named = new LinkedHashMap<>();
      for (String name : file.names()) {
        named.put(name, file.tensor(name));
      }
      if (gradients) {
        writeGradients(bert, named);
      } else {
        MegatronBert network = bert.model();
        write(
            network.className(),
            TransformersForward.run(network, named, new OutputOptions(hiddenStates, attentions)));
      }
    }
    return 0;
  }

  private void writeGradients(MegaBert bert, Map<String, Tensor> named) throws IOException {
    LoadOptions options = new LoadOptions(head.modelClass(), allowMissingHead ? 0L : null);
    try (TrainableModel trainable =
        TrainableModel.load(bert.checkpoint(), bert.backend(), options, parameter -> false)) {
      write(
          trainable.model().className(),
          TransformersForward.gradients(trainable, named, Regularization.NONE, false));
    }
  }

  private void write(String className, Map<String, Tensor> results) throws IOException {
    if (RankScope.isFirst()) {
      SafetensorsWriter.write(outputs, results);
      print(className, results);
    }
  }

  private void missingHead(MegaBertBuilder builder) {
    if (allowMissingHead) {
      builder.allowMissingHead(0);
    }
  }

  private void print(String className, Map<String, Tensor> results) {
    if (output.json) {
      ObjectNode object = JsonNodeFactory.instance.objectNode();
      object.put("class", className).put("output", outputs.toString());
      ObjectNode tensors = object.putObject("tensors");
      results.forEach(
          (name, tensor) -> {
            ArrayNode shape = tensors.putArray(name);
            for (long extent : tensor.shape().toArray()) {
              shape.add(extent);
            }
          });
      Tensor loss = results.get("loss");
      if (loss != null) {
        object.put("loss", loss.getFloat(0));
      }
      JsonOption.print(object);
      return;
    }
    results.forEach(
        (name, tensor) ->
            System.out.printf(
                Locale.ROOT,
                "%-24s %s%s%n",
                name,
                tensor.shape(),
                name.equals("loss") ? "  " + tensor.getFloat(0) : ""));
  }
}
