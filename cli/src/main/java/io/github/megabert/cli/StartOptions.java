package io.github.megabert.cli;

import io.github.megabert.MegaBert;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Precision;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.train.data.Example;
import io.github.megabert.train.task.FineTuning;
import io.github.megabert.train.task.FineTuningTask;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The model that training begins with, and what computes it. */
final class StartOptions {
  @Option(
      names = "--model",
      paramLabel = "PATH",
      description =
          "What training begins with: a Hugging Face folder, the ORG/NAME of a model that was"
              + " pulled, or a Megatron-LM checkpoint. Without the task's head it gets a random"
              + " one. Default: the embedded model.")
  private @Nullable Path model;

  @Mixin private VocabOption vocab = new VocabOption();
  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      defaultValue = "f32",
      description =
          "What is computed in: f32, or bf16, which keeps activations in half the memory; parameters"
              + " and gradients stay f32. Default: ${DEFAULT-VALUE}.")
  private Type dtype = Type.F32;

  /** Types that a model may be trained in. */
  enum Type {
    F32(Precision.F32),
    BF16(Precision.BF16);

    private final Precision precision;

    Type(Precision precision) {
      this.precision = precision;
    }
  }

  /** Opens the checkpoint. */
  Checkpoint open() throws IOException {
    return model == null ? MegaBert.demoCheckpoint() : Checkpoint.open(ModelPath.of(model));
  }

  /** What is named, for messages and reports. */
  String name() {
    return model == null ? "the embedded model" : model.toString();
  }

  /** What computes. */
  DeviceOptions device() {
    return device;
  }

  /**
   * Checks that the backend heeds what was asked for.
   *
   * @throws WrongUsage if it does not
   */
  void requireUsed() {
    device.requireUsed();
  }

  /** What the backend is opened with. */
  BackendOptions options() {
    return device.options().withPrecision(dtype.precision);
  }

  /** A run that begins with the model. */
  <E extends Example> FineTuning<E> tuning(FineTuningTask.Factory<E> task, Checkpoint checkpoint)
      throws IOException {
    FineTuning<E> tuning;
    Path words = vocab.path();
    if (model != null) {
      Path path = ModelPath.of(model);
      tuning = words == null ? FineTuning.of(task, path) : FineTuning.of(task, path, words);
    } else {
      tuning =
          FineTuning.of(
              task,
              checkpoint,
              words == null ? MegaBert.demoTokenizer() : BertTokenizer.load(words));
    }
    return tuning.backend(device.backend(), options());
  }
}
