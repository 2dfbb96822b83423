// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** How well a model fills masks and tells the order of sentences, summed up batch by batch. */
public final class PreTrainingScores {
  private double maskedLoss;
  private int maskedRight;
  private int masked;
  private double orderLoss;
  private int orderRight;
  private int pairs;

  /** Nothing yet. */
  public PreTrainingScores() {}

  /**
   * Adds a batch.
   *
   * @param model with a masked language model's head; with both heads where there is an order
   * @param labels one a row, {@value Labels#IGNORED} for those that are not masked
   * @param order one a sequence: 0 where the second text continues the first, else 1; or null
   * @throws IllegalArgumentException if the model lacks a head
   */
  public void add(MegatronBert model, Batch batch, int[] labels, int @Nullable [] order) {
    byte[] mask = batch.attentionMask();
    int[] kept = new int[labels.length];
    int[] rows = new int[labels.length];
    int count = 0;
    int keptCount = 0;
    for (int t = 0; t < labels.length; t++) {
      boolean labelled = labels[t] != Labels.IGNORED;
      if (labelled) {
        rows[count++] = keptCount;
      }
      if (labelled || mask == null || mask[t] != 0) {
        kept[keptCount++] = t;
      }
    }
    rows = Arrays.copyOf(rows, count);
    Batch seen = batch.keepRows(Arrays.copyOf(kept, keptCount));
    HeadLogits logits = forward(model, seen, rows, order != null);
    for (int i = 0; i < count; i++) {
      int label = labels[kept[rows[i]]];
      maskedLoss += loss(logits.tokens, i, label);
      maskedRight += likeliest(logits.tokens, i) == label ? 1 : 0;
    }
    masked += count;
    for (int b = 0; order != null && b < order.length; b++) {
      orderLoss += loss(logits.pairs, b, order[b]);
      orderRight += likeliest(logits.pairs, b) == order[b] ? 1 : 0;
      pairs++;
    }
  }

  /** Logits of both heads, a row each for what they were asked for. */
  private record HeadLogits(Tensor tokens, Tensor pairs) {}

  private static HeadLogits forward(
      MegatronBert model, Batch batch, int[] rows, boolean relationship) {
    return switch (model) {
      case MegatronBertForPreTraining both -> {
        ModelOutput.PreTraining output = both.rowsForward(batch, rows, relationship);
        yield new HeadLogits(output.predictionLogits(), output.seqRelationshipLogits());
      }
      case MegatronBertForMaskedLM words when !relationship ->
          new HeadLogits(words.logits(batch, rows), ForwardPass.empty(2));
      default ->
          throw new IllegalArgumentException(
              model.className() + " has not the heads of pre-training that are evaluated");
    };
  }

  /** Mean cross entropy of the masked tokens, in nats; NaN of none. */
  public double maskedLoss() {
    return maskedLoss / masked;
  }

  /** Share of masked tokens whose likeliest token is the right one; NaN of none. */
  public double maskedAccuracy() {
    return (double) maskedRight / masked;
  }

  /** Number of masked tokens. */
  public int maskedTokens() {
    return masked;
  }

  /** Mean cross entropy of the pairs, in nats; NaN of none. */
  public double sentenceOrderLoss() {
    return orderLoss / pairs;
  }

  /** Share of pairs told right; NaN of none. */
  public double sentenceOrderAccuracy() {
    return (double) orderRight / pairs;
  }

  private static double loss(Tensor logits, int row, int label) {
    int classes = logits.shape().intExtent(1);
    if (label < 0 || label >= classes) {
      throw new IllegalArgumentException("label " + label + " is outside 0 … " + (classes - 1));
    }
    return negativeLogLikelihood(logits, (long) row * classes, classes, label);
  }

  /** {@code log Σ exp(x) - x[label]} of {@code count} numbers from {@code start} on. */
  private static double negativeLogLikelihood(Tensor logits, long start, int count, int label) {
    double max = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < count; c++) {
      max = Math.max(max, logits.getFloat(start + c));
    }
    double sum = 0;
    for (int c = 0; c < count; c++) {
      sum += Math.exp(logits.getFloat(start + c) - max);
    }
    return max + Math.log(sum) - logits.getFloat(start + label);
  }

  private static int likeliest(Tensor logits, int row) {
    int classes = logits.shape().intExtent(1);
    long start = (long) row * classes;
    int best = 0;
    for (int c = 1; c < classes; c++) {
      if (logits.getFloat(start + c) > logits.getFloat(start + best)) {
        best = c;
      }
    }
    return best;
  }
}
