// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.model;

import io.github.megabert.MegaBert;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.ModelOptions;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.model.MegatronBertForPreTraining;
import io.github.megabert.model.PreTrainingEvaluation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code megabert evaluate}. */
@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    description =
        "Measures masked-LM loss and accuracy, and sentence-order accuracy, on labelled data.",
    footer = {
      "",
      "The data: input_ids and labels [sequences, length] (-100 where nothing is masked), and,",
      "where there are any, token_type_ids, attention_mask and next_sentence_label [sequences].",
      "",
      "Example:",
      "  megabert evaluate --data demo-model/evaluation/validation.safetensors"
    })
public final class EvaluateCommand implements Callable<Integer> {
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private JsonOption output = new JsonOption();

  @Option(
      names = "--data",
      paramLabel = "FILE",
      required = true,
      description = "A safetensors file of labelled sequences.")
  private Path data = Path.of("");

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      defaultValue = "16",
      converter = Numbers.AtLeastOne.class,
      description = "Sequences computed together. Default: ${DEFAULT-VALUE}.")
  private int batchSize = 16;

  @Override
  public Integer call() throws IOException {
    try (Safetensors file = Safetensors.open(data);
        MegaBert bert = model.open(Integer.MAX_VALUE, List.of())) {
      PreTrainingEvaluation result =
          PreTrainingEvaluation.of(
              bert.model(MegatronBertForPreTraining.class),
              file,
              batchSize,
              (done, total) -> Progress.show("sequences", "", 1, done, total));
      Progress.end();
      if (output.json) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("mlm_loss", result.maskedLoss());
        object.put("mlm_accuracy", result.maskedAccuracy());
        object.put("masked_tokens", result.maskedTokens());
        if (result.hasSentenceOrder()) {
          object.put("sentence_order_loss", result.sentenceOrderLoss());
          object.put("sentence_order_accuracy", result.sentenceOrderAccuracy());
        }
        object.put("sequences", result.sequences());
        JsonOption.print(object);
      } else {
        System.out.printf(
            Locale.ROOT,
            "masked-LM loss           %.4f%nmasked-LM accuracy       %.4f  (%d masked tokens)%n",
            result.maskedLoss(),
            result.maskedAccuracy(),
            result.maskedTokens());
        if (result.hasSentenceOrder()) {
          System.out.printf(
              Locale.ROOT,
              "sentence-order loss      %.4f%nsentence-order accuracy  %.4f  (%d sequences)%n",
              result.sentenceOrderLoss(),
              result.sentenceOrderAccuracy(),
              result.sequences());
        }
      }
    }
    return 0;
  }
}
