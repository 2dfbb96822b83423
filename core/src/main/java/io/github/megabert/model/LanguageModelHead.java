// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parameters.ParameterTable;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The head of the language models ({@code transformers.MegatronBertLMPredictionHead}): dense,
 * {@code hidden_act}, LayerNorm, then the decoder, which is the word embedding table with a bias of
 * its own.
 */
final class LanguageModelHead {
  private final MegatronBertConfig config;
  private final TensorRank ranks;
  private final Backend.Linear transform;
  private final Norm norm;
  private final Backend.Linear decoder;

  LanguageModelHead(ParameterSource source) {
    config = source.config();
    ranks = source.ranks();
    transform = source.head(ParameterTable.LANGUAGE_MODEL + "transform.dense");
    norm = source.headNorm(ParameterTable.LANGUAGE_MODEL + "transform.LayerNorm");
    String decoderName =
        config.tieWordEmbeddings() ? ParameterTable.WORD_EMBEDDINGS : ParameterTable.DECODER;
    decoder = source.headDecoder(decoderName, ParameterTable.DECODER_BIAS);
    source.ignore(ParameterTable.DECODER);
    source.ignore(ParameterTable.DECODER_BIAS_ALIAS);
  }

  /** Logits {@code [rows, vocabulary]} of rows {@code [rows, hidden]} of the closed stack. */
  Matrix logits(Computation computation, Matrix rows) {
    Matrix own = ownLogits(computation, rows);
    Communicator group = ranks.group();
    if (group == null) {
      return own;
    }
    Matrix all = computation.matrix(rows.rows(), config.vocabSize());
    computation.gatherColumns(group, own, all);
    return all;
  }

  /** Logits of this rank's words: of all, where one rank has the model. */
  private Matrix ownLogits(Computation computation, Matrix rows) {
    Matrix transformed = computation.matrix(rows.rows(), config.hiddenSize());
    computation.linear(rows, transform, config.hiddenAct(), null, transformed);
    norm.apply(computation, transformed, transformed);
    Communicator group = ranks.group();
    Matrix read = group == null ? transformed : computation.copyToRanks(group, transformed);
    Matrix logits = computation.matrix(rows.rows(), ranks.share(config.vocabSize()));
    computation.linear(read, decoder, Activation.IDENTITY, null, logits);
    return logits;
  }

  /** Logits of some rows only, {@code [rows.length, vocabulary]}. */
  Matrix logits(Computation computation, Matrix last, int[] rows) {
    return logits(computation, gathered(computation, last, rows));
  }

  private Matrix gathered(Computation computation, Matrix last, int[] rows) {
    Matrix gathered = computation.matrix(rows.length, config.hiddenSize());
    computation.gatherRows(last, rows, gathered);
    return gathered;
  }

  /**
   * The mean cross entropy of the labelled tokens, which alone pass through the head.
   *
   * @param last {@code [tokens, hidden]} of the closed stack
   * @param labels a class a token, or {@value Labels#IGNORED}
   */
  Loss loss(ForwardPass pass, Matrix last, int[] labels) {
    Labels.requireCount(labels, last.rows(), "tokens");
    int[] rows =
        IntStream.range(0, labels.length).filter(t -> labels[t] != Labels.IGNORED).toArray();
    int[] classes = Arrays.stream(rows).map(t -> labels[t]).toArray();
    if (rows.length == 0) {
      // The mean of no labels: NaN, as everywhere.
      rows = new int[] {0};
      classes = new int[] {Labels.IGNORED};
    }
    Computation computation = pass.computation;
    Matrix logits = ownLogits(computation, gathered(computation, last, rows));
    float smoothing = pass.regularization.labelSmoothing();
    Communicator group = ranks.group();
    if (group == null) {
      return Loss.crossEntropy(computation, logits, classes, smoothing);
    }
    // No rank ever holds all logits.
    int vocabulary = config.vocabSize();
    ClassShare share = new ClassShare(group, ranks.first(vocabulary), vocabulary);
    return Loss.crossEntropy(computation, share, logits, classes, smoothing);
  }
}
