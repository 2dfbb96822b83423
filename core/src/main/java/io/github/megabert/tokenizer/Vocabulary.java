// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import io.github.megabert.input.HeapBudget;
import io.github.megabert.input.Quote;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tokens and ids: the model's vocabulary, then the tokens added to it. Immutable, thread-safe.
 *
 * <p>An id without a token has the empty one. Of several equal tokens the last one's id is found.
 */
final class Vocabulary {
  /** How far past the vocabulary an added token's id may lie. */
  private static final int MAX_GAP = 1 << 20;

  /** Far above any BERT's; LaBSE has half a million. */
  private static final long MOST_TOKENS = 1 << 22;

  /** Heap of a token: its text and its places in the tables. */
  private static final int BYTES_A_TOKEN = 128;

  /** Longer tokens are refused: no word is as long, and no token that a model learnt. */
  private static final int MAX_LENGTH = 1000;

  private final String[] tokens;
  private final Map<String, Integer> ids;
  private final boolean[] special;
  private final List<AddedToken> added;
  private final int modelSize;

  /**
   * @throws IllegalArgumentException if a token is not valid Unicode or an added token's id is out
   *     of place
   */
  Vocabulary(List<String> model, List<AddedToken> wanted) {
    modelSize = model.size();
    ids = HashMap.newHashMap(modelSize + wanted.size());
    for (int id = 0; id < modelSize; id++) {
      String token = model.get(id);
      if (hasLoneSurrogate(token)) {
        throw new IllegalArgumentException(
            "Vocabulary entry " + id + " holds half of a surrogate pair.");
      }
      if (token.length() > MAX_LENGTH) {
        throw new IllegalArgumentException(
            "Vocabulary entry "
                + id
                + " has "
                + token.length()
                + " characters, at most "
                + MAX_LENGTH
                + " are allowed: "
                + Quote.quote(token)
                + ".");
      }
      if (!token.isEmpty()) {
        ids.put(token, id);
      }
    }
    added = placed(wanted);
    int size = modelSize;
    for (AddedToken token : added) {
      size = Math.max(size, token.id() + 1);
    }
    tokens = Arrays.copyOf(model.toArray(new String[0]), size);
    Arrays.fill(tokens, modelSize, size, "");
    special = new boolean[size];
    for (AddedToken token : added) {
      tokens[token.id()] = token.content();
      special[token.id()] |= token.special();
    }
  }

  /** How many tokens are read from files. */
  static long mostTokens() {
    return HeapBudget.most(MOST_TOKENS, BYTES_A_TOKEN);
  }

  /** Gives each added token its id; equal contents are one token, the later flags hold. */
  private List<AddedToken> placed(List<AddedToken> wanted) {
    List<AddedToken> inOrder = new ArrayList<>(wanted);
    inOrder.sort(Comparator.comparingInt(token -> token.id() < 0 ? Integer.MAX_VALUE : token.id()));
    Map<String, AddedToken> byContent = HashMap.newHashMap(inOrder.size());
    Map<Integer, String> taken = new HashMap<>();
    int next = modelSize;
    for (AddedToken token : inOrder) {
      Integer known = ids.get(token.content());
      int id = known != null ? known : token.id() >= 0 ? token.id() : next;
      if (token.id() >= 0 && token.id() != id) {
        throw new IllegalArgumentException(
            "The added token "
                + Quote.quote(token.content())
                + " is given the id "
                + token.id()
                + ", but the vocabulary has it as "
                + id
                + ".");
      }
      boolean occupied = known == null && (id < modelSize || taken.containsKey(id));
      if (occupied || id - modelSize > MAX_GAP) {
        throw new IllegalArgumentException(
            "The added token "
                + Quote.quote(token.content())
                + " is given the id "
                + id
                + ", which is "
                + (occupied ? "another token's" : "far beyond the vocabulary")
                + "; the vocabulary has "
                + modelSize
                + " entries.");
      }
      taken.put(id, token.content());
      ids.put(token.content(), id);
      byContent.put(token.content(), token.withId(id));
      next = Math.max(next, id + 1);
    }
    List<AddedToken> result = new ArrayList<>(byContent.values());
    result.sort(Comparator.comparingInt(AddedToken::id));
    return List.copyOf(result);
  }

  /** How many tokens the model's own vocabulary has; their ids come first. */
  int modelSize() {
    return modelSize;
  }

  /** One more than the highest id. */
  int size() {
    return tokens.length;
  }

  /** The token of an id within the size; empty where there is none. */
  String token(int id) {
    return tokens[id];
  }

  /** The token's id, or −1. */
  int id(String token) {
    @Nullable Integer id = ids.get(token);
    return id == null ? -1 : id;
  }

  boolean isSpecial(int id) {
    return id >= 0 && id < special.length && special[id];
  }

  /** Every added token with its id, in the order of the ids. */
  List<AddedToken> added() {
    return added;
  }

  static boolean hasLoneSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (!Character.isHighSurrogate(text.charAt(i))
            || i + 1 == text.length()
            || !Character.isLowSurrogate(text.charAt(i + 1))) {
          return true;
        }
        i++;
      }
    }
    return false;
  }
}
