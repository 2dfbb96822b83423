// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.json;

import io.github.megabert.input.HeapBudget;
import io.github.megabert.input.LimitedInput;
import io.github.megabert.input.Quote;
import io.github.megabert.input.UnreadableFileException;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonFactoryBuilder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads JSON from strangers: bounded in bytes, values and depth, less where the heap is small,
 * without duplicate names or a trailing rest.
 */
public final class JsonTree {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private static final JsonFactory FACTORY =
      factory().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /**
   * Of trees, which find a name that is there twice themselves: the parser would keep a second set
   * of all names for it, and a vocabulary has 30 thousand.
   */
  private static final JsonFactory TREES = factory().build();

  /** Values in one document; the largest vocabularies of BERT models have half a million. */
  private static final long MOST_VALUES = 2_000_000;

  /** Heap of one value of the tree with its name and its place in the object around it. */
  private static final int BYTES_A_VALUE = 128;

  /** Heap of one byte of a document: its characters, and copies while they are put together. */
  private static final int BYTES_A_BYTE = 8;

  private final JsonParser parser;
  private final long mostValues = HeapBudget.most(MOST_VALUES, BYTES_A_VALUE);
  private long values;

  private JsonTree(JsonParser parser) {
    this.parser = parser;
  }

  private static JsonFactoryBuilder factory() {
    return JsonFactory.builder()
        .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
        .streamReadConstraints(
            StreamReadConstraints.builder()
                .maxNestingDepth(64)
                .maxNumberLength(64)
                .maxNameLength(1 << 16)
                .maxStringLength(1 << 24)
                .build());
  }

  /** A parser with the bounds on depth, names and numbers; the stream stays open. */
  public static JsonParser parser(InputStream in) {
    return FACTORY.createParser(ObjectReadContext.empty(), in);
  }

  /** How long a document may be, of those that no machine needs longer than {@code ceiling}. */
  public static long mostBytes(long ceiling) {
    return HeapBudget.most(ceiling, BYTES_A_BYTE);
  }

  /**
   * The one JSON value that a stream holds.
   *
   * @param source what messages call it
   * @param ceiling the greatest length in bytes that makes sense anywhere
   * @throws JacksonException if it is no JSON, goes beyond the bounds, has a name twice in an
   *     object, or something follows it; {@link #reason} says why
   * @throws IOException if reading fails, or the text is too long
   */
  public static JsonNode read(InputStream in, String source, long ceiling) throws IOException {
    InputStream limited = new LimitedInput(in, source, mostBytes(ceiling));
    try (JsonParser parser = TREES.createParser(ObjectReadContext.empty(), limited)) {
      JsonNode value = new JsonTree(parser).value(parser.nextToken());
      JsonToken rest = parser.nextToken();
      if (rest != null) {
        throw new StreamReadException(parser, "something follows the value: " + rest);
      }
      return value;
    } catch (JacksonIOException e) {
      if (e.getCause() instanceof CharConversionException) {
        throw new StreamReadException((JsonParser) null, "it is not UTF-8 text", e);
      }
      throw e.getCause();
    } catch (OutOfMemoryError e) {
      throw new UnreadableFileException(
          source + " does not fit into " + HeapBudget.heap() + " beside what is there", e);
    }
  }

  /** Why a text is not read, and where: " near byte 17: …", on one line. */
  public static String reason(JacksonException e) {
    String said = e.getOriginalMessage();
    String reason = said == null ? "it breaks off" : said.lines().findFirst().orElse("");
    String where =
        e.getLocation() == null ? "" : " near byte " + Math.max(0, e.getLocation().getByteOffset());
    return where + ": " + Quote.escape(reason);
  }

  private JsonNode value(JsonToken token) {
    if (token == null) {
      throw new StreamReadException(parser, "the text is empty where a value is expected");
    }
    if (++values > mostValues) {
      throw new StreamReadException(
          parser,
          String.format(
              Locale.ROOT,
              "there are more than the %d values that are read with %s",
              mostValues,
              HeapBudget.heap()));
    }
    return switch (token) {
      case START_OBJECT -> object();
      case START_ARRAY -> array();
      case VALUE_STRING -> NODES.stringNode(parser.getString());
      case VALUE_TRUE -> NODES.booleanNode(true);
      case VALUE_FALSE -> NODES.booleanNode(false);
      case VALUE_NULL -> NODES.nullNode();
      case VALUE_NUMBER_INT -> integer();
      case VALUE_NUMBER_FLOAT -> NODES.numberNode(parser.getDoubleValue());
      default -> throw new StreamReadException(parser, "a value is expected, not " + token);
    };
  }

  private JsonNode integer() {
    return switch (parser.getNumberType()) {
      case INT -> NODES.numberNode(parser.getIntValue());
      case LONG -> NODES.numberNode(parser.getLongValue());
      default -> NODES.numberNode(parser.getBigIntegerValue());
    };
  }

  private ObjectNode object() {
    ObjectNode object = NODES.objectNode();
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      if (object.replace(name, value(parser.nextToken())) != null) {
        throw new StreamReadException(
            parser, "the name " + Quote.quote(name) + " is there twice in an object");
      }
    }
    return object;
  }

  private ArrayNode array() {
    ArrayNode array = NODES.arrayNode();
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      array.add(value(token));
    }
    return array;
  }
}
