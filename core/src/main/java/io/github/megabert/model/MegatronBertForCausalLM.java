// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.Tensor;
import java.util.Arrays;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The decoder with a language model head ({@code transformers.MegatronBertForCausalLM});
 * self-attention is causal.
 */
public final class MegatronBertForCausalLM implements MegatronBert {
  private final MegatronBertModel bert;
  private final LanguageModelHead head;

  MegatronBertForCausalLM(ParameterSource source) {
    bert = MegatronBertModel.loadWithoutPooler(source);
    head = new LanguageModelHead(source);
  }

  /**
   * Loads the model from a checkpoint.
   *
   * @throws IllegalArgumentException as {@link MegatronBert#load}
   */
  public static MegatronBertForCausalLM load(Checkpoint checkpoint, Backend backend) {
    return (MegatronBertForCausalLM)
        MegatronBert.load(checkpoint, backend, LoadOptions.ofClass(ModelClass.CAUSAL_LM));
  }

  @Override
  public MegatronBertConfig config() {
    return bert.config();
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.CAUSAL_LM;
  }

  @Override
  public Backend backend() {
    return bert.backend();
  }

  /**
   * Logits of every token, and the mean cross entropy of predicting each label from the tokens
   * before it.
   *
   * @param labels {@code [tokens]} integers, most often the token ids themselves, -100 for tokens
   *     without a label; shifted here, not by the caller; null without
   */
  public ModelOutput.Logits forward(Batch batch, @Nullable Tensor labels, OutputOptions options) {
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, options);
      Matrix last = bert.run(pass, null);
      Matrix logits = head.logits(computation, last);
      Tensor read = pass.read(logits);
      OptionalDouble loss = OptionalDouble.empty();
      if (labels != null) {
        int[] classes = shifted(batch, Labels.integers("labels", labels, batch.tokens()));
        loss =
            OptionalDouble.of(Loss.crossEntropy(computation, logits, classes, 0).read(computation));
      }
      return new ModelOutput.Logits(read, loss, pass.readLayers());
    }
  }

  /** The label of each token's successor; that of a sequence's last token is ignored. */
  private static int[] shifted(Batch batch, int[] labels) {
    int[] shifted = new int[labels.length];
    Arrays.fill(shifted, Labels.IGNORED);
    for (int b = 0; b < batch.sequences(); b++) {
      int first = batch.offsets()[b];
      int count = batch.offsets()[b + 1] - first - 1;
      System.arraycopy(labels, first + 1, shifted, first, count);
    }
    return shifted;
  }

  @Override
  public Loss loss(Computation computation, Batch batch, Labels labels, Regularization with) {
    if (!(labels instanceof Labels.OfTokens(int[] classes))) {
      throw MegatronBert.wrongLabels(this, labels, "a label a token");
    }
    Labels.requireCount(classes, batch.tokens(), "tokens");
    ForwardPass pass = ForwardPass.training(computation, batch, with);
    return head.loss(pass, bert.run(pass, null), shifted(batch, classes));
  }

  /** An empty key-value cache for so many sequences of at most {@code capacity} tokens. */
  public KeyValueCache newCache(int sequences, int capacity) {
    return bert.newCache(sequences, capacity);
  }

  /**
   * Appends tokens to cached sequences and gives the logits that follow each sequence's last token.
   *
   * @param batch the new tokens of every sequence, positions continuing those in the cache
   * @return {@code [sequences, vocabulary]}
   */
  public Tensor step(Batch batch, KeyValueCache cache) {
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, OutputOptions.NONE);
      Matrix last = bert.run(pass, cache);
      int[] rows = Arrays.copyOfRange(batch.offsets(), 1, batch.sequences() + 1);
      for (int b = 0; b < rows.length; b++) {
        rows[b]--;
      }
      Tensor logits = pass.read(head.logits(computation, last, rows));
      cache.advance(batch.offsets());
      return logits;
    }
  }
}
