// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.Matrix;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parameters.LayerOrder;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Embeddings, the stack of layers and the pooler ({@code transformers.MegatronBertModel}, {@code
 * transformers.BertModel}).
 *
 * <p>The embedding output is the sum of word, token type and position embeddings. BERT has a
 * LayerNorm there; MegatronBERT has none, but one that closes the stack. Immutable and thread-safe.
 * The backend and the checkpoint must stay open while the model is used.
 */
public final class MegatronBertModel implements MegatronBert {

  private final MegatronBertConfig config;
  private final Backend backend;

  /** The backend of what every rank computes for itself. */
  private final Backend ownBackend;

  private final @Nullable WeightFiles files;
  private final TensorRank ranks;
  private final PipelineRank pipeline;
  private final Backend.Parameter words;
  private final Backend.Parameter types;
  private final Backend.Parameter positions;
  private final @Nullable Norm embeddingsNorm;
  private final List<Layer> layers;
  private final @Nullable Norm closingNorm;
  private final Backend.@Nullable Linear pooler;

  private MegatronBertModel(ParameterSource source, Backend.@Nullable Linear pooler) {
    config = source.config();
    ownBackend = source.backend();
    pipeline = source.pipeline();
    backend = pipeline.isDivided() ? new StageBackend(ownBackend, pipeline) : ownBackend;
    files = source.files();
    ranks = source.ranks();
    words = source.parameter(ParameterTable.WORD_EMBEDDINGS);
    types = source.parameter("bert.embeddings.token_type_embeddings.weight");
    positions = source.parameter("bert.embeddings.position_embeddings.weight");
    boolean post = config.family().order() == LayerOrder.POST_LAYER_NORM;
    embeddingsNorm = post ? source.norm(ParameterTable.EMBEDDINGS_NORM) : null;
    List<Layer> loaded = new ArrayList<>();
    for (int i = 0; i < config.numHiddenLayers(); i++) {
      loaded.add(Layer.load(source, i));
    }
    layers = List.copyOf(loaded);
    closingNorm = post ? null : source.norm(ParameterTable.CLOSING_NORM);
    this.pooler = pooler;
  }

  /**
   * Loads the model from a checkpoint.
   *
   * @throws IllegalArgumentException if a tensor is missing or has another shape than the
   *     configuration asks for; the message names it
   */
  public static MegatronBertModel load(Checkpoint checkpoint, Backend backend) {
    return (MegatronBertModel)
        MegatronBert.load(checkpoint, backend, LoadOptions.ofClass(ModelClass.MODEL));
  }

  /** The stack with its pooler, where the checkpoint has one. */
  static MegatronBertModel load(ParameterSource source) {
    return new MegatronBertModel(
        source,
        source.has(ParameterTable.POOLER + ".weight")
            ? source.linear(ParameterTable.POOLER)
            : null);
  }

  /** The stack with a pooler, which the head needs. */
  static MegatronBertModel loadWithPooler(ParameterSource source) {
    return new MegatronBertModel(source, source.head(ParameterTable.POOLER));
  }

  /** The stack alone. */
  static MegatronBertModel loadWithoutPooler(ParameterSource source) {
    source.ignore(ParameterTable.POOLER + ".weight");
    source.ignore(ParameterTable.POOLER + ".bias");
    return new MegatronBertModel(source, null);
  }

  @Override
  public MegatronBertConfig config() {
    return config;
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.MODEL;
  }

  @Override
  public Backend backend() {
    return backend;
  }

  /**
   * Runs the stack.
   *
   * @throws IllegalArgumentException if the batch does not fit the configuration
   */
  public ModelOutput.Base forward(Batch batch, OutputOptions options) {
    try (Computation computation = backend.begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, options);
      Matrix last = run(pass, null);
      Matrix pooled = pooler == null ? null : pool(pass, last);
      return new ModelOutput.Base(
          pass.read(last), pooled == null ? null : pass.read(pooled), pass.readLayers());
    }
  }

  /** The model without a head has nothing to learn. */
  @Override
  public Loss loss(Computation computation, Batch batch, Labels labels, Regularization with) {
    throw new IllegalArgumentException(
        "a " + className() + " has no loss; train a class with a head");
  }

  /** An empty key-value cache for the decoding of so many sequences. */
  public KeyValueCache newCache(int sequences, int capacity) {
    if (!config.isDecoder()) {
      throw new IllegalStateException(
          "a key-value cache needs a decoder: is_decoder is false in the configuration");
    }
    IntStream here =
        IntStream.range(0, config.numHiddenLayers())
            .filter(layer -> pipeline.has(pipeline.stageOfLayer(layer)));
    return new KeyValueCache(
        ownBackend, here, ranks.share(config.hiddenSize()), sequences, capacity);
  }

  /**
   * Records the pass through all layers.
   *
   * @param cache keys and values of earlier tokens, to be continued; null without
   * @return the output of the last layer, behind the closing LayerNorm where there is one, {@code
   *     [tokens, hidden]}
   */
  Matrix run(ForwardPass pass, @Nullable KeyValueCache cache) {
    Batch batch = pass.batch;
    batch.requireFits(config);
    if (batch.encoder() != null && !config.addCrossAttention()) {
      throw new IllegalArgumentException(
          "encoder_hidden_states are given, but the model has no cross-attention "
              + "(add_cross_attention is false)");
    }
    if (pipeline.isDivided() && (pass.wantsAttentions() || pass.wantsHiddenStates())) {
      throw new IllegalArgumentException(
          "hidden states and attention probabilities are not returned by a model that is divided"
              + " into pipeline stages");
    }
    pass.sharesHeads(ranks.group());
    if (files != null) {
      pass.readsWeightsOf(files);
    }
    Computation computation = pass.computation;
    // With a cache, all but the first pass have few tokens: dividing them would save nothing.
    boolean isDivided = ranks.dividesTokens() && cache == null;
    TokenShare share = new TokenShare(ranks, batch.tokens(), isDivided);
    Matrix h = embed(computation, batch, share);
    Dropout dropout = pass.regularization.ofTokens(0, Regularization.Place.EMBEDDINGS, h.columns());
    pass.drop(share.mask(dropout, h.columns()), h);
    pass.keepHiddenState(h, share);
    AttentionLayout layout = selfLayout(batch, cache);
    int[] cacheRows = cache == null ? null : cache.rowsForNext(batch.offsets());
    Layer.Scratch scratch = Layer.Scratch.allocate(computation, config, share);
    Layer.CrossKeys keys = crossKeys(computation, batch);
    for (int i = 0; i < layers.size(); i++) {
      if (i > 0 && pipeline.stageOfLayer(i) > pipeline.stageOfLayer(i - 1)) {
        h = enter(computation, pipeline.stageOfLayer(i), h);
        scratch = Layer.Scratch.allocate(computation, config, share);
        keys = crossKeys(computation, batch);
      }
      Matrix next = pass.nextHiddenState(h);
      Matrix present = h;
      Layer.Scratch used = scratch;
      Layer layer = layers.get(i);
      Layer.SelfPlan self =
          new Layer.SelfPlan(
              layout,
              cache == null ? null : cache.layer(i),
              cacheRows,
              pass.selfProbabilities(layout));
      Layer.CrossPlan cross =
          keys == null ? null : new Layer.CrossPlan(keys, pass.crossProbabilities(keys.layout()));
      computation.segment(
          () -> layer.apply(computation, pass.regularization, used, present, self, cross, next));
      h = next;
      if (i + 1 < layers.size()) {
        pass.keepHiddenState(h, share);
      }
    }
    Matrix last = h;
    if (closingNorm != null) {
      last = computation.matrix(share.rows(), config.hiddenSize());
      closingNorm.apply(computation, h, last);
    }
    Matrix whole = share.complete(computation, last);
    pass.keepHiddenState(whole);
    return whole;
  }

  /** Goes over to the next stage of a pipeline. */
  private static Matrix enter(Computation computation, int stage, Matrix h) {
    if (computation instanceof StageComputation stages) {
      return stages.enter(stage, h);
    }
    throw new IllegalArgumentException(
        "a model that is divided into pipeline stages computes with its own backend()");
  }

  private Matrix embed(Computation computation, Batch batch, TokenShare share) {
    Tensor embeds = batch.inputsEmbeds();
    int[] tokenIds = batch.tokenIds();
    Communicator group = ranks.group();
    if (group != null) {
      tokenIds = ownWords(tokenIds, batch.tokens());
    }
    Matrix out =
        embeds == null || tokenIds != null
            ? computation.matrix(batch.tokens(), config.hiddenSize())
            : computation.upload(embeds);
    computation.embed(
        tokenIds, batch.tokenTypeIds(), batch.positionIds(), words, types, positions, out);
    if (group != null) {
      Matrix sum = share.isDivided() ? computation.matrix(share.rows(), config.hiddenSize()) : out;
      share.collect(computation, out, null, sum);
      out = sum;
    }
    if (embeddingsNorm != null) {
      embeddingsNorm.apply(computation, out, out);
    }
    return out;
  }

  /**
   * The rows of this rank's part of the word table; negative where another rank has the word, or
   * where embeddings are given, which the first rank takes.
   */
  private int @Nullable [] ownWords(int @Nullable [] tokenIds, int tokens) {
    if (tokenIds == null && ranks.rank() == 0) {
      return null;
    }
    int[] own = new int[tokens];
    Arrays.fill(own, -1);
    for (int t = 0; tokenIds != null && t < tokens; t++) {
      own[t] = ranks.ownWord(tokenIds[t], config.vocabSize());
    }
    return own;
  }

  private AttentionLayout selfLayout(Batch batch, @Nullable KeyValueCache cache) {
    int heads = ranks.share(config.numAttentionHeads());
    if (cache == null) {
      return AttentionLayout.self(
          heads, config.headDim(), config.isDecoder(), batch.offsets(), batch.attentionMask());
    }
    if (cache.sequences() != batch.sequences()) {
      throw new IllegalArgumentException(
          "the batch has "
              + batch.sequences()
              + " sequences, the key-value cache "
              + cache.sequences());
    }
    if (batch.attentionMask() != null) {
      throw new IllegalArgumentException(
          "with a key-value cache prompts are given without padding, so without an attention mask");
    }
    int sequences = batch.sequences();
    int[] queryStart = batch.firstRows();
    int[] queryLength = new int[sequences];
    int[] keyStart = new int[sequences];
    int[] keyLength = new int[sequences];
    for (int b = 0; b < sequences; b++) {
      queryLength[b] = batch.offsets()[b + 1] - batch.offsets()[b];
      keyStart[b] = b * cache.capacity();
      keyLength[b] = cache.length(b) + queryLength[b];
    }
    return new AttentionLayout(
        heads, config.headDim(), true, queryStart, queryLength, keyStart, keyLength, null);
  }

  private Layer.@Nullable CrossKeys crossKeys(Computation computation, Batch batch) {
    Batch.EncoderInput encoder = batch.encoder();
    if (encoder == null) {
      return null;
    }
    int heads = ranks.share(config.numAttentionHeads());
    AttentionLayout queries =
        AttentionLayout.self(heads, config.headDim(), false, batch.offsets(), null);
    AttentionLayout keys =
        AttentionLayout.self(
            heads, config.headDim(), false, encoder.offsets(), encoder.attentionMask());
    AttentionLayout layout =
        new AttentionLayout(
            queries.heads(),
            queries.headDim(),
            false,
            queries.queryStart(),
            queries.queryLength(),
            keys.keyStart(),
            keys.keyLength(),
            keys.keyMask());
    return new Layer.CrossKeys(layout, computation.upload(encoder.hiddenStates()));
  }

  /** The pooled output behind a classifier's dropout. */
  Matrix poolForClassifier(ForwardPass pass, Matrix last) {
    Matrix pooled = pool(pass, last);
    pass.drop(
        pass.regularization.ofSequences(0, Regularization.Place.CLASSIFIER, pooled.columns()),
        pooled);
    return pooled;
  }

  /** {@code tanh(dense(first token))} of every sequence, {@code [sequences, hidden]}. */
  Matrix pool(ForwardPass pass, Matrix last) {
    if (pooler == null) {
      throw new IllegalStateException("this model was loaded without a pooler");
    }
    Matrix first = pass.computation.matrix(pass.batch.sequences(), config.hiddenSize());
    Matrix pooled = pass.computation.matrix(pass.batch.sequences(), config.hiddenSize());
    pass.computation.gatherRows(last, pass.batch.firstRows(), first);
    pass.computation.linear(first, pooler, Activation.TANH, null, pooled);
    return pooled;
  }
}
