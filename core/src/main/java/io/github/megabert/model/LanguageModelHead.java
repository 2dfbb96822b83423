package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.parameters.ParameterTable;

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
    if (!source.has(prefix + "transform.dense.weight")) {
      throw source.missingHead(prefix + "transform.dense.weight");
    }
    transform = source.linear(prefix + "transform.dense");
    norm = source.norm(prefix + "transform.LayerNorm");
    String decoderName =
        config.tieWordEmbeddings() ? ParameterTable.WORD_EMBEDDINGS : ParameterTable.DECODER;
    decoder = source.decoder(decoderName, ParameterTable.DECODER_BIAS);
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
}
