// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.input.Quote;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.function.DoublePredicate;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * What a model's {@code generation_config.json} says about the search, under transformers' names.
 */
public final class GenerationConfig {
  /** The file's name in a model's folder. */
  public static final String FILE = "generation_config.json";

  private static final int MOST_TOKENS = Integer.MAX_VALUE;

  /** Of a model without such a file. */
  public static final GenerationConfig EMPTY =
      new GenerationConfig(JsonNodeFactory.instance.objectNode(), FILE);

  private final JsonNode json;
  private final String source;

  private GenerationConfig(JsonNode json, String source) {
    this.json = json;
    this.source = source;
  }

  /**
   * Reads the file of a folder; {@link #EMPTY} where there is none.
   *
   * @throws CheckpointException if it is no JSON object
   */
  public static GenerationConfig of(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      return EMPTY;
    }
    return new GenerationConfig(StrictJson.readObject(file), file.toString());
  }

  /**
   * Options as the file says, and the usual ones where it says nothing.
   *
   * @throws IllegalArgumentException if a setting is of another kind or out of its range
   */
  public GenerationOptions.Builder options() {
    return options(false, 0);
  }

  /**
   * Options as the file says, for a caller who decides how the search is made. What the file says
   * of drawing counts only where tokens are drawn, and of beams only where there are several, as in
   * transformers.
   *
   * @param draw whether tokens are drawn even where the file has no {@code do_sample}
   * @param wantedBeams beams, or 0: as many as the file says
   * @throws IllegalArgumentException if a setting is of another kind or out of its range
   */
  public GenerationOptions.Builder options(boolean draw, int wantedBeams) {
    GenerationOptions.Builder builder = GenerationOptions.builder();
    integer("max_new_tokens", 1, MOST_TOKENS, builder::maxNewTokens);
    integer("min_new_tokens", 0, MOST_TOKENS, builder::minNewTokens);
    integer("num_return_sequences", 1, GenerationOptions.MOST_SEQUENCES, builder::returnSequences);
    integer("no_repeat_ngram_size", 0, MOST_TOKENS, builder::noRepeatNgramSize);
    positive("repetition_penalty", builder::repetitionPenalty);
    int[] beams = {1};
    integer("num_beams", 1, GenerationOptions.MOST_SEQUENCES, value -> beams[0] = value);
    if (wantedBeams > 0) {
      beams[0] = wantedBeams;
    }
    builder.beams(beams[0]);
    if (beams[0] > 1) {
      number("length_penalty", Double::isFinite, "a finite number", builder::lengthPenalty);
      JsonNode early = json.path("early_stopping");
      if (early.isString() && early.stringValue().equals("never")) {
        builder.earlyStopping(GenerationOptions.EarlyStopping.NEVER);
      } else if (isTrue("early_stopping", "true, false or \"never\"")) {
        builder.earlyStopping(GenerationOptions.EarlyStopping.FIRST_FINISHED);
      }
    }
    boolean drawn = isTrue("do_sample", "true or false");
    if (draw || drawn) {
      builder.sample(true);
      integer("top_k", 0, MOST_TOKENS, builder::topK);
      positive("temperature", builder::temperature);
      number("top_p", p -> p > 0 && p <= 1, "a number above 0, at most 1", builder::topP);
      number("min_p", p -> p >= 0 && p <= 1, "a number from 0 to 1", builder::minP);
    }
    return builder.endTokens(endTokens()).readFrom(source);
  }

  /** The tokens of {@code eos_token_id}, a number or a list; empty where it is absent. */
  public Set<Integer> endTokens() {
    return endTokens(json.path("eos_token_id"), source);
  }

  /** The tokens of an {@code eos_token_id}: a number, a list of them, or nothing. */
  private static Set<Integer> endTokens(JsonNode value, String source) {
    Set<Integer> tokens = new LinkedHashSet<>();
    for (JsonNode token :
        value.isArray() ? value : JsonNodeFactory.instance.arrayNode().add(value)) {
      if (token.isInt()) {
        tokens.add(token.intValue());
      } else if (!token.isNull() && !token.isMissingNode()) {
        throw wrong(source, "eos_token_id", value, "a token id or a list of them");
      }
    }
    return tokens;
  }

  /** A setting; null where the file does not have it. */
  private @Nullable JsonNode setting(String name) {
    JsonNode value = json.path(name);
    return value.isNull() || value.isMissingNode() ? null : value;
  }

  private boolean isTrue(String name, String wanted) {
    JsonNode value = setting(name);
    if (value != null && !value.isBoolean()) {
      throw wrong(source, name, value, wanted);
    }
    return value != null && value.booleanValue();
  }

  private void integer(String name, int least, int most, IntConsumer setter) {
    JsonNode value = setting(name);
    if (value == null) {
      return;
    }
    if (!value.isInt() || value.intValue() < least || value.intValue() > most) {
      String range = most == MOST_TOKENS ? " on" : " to " + most;
      throw wrong(source, name, value, "a whole number from " + least + range);
    }
    setter.accept(value.intValue());
  }

  private void positive(String name, DoubleConsumer setter) {
    number(name, x -> x > 0 && x < Double.POSITIVE_INFINITY, "a positive number", setter);
  }

  private void number(String name, DoublePredicate valid, String wanted, DoubleConsumer setter) {
    JsonNode value = setting(name);
    if (value == null) {
      return;
    }
    if (!value.isNumber() || !valid.test(value.doubleValue())) {
      throw wrong(source, name, value, wanted);
    }
    setter.accept(value.doubleValue());
  }

  private static IllegalArgumentException wrong(
      String source, String name, JsonNode value, String wanted) {
    return new IllegalArgumentException(
        String.format(
            Locale.ROOT,
            "%s: \"%s\" is %s where %s is expected",
            source,
            name,
            Quote.json(value),
            wanted));
  }
}
