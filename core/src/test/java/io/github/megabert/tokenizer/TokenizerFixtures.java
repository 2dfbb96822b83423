// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The tokenizer fixtures on the test class path; a missing one fails the test. */
final class TokenizerFixtures {
  static final BertTokenizer UNCASED = BertTokenizer.of(vocabulary(), TokenizerConfig.UNCASED);
  static final BertTokenizer CASED = BertTokenizer.of(vocabulary(), TokenizerConfig.CASED);

  private TokenizerFixtures() {}

  static InputStream open(String name) {
    InputStream in = TokenizerFixtures.class.getResourceAsStream("/fixtures/tokenizer/" + name);
    if (in == null) {
      throw new AssertionError("The fixture tokenizer/" + name + " is missing.");
    }
    return in;
  }

  static List<String> vocabulary() {
    try (InputStream in = open("vocab.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static JsonNode json(String name) {
    return JsonMapper.shared().readTree(open(name));
  }

  static int[] ints(JsonNode list) {
    int[] values = new int[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i).isNull() ? -1 : list.get(i).intValue();
    }
    return values;
  }

  /** Column {@code side} of a list of {@code [start, end]}. */
  static int[] column(JsonNode offsets, int side) {
    int[] values = new int[offsets.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = offsets.get(i).get(side).intValue();
    }
    return values;
  }
}
