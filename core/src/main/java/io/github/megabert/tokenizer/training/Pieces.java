// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The vocabulary as it grows: tokens and their ids. */
final class Pieces {
  /** What marks a piece that continues a word. */
  static final String PREFIX = "##";

  private final List<String> tokens = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();

  /** The token's id, which is the next one where the token is new. */
  int add(String token) {
    Integer known = ids.putIfAbsent(token, tokens.size());
    if (known == null) {
      tokens.add(token);
      return tokens.size() - 1;
    }
    return known;
  }

  boolean contains(String token) {
    return ids.containsKey(token);
  }

  /** What two pieces are together. */
  String joined(int first, int second) {
    String end = tokens.get(second);
    return tokens.get(first) + (end.startsWith(PREFIX) ? end.substring(PREFIX.length()) : end);
  }

  int size() {
    return tokens.size();
  }

  List<String> tokens() {
    return List.copyOf(tokens);
  }
}
