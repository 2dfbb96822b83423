// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.torch.TorchFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A run of Megatron-LM to go on with, of all ranks together.
 *
 * @param source where it was read, for messages
 * @param run its numbers
 * @param moments {@code exp_avg.NAME} and {@code exp_avg_sq.NAME} of every parameter, float32
 * @param masters the parameters in float32, where the model itself is in half precision; else null
 */
public record MegatronTrainingState(
    String source, MegatronRun run, NamedTensors moments, @Nullable NamedTensors masters) {
  static final String MASTER = "master";

  static MegatronTrainingState of(
      MegatronRanks ranks, int heads, MegatronQkvOrder order, long vocabulary) throws IOException {
    Map<TorchFile, MegatronOptimizerFile> states = new LinkedHashMap<>();
    for (TorchFile file : ranks.files()) {
      states.put(file, new MegatronOptimizerFile(file));
    }
    TorchFile first = ranks.files().getFirst();
    MegatronOptimizerFile ofFirst = Objects.requireNonNull(states.get(first));
    for (Map.Entry<TorchFile, MegatronOptimizerFile> state : states.entrySet()) {
      if (state.getValue().updates() != ofFirst.updates()
          || state.getValue().hasMasters() != ofFirst.hasMasters()) {
        throw new CheckpointException(
            state.getKey().source()
                + " has another optimizer's state than "
                + first.source()
                + "; all ranks must be of one run and one iteration");
      }
    }
    List<Map<?, ?>> groups = new ArrayList<>();
    states.values().forEach(state -> groups.addAll(state.groups()));
    Merging merging = new Merging(ranks, states, heads, order, vocabulary);
    Map<String, MergedTensor> moments = new LinkedHashMap<>();
    for (String kind : List.of(MegatronOptimizerTree.FIRST, MegatronOptimizerTree.SECOND)) {
      merging.of(kind).forEach((name, tensor) -> moments.put(kind + "." + name, tensor));
    }
    return new MegatronTrainingState(
        first.source(),
        new MegatronRunNumbers(first, groups).run(ofFirst.updates(), ofFirst.hasMasters()),
        new MergedTensors(first.source(), moments),
        ofFirst.hasMasters() ? new MergedTensors(first.source(), merging.of(MASTER)) : null);
  }

  /** Joins what all ranks have of the optimizer's tensors of a kind, as the model's are joined. */
  private record Merging(
      MegatronRanks ranks,
      Map<TorchFile, MegatronOptimizerFile> states,
      int heads,
      MegatronQkvOrder order,
      long vocabulary) {
    Map<String, MergedTensor> of(String kind) throws CheckpointException {
      MegatronMerge merge =
          MegatronMerge.of(ranks, file -> Objects.requireNonNull(states.get(file)).chunks(kind));
      merge.splitQueryKeyValue(heads, order);
      merge.cutVocabulary(vocabulary);
      return merge.parameters();
    }
  }
}
