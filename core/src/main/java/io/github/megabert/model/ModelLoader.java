// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.input.Quote;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.FileChangedException;
import io.github.megabert.tensor.MappedMemory;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Takes models of one or several classes out of one checkpoint into one backend. Models share what
 * they have in common, so a second head costs only its own weights.
 *
 * <p>The caller keeps the checkpoint and the backend open while the models are used, and closes
 * them. Thread-safe.
 */
public final class ModelLoader {
  private final Checkpoint checkpoint;
  private final Backend backend;
  private final @Nullable TrainableParameters trained;
  private final Map<String, Object> shared = new ConcurrentHashMap<>();

  /** A loader that has loaded nothing yet. */
  public ModelLoader(Checkpoint checkpoint, Backend backend) {
    this(checkpoint, backend, null);
  }

  /**
   * A loader of models that are trained, or only read.
   *
   * @param trained takes the parameters; null where they are only read
   */
  ModelLoader(Checkpoint checkpoint, Backend backend, @Nullable TrainableParameters trained) {
    this.checkpoint = checkpoint;
    this.backend = backend;
    this.trained = trained;
  }

  private ParameterStorage storage(TensorRank ranks) {
    if (trained != null) {
      return trained;
    }
    ParameterStorage whole = new ParameterStorage.ReadOnly(backend);
    return ranks.group() == null ? whole : new ParameterStorage.Divided(whole, ranks);
  }

  /**
   * Takes a model out of the checkpoint.
   *
   * @throws IllegalArgumentException if the class is unknown or not named, or a tensor is missing
   *     or has another shape than the configuration asks for; the message names it and says what to
   *     do
   * @throws FileChangedException if a file of the checkpoint was changed in place since it was
   *     opened
   */
  public MegatronBert load(LoadOptions options) {
    return FlightRecorder.isInitialized() ? recorded(options) : read(options);
  }

  private MegatronBert recorded(LoadOptions options) {
    ModelLoadEvent event = new ModelLoadEvent();
    event.begin();
    MegatronBert model = read(options);
    event.end();
    if (event.shouldCommit()) {
      event.className = model.className();
      event.source = checkpoint.source();
      event.backend = backend.name();
      event.commit();
    }
    return model;
  }

  private MegatronBert read(LoadOptions options) {
    return MappedMemory.read(checkpoint.source(), () -> takeOut(options));
  }

  private void requireRanks(@Nullable Communicator group) {
    if (group != null) {
      backend.requireRanks(group);
    }
  }

  private MegatronBert takeOut(LoadOptions options) {
    MegatronBertConfig config =
        MegatronBertConfig.of(checkpoint.config(), checkpoint.configSource());
    ModelClass modelClass = options.modelClass();
    if (modelClass == null) {
      modelClass = declaredClass(config);
    }
    if (modelClass == ModelClass.CAUSAL_LM && !config.isDecoder()) {
      config = config.with("is_decoder", true);
    }
    requireRanks(options.tensorParallel());
    requireRanks(options.pipelineParallel());
    TensorRank ranks = TensorRank.of(options);
    ranks.requireDivides(config);
    PipelineRank pipeline = PipelineRank.of(options, config);
    ParameterSource source =
        new ParameterSource(
            checkpoint,
            backend,
            storage(ranks),
            config,
            modelClass,
            shared,
            options.missingHeadSeed(),
            ranks,
            pipeline);
    MegatronBert model =
        switch (modelClass) {
          case MODEL -> MegatronBertModel.load(source);
          case MASKED_LM -> new MegatronBertForMaskedLM(source);
          case CAUSAL_LM -> new MegatronBertForCausalLM(source);
          case PRE_TRAINING -> new MegatronBertForPreTraining(source);
          case NEXT_SENTENCE -> new MegatronBertForNextSentencePrediction(source);
          case SEQUENCE_CLASSIFICATION -> new MegatronBertForSequenceClassification(source);
          case MULTIPLE_CHOICE -> new MegatronBertForMultipleChoice(source);
          case TOKEN_CLASSIFICATION -> new MegatronBertForTokenClassification(source);
          case QUESTION_ANSWERING -> new MegatronBertForQuestionAnswering(source);
        };
    source.reportUnexpected();
    return model;
  }

  /** The class that {@code architectures} names; without it, what the tensors allow. */
  private ModelClass declaredClass(MegatronBertConfig config) {
    for (String name : config.architectures()) {
      Optional<ModelClass> known = ModelClass.find(name);
      if (known.isPresent()) {
        return known.get();
      }
    }
    if (!config.architectures().isEmpty()) {
      throw new IllegalArgumentException(
          checkpoint.source()
              + " holds a "
              + Quote.list(config.architectures())
              + ", which is none of the classes "
              + ModelClass.names());
    }
    return checkpoint.names().contains(ParameterTable.DECODER_BIAS)
        ? ModelClass.MASKED_LM
        : ModelClass.MODEL;
  }
}
