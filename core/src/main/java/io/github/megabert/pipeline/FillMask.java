package io.github.megabert.pipeline;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForMaskedLM;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tensor.TopK;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds the likeliest tokens for every {@code [MASK]} of a text ({@code transformers}' {@code
 * fill-mask} pipeline). Thread-safe.
 */
public final class FillMask {
  private final MegatronBertForMaskedLM model;
  private final BertTokenizer tokenizer;
  private final int maxLength;

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
   * How many candidates, and out of which.
   *
   * @param topK candidates a mask; at least 1
   * @param targets the only words to choose from; empty for all. Of a word that is no token of the
   *     vocabulary the first token counts, as in transformers
   */
  public record Options(int topK, List<String> targets) {
    /** Five candidates out of the whole vocabulary. */
    public static final Options DEFAULT = new Options(5, List.of());

    /** Checks and copies. */
    public Options {
      if (topK < 1) {
        throw new IllegalArgumentException("topK must be at least 1, not " + topK);
      }
      targets = List.copyOf(targets);
    }
  }

  /** A pipeline over a model that the caller keeps open. */
  public FillMask(MegatronBertForMaskedLM model, BertTokenizer tokenizer, int maxLength) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.maxLength = maxLength;
  }

  /** The five likeliest tokens for the only mask of a text. */
  public List<Candidate> apply(String text) {
    List<List<Candidate>> masks = apply(text, Options.DEFAULT);
    if (masks.size() != 1) {
      throw new IllegalArgumentException(
          "the text has " + masks.size() + " masks; ask for their candidates with options");
    }
    return masks.getFirst();
  }

  /**
   * The likeliest tokens for every mask of a text, each mask by itself, the likeliest first.
   *
   * @throws IllegalArgumentException if there is no mask, or the text is longer than the model
   *     takes
   */
  public List<List<Candidate>> apply(String text, Options options) {
    Encoding encoding = tokenizer.encode(text);
    int[] ids = encoding.ids();
    if (ids.length > maxLength) {
      throw new IllegalArgumentException(
          "the text has "
              + ids.length
              + " tokens, the model takes at most "
              + maxLength
              + "; shorten it around the mask");
    }
    int[] masks = positionsOfMask(ids);
    if (masks.length == 0) {
      throw new IllegalArgumentException(
          "the text has no "
              + tokenizer.idToToken(tokenizer.maskId())
              + ": \""
              + excerpt(text)
              + "\"");
    }
    int[] targets = targetIds(options.targets());
    Tensor logits = model.logits(Batch.of(List.of(encoding)), masks);
    List<List<Candidate>> results = new ArrayList<>();
    for (int i = 0; i < masks.length; i++) {
      results.add(
          candidates(
              ids,
              masks[i],
              masks.length == 1,
              logits.rows(i, i + 1).toFloatArray(),
              targets,
              options.topK()));
    }
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

  private static String excerpt(String text) {
    return text.length() <= 60 ? text : text.substring(0, 60) + "…";
  }

  private int[] targetIds(List<String> targets) {
    Set<Integer> ids = new LinkedHashSet<>();
    for (String target : targets) {
      int id = tokenizer.tokenToId(target);
      if (id < 0) {
        Encoding pieces = tokenizer.encode(target);
        if (pieces.size() <= 2) {
          throw new IllegalArgumentException("the target \"" + target + "\" has no token");
        }
        id = pieces.ids()[1];
      }
      ids.add(id);
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  private List<Candidate> candidates(
      int[] ids, int position, boolean onlyMask, float[] logits, int[] targets, int topK) {
    float[] probabilities = Softmax.of(logits);
    int[] best;
    if (targets.length == 0) {
      best = TopK.descending(probabilities, topK);
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
              tokenizer.decode(filled, onlyMask)));
    }
    return candidates;
  }
}
