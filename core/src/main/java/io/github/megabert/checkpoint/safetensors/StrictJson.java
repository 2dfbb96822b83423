// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.safetensors;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.input.InputFile;
import io.github.megabert.input.Quote;
import io.github.megabert.input.UnreadableFileException;
import io.github.megabert.json.JsonText;
import io.github.megabert.json.JsonTree;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.util.ByteBufferBackedInputStream;

/** JSON from strangers: bounded in size, depth and number length, without duplicate names. */
public final class StrictJson {
  private static final long LARGEST_DOCUMENT = 8L << 20;

  private StrictJson() {}

  /** A parser of a JSON text in memory. */
  static JsonParser parser(MemorySegment text) {
    return JsonTree.parser(new ByteBufferBackedInputStream(text.asByteBuffer()));
  }

  /**
   * The JSON object that a file holds.
   *
   * @throws CheckpointException if the file is missing, too large, or no JSON object
   */
  public static ObjectNode readObject(Path file) throws IOException {
    JsonNode node = read(file);
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw new CheckpointException(
        file + " holds " + Quote.json(node) + " where a JSON object is expected");
  }

  /**
   * The JSON value that a file holds.
   *
   * @throws CheckpointException if the file is missing, too large, or no JSON
   */
  public static JsonNode read(Path file) throws IOException {
    try (InputStream in = InputFile.stream(file, JsonTree.mostBytes(LARGEST_DOCUMENT))) {
      return JsonTree.read(in, file.toString(), LARGEST_DOCUMENT);
    } catch (UnreadableFileException e) {
      throw new CheckpointException(e.getMessage(), e);
    } catch (JacksonException e) {
      throw refused(file.toString(), e);
    }
  }

  /** Writes an object, indented, with a final line break. */
  public static void writeObject(Path file, JsonNode object) throws IOException {
    Files.writeString(file, JsonText.indented(object));
  }

  /** The object as it would be read from a file: with the node types that its text gives. */
  public static ObjectNode asRead(ObjectNode object) throws IOException {
    byte[] text = JsonText.compact(object).getBytes(StandardCharsets.UTF_8);
    return (ObjectNode)
        JsonTree.read(new ByteArrayInputStream(text), "the configuration", LARGEST_DOCUMENT);
  }

  /** An empty object. */
  public static ObjectNode emptyObject() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** The refusal of a text that is not JSON, or not JSON that a checkpoint would hold. */
  static CheckpointException refused(String source, JacksonException e) {
    return new CheckpointException(source + " is not valid JSON" + JsonTree.reason(e), e);
  }
}
