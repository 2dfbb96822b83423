package io.github.megabert.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForMaskedLM;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tensor.TopK;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.Truncation;
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
public final class FillMask {
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
    encoder = new TextEncoder(tokenizer, maxLength);
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
    return applyAll(List.of(text), options).getFirst();
  }

  /** The likeliest tokens for every mask of many texts, in the order of the texts. */
  public List<List<List<Candidate>>> applyAll(List<String> texts, Options options) {
    int[] targets = targetIds(options.targets());
    return batching.apply(
        texts.stream().map(this::request).toList(),
        Request::tokens,
        requests -> fill(requests, targets, options.topK()));
  }

  /** The likeliest tokens for the masks of any number of texts, in bounded memory. */
  public Stream<List<List<Candidate>>> stream(Stream<String> texts, Options options) {
    int[] targets = targetIds(options.targets());
    return batching.stream(
        texts.map(this::request),
        Request::tokens,
        requests -> fill(requests, targets, options.topK()));
  }

  private Request request(String text) {
    // A cut could take the mask away; so such a text is refused.
    Encoding encoding = encoder.encode(text, null, LongText.REFUSE, Truncation.NONE);
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

  private List<List<List<Candidate>>> fill(List<Request> requests, int[] targets, int topK) {
    Batch batch = Batch.of(requests.stream().map(Request::encoding).toList());
    IntStream.Builder rows = IntStream.builder();
    for (int b = 0; b < requests.size(); b++) {
      for (int mask : requests.get(b).masks()) {
        rows.add(batch.offsets()[b] + mask);
      }
    }
    Tensor logits = model.logits(batch, rows.build().toArray());
    List<List<List<Candidate>>> results = new ArrayList<>(requests.size());
    int row = 0;
    for (Request request : requests) {
      List<List<Candidate>> masks = new ArrayList<>(request.masks().length);
      for (int mask : request.masks()) {
        float[] scores = logits.rows(row, row + 1).toFloatArray();
        boolean onlyMask = request.masks().length == 1;
        masks.add(candidates(request.encoding().ids(), mask, onlyMask, scores, targets, topK));
        row++;
      }
      results.add(masks);
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
