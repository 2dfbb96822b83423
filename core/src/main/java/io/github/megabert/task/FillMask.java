// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForMaskedLM;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tensor.TopK;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.EncodingOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Finds the likeliest tokens for every {@code [MASK]} of a text ({@code transformers}' {@code
 * fill-mask} pipeline). Thread-safe.
 */
public final class FillMask implements TextTask<String, FillMask.Options, FillMask.Filled> {
  private final MegatronBertForMaskedLM model;
  private final BertTokenizer tokenizer;
  private final TextEncoder encoder;
  private final Batching batching;

  /**
   * A token for a mask.
   *
   * @param score its probability
   * @param tokenId its id
   * @param token its text
   * @param sequence the text with the token in the mask's place
   */
  public record Candidate(float score, int tokenId, String token, String sequence) {}

  /**
   * A mask, and what fits it.
   *
   * @param span its place in the text
   * @param candidates the likeliest tokens, the likeliest first; at least one
   */
  public record Mask(TextSpan span, List<Candidate> candidates) {
    /** Copies the values. */
    public Mask {
      candidates = List.copyOf(candidates);
    }

    /** The likeliest token. */
    public Candidate best() {
      return candidates.getFirst();
    }
  }

  /**
   * The masks of a text.
   *
   * @param masks in the order of the text; at least one. Each is filled by itself, the others stay
   */
  public record Filled(List<Mask> masks) {
    /** Copies the values. */
    public Filled {
      masks = List.copyOf(masks);
    }

    /** The likeliest token for the first mask. */
    public Candidate best() {
      return masks.getFirst().best();
    }
  }

  /**
   * How many candidates, and out of which.
   *
   * @param topK candidates a mask; at least 1
   * @param targets the only words to choose from; empty for all. Of a word that is no token of the
   *     vocabulary the first piece counts, and one without a piece is left out, both with a warning
   *     as in transformers
   */
  public record Options(int topK, List<String> targets) {
    /** Five candidates out of the whole vocabulary. */
    public static final Options DEFAULT = new Options(5, List.of());

    /** Checks and copies the values. */
    public Options {
      if (topK < 1) {
        throw new IllegalArgumentException("topK must be at least 1, not " + topK);
      }
      targets = Given.all("target", targets);
    }

    /** The same with so many candidates a mask. */
    public Options withTopK(int count) {
      return new Options(count, targets);
    }

    /** The same with only these words to choose from. */
    public Options withTargets(String... words) {
      return withTargets(Arrays.asList(words));
    }

    /** The same with only these words to choose from; empty for all. */
    public Options withTargets(List<String> words) {
      return new Options(topK, words);
    }
  }

  /** A text and the places of its masks. */
  private record Request(Encoding encoding, int[] masks) {
    int tokens() {
      return encoding.size();
    }
  }

  /** A pipeline over a model that the caller keeps open. */
  public FillMask(
      MegatronBertForMaskedLM model, BertTokenizer tokenizer, int maxLength, Batching batching) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.batching = batching;
    encoder = new TextEncoder(tokenizer, maxLength, model.config().vocabSize());
  }

  @Override
  public Options defaultOptions() {
    return Options.DEFAULT;
  }

  /**
   * The likeliest tokens for the only mask of a text, the likeliest first.
   *
   * @param count how many; at least 1
   * @throws IllegalArgumentException if the text has no mask or several, or is longer than the
   *     model takes
   */
  public List<Candidate> best(String text, int count) {
    List<Mask> masks = apply(text, Options.DEFAULT.withTopK(count)).masks();
    if (masks.size() > 1) {
      throw new IllegalArgumentException(
          "the text has "
              + masks.size()
              + " masks, and best(text, count) is for one: \""
              + TextEncoder.excerpt(text)
              + "\"; apply(text) gives the words for each");
    }
    return masks.getFirst().candidates();
  }

  @Override
  public int tokens(String text, Options options) {
    return request(text).tokens();
  }

  @Override
  public List<Filled> applyAll(List<String> texts, Options options) {
    int[] targets = targetIds(options.targets());
    return batching.apply(
        texts.stream().map(this::request).toList(),
        Request::tokens,
        requests -> fill(requests, targets, options.topK()));
  }

  @Override
  public Stream<Filled> stream(Stream<String> texts, Options options) {
    int[] targets = targetIds(options.targets());
    return batching.stream(
        texts.map(this::request),
        Request::tokens,
        requests -> fill(requests, targets, options.topK()));
  }

  private Request request(String text) {
    Encoding encoding =
        encoder.encodeWhole(text, "shorten it: it is not cut, as that could take a mask away");
    int[] masks = positionsOfMask(encoding.ids());
    if (masks.length == 0) {
      throw new IllegalArgumentException(
          "the text has no "
              + tokenizer.idToToken(tokenizer.maskId())
              + ": \""
              + TextEncoder.excerpt(text)
              + "\"");
    }
    return new Request(encoding, masks);
  }

  private List<Filled> fill(List<Request> requests, int[] targets, int topK) {
    AnswersTimer timer = AnswersTimer.begun();
    Batch batch = Batch.of(requests.stream().map(Request::encoding).toList());
    IntStream.Builder rows = IntStream.builder();
    for (int b = 0; b < requests.size(); b++) {
      for (int mask : requests.get(b).masks()) {
        rows.add(batch.offsets()[b] + mask);
      }
    }
    Tensor logits = model.logits(batch, rows.build().toArray());
    List<Filled> results = new ArrayList<>(requests.size());
    int row = 0;
    for (Request request : requests) {
      List<Mask> masks = new ArrayList<>(request.masks().length);
      for (int mask : request.masks()) {
        float[] scores = logits.rows(row, row + 1).toFloatArray();
        boolean onlyMask = request.masks().length == 1;
        masks.add(
            new Mask(
                TextSpan.of(request.encoding(), mask),
                candidates(request.encoding().ids(), mask, onlyMask, scores, targets, topK)));
        row++;
      }
      results.add(new Filled(masks));
    }
    timer.answered("fill-mask", results.size());
    return results;
  }

  private int[] positionsOfMask(int[] ids) {
    int mask = tokenizer.maskId();
    int[] positions = new int[ids.length];
    int count = 0;
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] == mask) {
        positions[count++] = i;
      }
    }
    return Arrays.copyOf(positions, count);
  }

  /**
   * A word that is no token stands for its first piece, with a warning; one without a piece, such
   * as a blank, is left out with a warning.
   */
  private int[] targetIds(List<String> targets) {
    Set<Integer> ids = new LinkedHashSet<>();
    System.Logger log = System.getLogger(FillMask.class.getName());
    for (String target : targets) {
      int id = tokenizer.tokenToId(target);
      if (id < 0) {
        int[] pieces =
            tokenizer.encode(target, EncodingOptions.DEFAULT.withSpecialTokens(false)).ids();
        if (pieces.length == 0) {
          log.log(
              System.Logger.Level.WARNING,
              "the target \"" + target + "\" has no token and is left out");
          continue;
        }
        id = pieces[0];
        log.log(
            System.Logger.Level.WARNING,
            "the target \""
                + target
                + "\" is no token of the vocabulary; its first piece stands for it, \""
                + tokenizer.idToToken(id)
                + "\"");
      }
      if (id >= model.config().vocabSize()) {
        throw new IllegalArgumentException(
            "the target \""
                + target
                + "\" has the id "
                + id
                + ", for which the model has no row (vocab_size "
                + model.config().vocabSize()
                + ")");
      }
      ids.add(id);
    }
    if (ids.isEmpty() && !targets.isEmpty()) {
      throw new IllegalArgumentException("no target has a token; name at least one that has");
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  private List<Candidate> candidates(
      int[] ids, int position, boolean onlyMask, float[] logits, int[] targets, int topK) {
    float[] probabilities = Softmax.of(logits);
    int[] best;
    if (targets.length == 0) {
      best = likeliestTokens(probabilities, topK);
    } else {
      float[] chosen = new float[targets.length];
      for (int i = 0; i < targets.length; i++) {
        chosen[i] = probabilities[targets[i]];
      }
      best = TopK.descending(chosen, topK);
      for (int i = 0; i < best.length; i++) {
        best[i] = targets[best[i]];
      }
    }
    List<Candidate> candidates = new ArrayList<>();
    for (int id : best) {
      int[] filled = ids.clone();
      filled[position] = id;
      candidates.add(
          new Candidate(
              probabilities[id],
              id,
              tokenizer.decode(new int[] {id}),
              tokenizer.decode(withoutPadding(filled), onlyMask)));
    }
    return candidates;
  }

  /** Rows without a token pad the matrix: they are no answer. */
  private int[] likeliestTokens(float[] probabilities, int topK) {
    float[] scores = probabilities.clone();
    for (int id = 0; id < scores.length; id++) {
      if (!tokenizer.hasToken(id)) {
        scores[id] = -1;
      }
    }
    return Arrays.stream(TopK.descending(scores, topK)).filter(id -> scores[id] >= 0).toArray();
  }

  private int[] withoutPadding(int[] ids) {
    return Arrays.stream(ids).filter(id -> id != tokenizer.padId()).toArray();
  }
}
