package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
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
  private final Backend.Linear transform;
  private final Norm norm;
  private final Backend.Linear decoder;

  LanguageModelHead(ParameterSource source) {
    config = source.config();
    String prefix = "cls.predictions.";
    transform = source.head(prefix + "transform.dense");
    norm = source.headNorm(prefix + "transform.LayerNorm");
    String decoderName =
        config.tieWordEmbeddings() ? ParameterTable.WORD_EMBEDDINGS : ParameterTable.DECODER;
    decoder = source.headDecoder(decoderName, ParameterTable.DECODER_BIAS);
    source.ignore(ParameterTable.DECODER);
    source.ignore(prefix + "decoder.bias");
  }

  /** Logits {@code [rows, vocabulary]} of rows {@code [rows, hidden]} of the closed stack. */
  Matrix logits(Computation computation, Matrix rows) {
    Matrix transformed = computation.matrix(rows.rows(), config.hiddenSize());
    computation.linear(rows, transform, config.hiddenAct(), null, transformed);
    norm.apply(computation, transformed, transformed);
    Matrix logits = computation.matrix(rows.rows(), config.vocabSize());
    computation.linear(transformed, decoder, Activation.IDENTITY, null, logits);
    return logits;
  }

  /** Logits of some rows only, {@code [rows.length, vocabulary]}. */
  Matrix logits(Computation computation, Matrix last, int[] rows) {
    Matrix gathered = computation.matrix(rows.length, config.hiddenSize());
    computation.gatherRows(last, rows, gathered);
    return logits(computation, gathered);
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
    Matrix logits = logits(pass.computation, last, rows);
    return Loss.crossEntropy(
        pass.computation, logits, classes, pass.regularization.labelSmoothing());
  }
}
