// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import io.github.megabert.checkpoint.file.FileStamp;
import io.github.megabert.checkpoint.file.MappedFile;
import io.github.megabert.checkpoint.file.OwnedArena;
import io.github.megabert.checkpoint.safetensors.SafetensorsHeader;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.FileChangedException;
import io.github.megabert.tensor.MappedMemory;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file, memory-mapped: its tensors are views, nothing is copied.
 *
 * <p>The header is checked entirely before any tensor is handed out.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the format</a>
 */
public final class Safetensors implements NamedTensors {
  private final String source;
  private final MemorySegment file;
  private final SafetensorsHeader header;
  private final @Nullable OwnedArena arena;
  private final @Nullable FileStamp stamp;

  private Safetensors(
      String source, MemorySegment file, @Nullable OwnedArena arena, @Nullable FileStamp stamp)
      throws CheckpointException {
    this.source = source;
    this.file = file;
    this.arena = arena;
    this.stamp = stamp;
    try {
      header = MappedMemory.read(source, () -> SafetensorsHeader.parse(file, source));
    } catch (FileChangedException e) {
      throw new CheckpointException(e.getMessage(), e);
    }
  }

  /**
   * Maps a file.
   *
   * @throws CheckpointException if it is malformed
   * @throws IOException if it cannot be read
   */
  public static Safetensors open(Path file) throws IOException {
    return open(file, file.toString());
  }

  /** As {@link #open(Path)}, with another name for messages. */
  public static Safetensors open(Path file, String source) throws IOException {
    OwnedArena arena = new OwnedArena();
    try {
      MemorySegment content = MappedFile.map(file, arena.arena());
      return new Safetensors(source, content, arena, FileStamp.of(file));
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /**
   * The content of a safetensors file that is already in memory; {@link #close} leaves it alone.
   *
   * @param source what messages call it
   * @throws CheckpointException if it is malformed
   */
  public static Safetensors of(MemorySegment content, String source) throws CheckpointException {
    return new Safetensors(source, content, null, null);
  }

  /**
   * A copy of the content of a safetensors file, in native memory that {@link #close} releases.
   *
   * @param source what messages call it
   * @throws CheckpointException if it is malformed
   */
  public static Safetensors copyOf(byte[] content, String source) throws CheckpointException {
    OwnedArena arena = new OwnedArena();
    try {
      MemorySegment copy = arena.arena().allocate(content.length, Tensor.ALIGNMENT);
      MemorySegment.copy(MemorySegment.ofArray(content), 0, copy, 0, content.length);
      return new Safetensors(source, copy, arena, null);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  @Override
  public String source() {
    return source;
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(header.entries().keySet());
  }

  /** The texts under {@code __metadata__}, such as {@code format} = {@code pt}. */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(header.metadata());
  }

  @Override
  public DType dtype(String name) {
    return entry(name).spec().dtype();
  }

  @Override
  public Shape shape(String name) {
    return entry(name).spec().shape();
  }

  /**
   * A tensor, a view of the file.
   *
   * @throws FileChangedException if the file was changed in place since it was opened
   * @throws IllegalStateException if it is closed
   */
  @Override
  public Tensor tensor(String name) {
    requireUnchanged();
    SafetensorsHeader.Entry entry = entry(name);
    MemorySegment bytes =
        file.asSlice(header.dataStart() + entry.from(), entry.to() - entry.from());
    return Tensor.wrap(bytes, entry.spec().dtype(), entry.spec().shape());
  }

  @Override
  public void requireUnchanged() {
    if (arena != null) {
      arena.requireOpen(source);
    }
    if (stamp != null) {
      stamp.requireUnchanged();
    }
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
    }
  }

  private SafetensorsHeader.Entry entry(String name) {
    SafetensorsHeader.Entry entry = header.entries().get(name);
    if (entry == null) {
      throw new IllegalArgumentException(source + " has no tensor " + name);
    }
    return entry;
  }
}
