// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.safetensors;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.checkpoint.file.LittleEndian;
import io.github.megabert.input.HeapBudget;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The header of a safetensors file: eight bytes of length, then a JSON object {@code {name:
 * {"dtype", "shape", "data_offsets": [from, to]}}}, then the elements.
 *
 * <p>Parsing keeps to what the file's bytes back: nothing is allocated by a size that the header
 * merely claims, and the tensors must tile the rest of the file without gap or overlap.
 */
public final class SafetensorsHeader {
  /** The format's own limit; a model's is a thousandth of it. */
  private static final long FORMAT_LIMIT = 100_000_000;

  /** Longest header in bytes; one becomes about four bytes of objects. */
  static final long LARGEST = HeapBudget.most(FORMAT_LIMIT, 4);

  /** A model of 9 billion parameters has a thousand. */
  private static final int MOST_TENSORS = 100_000;

  private static final int HIGHEST_RANK = 32;

  /** A tensor and where its bytes are, counted from the end of the header. */
  public record Entry(TensorSpec spec, long from, long to) {}

  private final String source;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final long dataStart;

  private SafetensorsHeader(String source, long dataStart) {
    this.source = source;
    this.dataStart = dataStart;
  }

  public Map<String, Entry> entries() {
    return entries;
  }

  public Map<String, String> metadata() {
    return metadata;
  }

  /** Offset of the first element in the file. */
  public long dataStart() {
    return dataStart;
  }

  /**
   * Reads and checks a header.
   *
   * @param file the whole file
   * @param source what messages call it
   * @throws CheckpointException if it is malformed, or longer than the heap allows
   */
  public static SafetensorsHeader parse(MemorySegment file, String source)
      throws CheckpointException {
    if (file.byteSize() < 8) {
      throw new CheckpointException(
          source
              + " has "
              + file.byteSize()
              + " bytes, too few for the length at the start of a safetensors file");
    }
    long length = file.get(LittleEndian.LONG, 0);
    if (length < 2 || length > LARGEST || length > file.byteSize() - 8) {
      throw new CheckpointException(
          source
              + " claims a header of "
              + Long.toUnsignedString(length)
              + " bytes, but it must have 2 to "
              + Math.max(2, Math.min(LARGEST, file.byteSize() - 8))
              + "; is it a safetensors file, and complete?");
    }
    SafetensorsHeader header = new SafetensorsHeader(source, 8 + length);
    try (JsonParser json = StrictJson.parser(file.asSlice(8, length))) {
      header.readObject(json);
    } catch (JacksonException e) {
      throw StrictJson.refused("the header of " + source, e);
    } catch (OutOfMemoryError e) {
      throw new CheckpointException(
          "the header of " + source + " does not fit into " + HeapBudget.heap(), e);
    }
    header.requireTiling(file.byteSize() - header.dataStart);
    return header;
  }

  private void readObject(JsonParser json) throws CheckpointException {
    expect(json.nextToken(), JsonToken.START_OBJECT, "the header");
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String name = json.currentName();
      if (name.equals("__metadata__")) {
        readMetadata(json);
      } else {
        if (entries.size() == MOST_TENSORS) {
          throw new CheckpointException(
              source + " names more than " + MOST_TENSORS + " tensors, more than any model has");
        }
        entries.put(name, readEntry(json, name));
      }
    }
    if (json.nextToken() != null) {
      throw new CheckpointException("the header of " + source + " goes on after its JSON object");
    }
  }

  private void readMetadata(JsonParser json) throws CheckpointException {
    expect(json.nextToken(), JsonToken.START_OBJECT, "__metadata__");
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      expect(json.nextToken(), JsonToken.VALUE_STRING, "__metadata__." + quote(key));
      if (metadata.size() == MOST_TENSORS) {
        throw new CheckpointException(source + " has more than " + MOST_TENSORS + " metadata");
      }
      metadata.put(key, json.getString());
    }
  }

  private Entry readEntry(JsonParser json, String name) throws CheckpointException {
    String what = "tensor " + quote(name);
    expect(json.nextToken(), JsonToken.START_OBJECT, what);
    DType dtype = null;
    long[] extents = null;
    long[] offsets = null;
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      switch (key) {
        case "dtype" -> dtype = readDType(json, what);
        case "shape" -> extents = readLongs(json, what + " shape");
        case "data_offsets" -> offsets = readLongs(json, what + " data_offsets");
        default ->
            throw new CheckpointException(
                source + ": " + what + " has a field " + quote(key) + " that the format lacks");
      }
    }
    if (dtype == null || extents == null || offsets == null || offsets.length != 2) {
      throw new CheckpointException(
          source + ": " + what + " needs a dtype, a shape and two data_offsets");
    }
    return entry(name, dtype, extents, offsets[0], offsets[1]);
  }

  private DType readDType(JsonParser json, String what) throws CheckpointException {
    expect(json.nextToken(), JsonToken.VALUE_STRING, what + " dtype");
    String text = json.getString();
    for (DType dtype : DType.values()) {
      if (dtype.name().equals(text)) {
        return dtype;
      }
    }
    throw new CheckpointException(
        source
            + ": "
            + what
            + " has the unknown dtype "
            + quote(text)
            + "; known are "
            + Arrays.toString(DType.values()));
  }

  private long[] readLongs(JsonParser json, String what) throws CheckpointException {
    expect(json.nextToken(), JsonToken.START_ARRAY, what);
    List<Long> values = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      expect(json.currentToken(), JsonToken.VALUE_NUMBER_INT, what);
      long value = json.getLongValue();
      if (value < 0 || values.size() == HIGHEST_RANK) {
        throw new CheckpointException(
            source + ": " + what + " must be at most " + HIGHEST_RANK + " numbers from 0 up");
      }
      values.add(value);
    }
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  private Entry entry(String name, DType dtype, long[] extents, long from, long to)
      throws CheckpointException {
    long bytes;
    TensorSpec spec;
    try {
      spec = new TensorSpec(name, dtype, Shape.of(extents));
      bytes = spec.byteSize();
    } catch (ArithmeticException | IllegalArgumentException e) {
      throw new CheckpointException(
          source
              + ": tensor "
              + quote(name)
              + " of "
              + dtype
              + " "
              + Arrays.toString(extents)
              + " has no size in whole bytes below 2^63",
          e);
    }
    if (from > to || to - from != bytes) {
      throw new CheckpointException(
          source
              + ": tensor "
              + quote(name)
              + " of "
              + dtype
              + " "
              + spec.shape()
              + " needs "
              + bytes
              + " bytes, its data_offsets are ["
              + from
              + ", "
              + to
              + "]");
    }
    return new Entry(spec, from, to);
  }

  /** The tensors' bytes, put in order, must be exactly the file after the header. */
  private void requireTiling(long dataSize) throws CheckpointException {
    List<Entry> ordered = new ArrayList<>(entries.values());
    ordered.sort(Comparator.comparingLong(Entry::from).thenComparingLong(Entry::to));
    long end = 0;
    for (Entry entry : ordered) {
      if (entry.from() != end) {
        throw new CheckpointException(
            source
                + ": tensor "
                + quote(entry.spec().name())
                + " starts at "
                + entry.from()
                + (entry.from() < end ? ", inside the one before it" : ", leaving a gap")
                + "; "
                + end
                + " was expected");
      }
      end = entry.to();
    }
    if (end != dataSize) {
      throw new CheckpointException(
          source
              + " holds "
              + dataSize
              + " bytes of tensors, its header describes "
              + end
              + (dataSize < end ? "; is it complete?" : ""));
    }
  }

  private void expect(@Nullable JsonToken found, JsonToken wanted, String what)
      throws CheckpointException {
    if (found != wanted) {
      throw new CheckpointException(
          source + ": " + what + " must be a " + wanted + ", found " + found);
    }
  }
}
