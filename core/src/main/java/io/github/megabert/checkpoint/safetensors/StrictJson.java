package io.github.megabert.checkpoint.safetensors;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.json.JsonText;
import io.github.megabert.json.JsonTree;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
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
    long size;
    try {
      size = Files.size(file);
    } catch (NoSuchFileException e) {
      throw new CheckpointException("there is no file " + file, e);
    }
    if (size > LARGEST_DOCUMENT) {
      throw new CheckpointException(
          file + " has " + size + " bytes, more than the " + LARGEST_DOCUMENT + " that are read");
    }
    try (InputStream in = Files.newInputStream(file)) {
      JsonNode node = JsonTree.read(in);
      if (node instanceof ObjectNode object) {
        return object;
      }
      throw new CheckpointException(file + " is not a JSON object");
    } catch (JacksonException e) {
      throw refused(file.toString(), e);
    }
  }

  /** Writes an object, indented, with a final line break. */
  public static void writeObject(Path file, JsonNode object) throws IOException {
    Files.writeString(file, JsonText.indented(object));
  }

  /** The object as it would be read from a file: with the node types that its text gives. */
  public static ObjectNode asRead(ObjectNode object) {
    byte[] text = JsonText.compact(object).getBytes(StandardCharsets.UTF_8);
    return (ObjectNode) JsonTree.read(new ByteArrayInputStream(text));
  }

  /** An empty object. */
  public static ObjectNode emptyObject() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** The refusal of a text that is not JSON, or not JSON that a checkpoint would hold. */
  static CheckpointException refused(String source, JacksonException e) {
    String reason = e.getOriginalMessage();
    if (reason == null) {
      reason = e.getClass().getSimpleName();
    }
    String where =
        e.getLocation() == null ? "" : " near byte " + Math.max(0, e.getLocation().getByteOffset());
    return new CheckpointException(
        source + " is not valid JSON" + where + ": " + reason.lines().findFirst().orElse(""), e);
  }
}
