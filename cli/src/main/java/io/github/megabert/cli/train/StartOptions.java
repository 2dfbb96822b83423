// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.MegaBert;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.cli.option.VocabOption;
import io.github.megabert.hub.Hub;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.train.data.Example;
import io.github.megabert.train.task.FineTuning;
import io.github.megabert.train.task.FineTuningTask;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The model that fine-tuning begins with, and what computes it. */
public final class StartOptions {
  @Option(
      names = "--model",
      paramLabel = "PATH",
      description =
          "What training begins with: a Hugging Face folder, the ORG/NAME of a model that was"
              + " pulled, or a Megatron-LM checkpoint. Without the task's head it gets a random"
              + " one. Default: the embedded model.")
  private @Nullable Path model;

  @Mixin private VocabOption vocab = new VocabOption();
  @Mixin private TrainingDevice device = new TrainingDevice();

  /** Opens the checkpoint. */
  Checkpoint open() throws IOException {
    return model == null ? MegaBert.demoCheckpoint() : Checkpoint.open(Hub.locate(model));
  }

  /** What is named, for messages and reports. */
  String name() {
    return model == null ? "the embedded model" : model.toString();
  }

  /** What computes. */
  TrainingDevice device() {
    return device;
  }

  /** A run that begins with the model. */
  <E extends Example> FineTuning<E> tuning(FineTuningTask.Factory<E> task, Checkpoint checkpoint)
      throws IOException {
    FineTuning<E> tuning;
    Path words = vocab.path();
    if (model != null) {
      Path path = Hub.locate(model);
      tuning = words == null ? FineTuning.of(task, path) : FineTuning.of(task, path, words);
    } else {
      tuning =
          FineTuning.of(
              task,
              checkpoint,
              words == null ? MegaBert.demoTokenizer() : BertTokenizer.load(words));
    }
    return tuning.backend(device.backend(), device.options());
  }
}
