// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ParameterSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * A model whose parameters can be changed.
 *
 * @param model reads the parameters whenever it computes
 * @param parameters freed by {@link #close}
 */
public record TrainableModel(MegatronBert model, TrainableParameters parameters)
    implements AutoCloseable {

  /**
   * Copies a model's parameters out of a checkpoint, to be trained. The backend must stay open.
   *
   * @param options the class, and whether a missing head begins with random weights
   * @param frozen which parameters are not trained
   * @throws IllegalArgumentException as {@link MegatronBert#load}
   */
  public static TrainableModel load(
      Checkpoint checkpoint,
      Backend backend,
      LoadOptions options,
      Predicate<ParameterSpec> frozen) {
    MegatronBertConfig sizes =
        MegatronBertConfig.of(checkpoint.config(), checkpoint.configSource());
    RankShare share = new RankShare(TensorRank.of(options), PipelineRank.of(options, sizes));
    TrainableParameters parameters =
        new TrainableParameters(backend, frozen, share, checkpoint.source());
    try {
      MegatronBert model = new ModelLoader(checkpoint, backend, parameters).load(options);
      Map<String, Object> config = new LinkedHashMap<>(model.config().toMap());
      config.put("architectures", List.of(model.className()));
      parameters.setConfig(
          config, model.config().padTokenId().orElse(-1), model.config().vocabSize());
      return new TrainableModel(model, parameters);
    } catch (RuntimeException failure) {
      parameters.close();
      throw failure;
    }
  }

  @Override
  public void close() {
    parameters.close();
  }
}
