// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import io.github.megabert.model.Batch;
import io.github.megabert.model.KeyValueCache;
import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.tensor.Tensor;
import java.util.List;

/** Runs the model over token sequences whose beginnings are in a key-value cache. */
record Decoding(MegatronBertForCausalLM model) {
  KeyValueCache newCache(int sequences, int capacity) {
    return model.newCache(sequences, capacity);
  }

  /**
   * Feeds all tokens of the sequences into an empty cache; logits {@code [sequences, vocabulary]}.
   */
  Tensor prefill(List<TokenSequence> sequences, KeyValueCache cache) {
    cache.select(new int[sequences.size()]);
    int[][] tokens = new int[sequences.size()][];
    for (int b = 0; b < tokens.length; b++) {
      tokens[b] = sequences.get(b).toArray();
    }
    return model.step(Batch.ofTokens(tokens), cache);
  }

  /** Feeds the last token of every sequence; logits {@code [sequences, vocabulary]}. */
  Tensor step(List<TokenSequence> sequences, KeyValueCache cache) {
    int count = sequences.size();
    int[] offsets = new int[count + 1];
    int[] tokens = new int[count];
    int[] positions = new int[count];
    for (int b = 0; b < count; b++) {
      offsets[b + 1] = b + 1;
      tokens[b] = sequences.get(b).last();
      positions[b] = sequences.get(b).length() - 1;
    }
    return model.step(
        new Batch(offsets, tokens, new int[count], positions, null, null, null), cache);
  }

  /** Makes sequence {@code b} of the cache continue what {@code parents[b]} has. */
  void select(KeyValueCache cache, int[] parents) {
    cache.select(parents);
  }
}
