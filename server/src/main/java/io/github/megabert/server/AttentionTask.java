// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.MegaBert;
import io.github.megabert.input.Quote;
import io.github.megabert.model.AttentionProbabilities;
import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertModel;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.task.TextTask;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.Encoding;
import java.util.List;
import java.util.stream.Stream;

/** Gives the attention probabilities of one layer, for texts short enough to be looked at. */
final class AttentionTask
    implements TextTask<String, AttentionTask.Options, AttentionTask.Attention> {
  /** Tokens of a text: probabilities grow with their square. */
  static final int MOST_TOKENS = 128;

  private final MegaBert bert;
  private final MegatronBertModel model;

  /**
   * The options of a call.
   *
   * @param layer the layer, from 0
   */
  record Options(int layer) {}

  /**
   * What the tokens of a text attend to.
   *
   * @param encoding the tokens
   * @param probabilities {@code [heads, queries, keys]}
   */
  record Attention(Encoding encoding, Tensor probabilities) {}

  AttentionTask(MegaBert bert) {
    this.bert = bert;
    model = bert.model(MegatronBertModel.class);
  }

  @Override
  public Options defaultOptions() {
    return new Options(model.config().numHiddenLayers() - 1);
  }

  @Override
  public int tokens(String text, Options options) {
    return encode(text).size();
  }

  private Encoding encode(String text) {
    Encoding encoding = bert.tokenizer().encode(text);
    int most = Math.min(MOST_TOKENS, bert.maxLength());
    if (encoding.size() > most) {
      throw new IllegalArgumentException(
          "the text "
              + Quote.quote(text)
              + " has "
              + encoding.size()
              + " tokens; attention is given for at most "
              + most);
    }
    return encoding;
  }

  /** One text after the other: the probabilities of all layers of a batch could fill the memory. */
  @Override
  public List<Attention> applyAll(List<String> texts, Options options) {
    return texts.stream().map(text -> compute(encode(text), options.layer())).toList();
  }

  private Attention compute(Encoding encoding, int layer) {
    List<AttentionProbabilities> layers =
        model
            .forward(Batch.of(List.of(encoding)), new OutputOptions(false, true))
            .layers()
            .attentions();
    return new Attention(encoding, layers.get(layer).sequence(0));
  }

  @Override
  public Stream<Attention> stream(Stream<String> texts, Options options) {
    return texts.map(text -> compute(encode(text), options.layer()));
  }
}
