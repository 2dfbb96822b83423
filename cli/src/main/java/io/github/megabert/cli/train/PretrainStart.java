// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.ModelSize;
import io.github.megabert.cli.option.VocabOption;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.hub.Hub;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.train.task.PreTraining;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What pre-training begins with: a size, a configuration, or a model to go on from. */
public final class PretrainStart {
  /** Megatron-LM pads vocabularies to a multiple of this. */
  private static final int VOCABULARY_MULTIPLE = 128;

  private static final List<String> NUMBERS_OF_A_RUN =
      List.of(
          "--learning-rate",
          "--schedule",
          "--warmup-steps",
          "--warmup-ratio",
          "--weight-decay",
          "--clip",
          "--layer-decay");

  @Option(
      names = "--config",
      paramLabel = "SIZE",
      completionCandidates = ModelSize.Names.class,
      description =
          "A new model of a size (${COMPLETION-CANDIDATES}) or of a config.json; with random"
              + " weights, as Megatron-LM begins.")
  private @Nullable String config;

  @Option(
      names = "--model",
      paramLabel = "PATH",
      description = "A model to go on from, in place of --config.")
  private @Nullable Path model;

  @Option(
      names = "--load-optimizer",
      description =
          "With --model, a run of Megatron-LM: go on with the run itself, from its iteration, with"
              + " its optimizer's state, AdamW's numbers and the learning rate's course.")
  private boolean loadOptimizer;

  @Mixin private VocabOption vocab = new VocabOption();

  /**
   * Checks that there is one beginning.
   *
   * @throws WrongUsage if there is not
   */
  void requireConsistent() {
    WrongUsage.unless(
        (config == null) != (model == null),
        "either --config (a size, or a config.json) or --model says what training begins with");
    WrongUsage.unless(
        model != null || !loadOptimizer,
        "--load-optimizer goes on with a run of Megatron-LM: name it with --model");
  }

  /**
   * Checks that no option says what a run that it goes on with says itself.
   *
   * @param given the names of all options that are given
   * @throws WrongUsage if one does
   */
  void requireOwnNumbers(Collection<String> given) {
    for (String name : NUMBERS_OF_A_RUN) {
      WrongUsage.unless(
          !loadOptimizer || !given.contains(name),
          name + " is of the run that --load-optimizer goes on with: leave it out");
    }
  }

  /** What is named, for reports. */
  String name() {
    return config == null ? String.valueOf(model) : "--config " + config;
  }

  /**
   * A run that begins so.
   *
   * @param sequenceLength tokens that a model of a known size must take at least
   */
  PreTraining training(int sequenceLength) throws IOException {
    Path words = vocab.path();
    if (model != null) {
      return loadOptimizer
          ? PreTraining.goOnFrom(model, words)
          : PreTraining.from(Hub.locate(model), words);
    }
    BertTokenizer tokenizer = words == null ? MegaBert.demoTokenizer() : BertTokenizer.load(words);
    return PreTraining.begin(configuration(tokenizer, sequenceLength), tokenizer);
  }

  private MegatronBertConfig configuration(BertTokenizer tokenizer, int sequenceLength)
      throws IOException {
    String named = String.valueOf(config);
    Optional<ModelSize> size = ModelSize.find(named);
    if (size.isEmpty()) {
      return MegatronBertConfig.read(Path.of(named));
    }
    int vocabulary =
        Math.ceilDiv(tokenizer.vocabularySize(), VOCABULARY_MULTIPLE) * VOCABULARY_MULTIPLE;
    return size.get()
        .config(sequenceLength)
        .with("vocab_size", vocabulary)
        .with("pad_token_id", tokenizer.padId());
  }
}
