// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.FileStamp;
import io.github.megabert.checkpoint.file.MappedFile;
import io.github.megabert.checkpoint.file.OwnedArena;
import io.github.megabert.input.Quote;
import io.github.megabert.tensor.FileChangedException;
import io.github.megabert.tensor.MappedMemory;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What {@code torch.save} wrote: a tree of dictionaries, lists and {@link TorchTensor}s, and the
 * storages that the tensors are views of. Two formats exist, today's zip archive and the stacked
 * pickles that PyTorch wrote before 1.6. The file stays mapped; nothing in it is executed.
 */
public final class TorchFile implements AutoCloseable {
  private final String source;
  private final Object root;
  private final TorchStorages storages;
  private final OwnedArena arena;
  private final @Nullable FileStamp stamp;

  private TorchFile(
      String source,
      Object root,
      TorchStorages storages,
      OwnedArena arena,
      @Nullable FileStamp stamp) {
    this.source = source;
    this.root = root;
    this.storages = storages;
    this.arena = arena;
    this.stamp = stamp;
  }

  /**
   * Maps and reads a file. A zip archive that merely contains a PyTorch file, as NVIDIA's downloads
   * do, is unpacked to a temporary file if it is compressed.
   *
   * @throws CheckpointException if it is malformed or wants what is not allowed
   */
  public static TorchFile open(Path file) throws IOException {
    return open(
        file.toString(),
        arena -> {
          MemorySegment content = MappedFile.map(file, arena.arena());
          return new Opening(file.toString(), content, arena, FileStamp.of(file));
        });
  }

  /**
   * As {@link #open(Path)}, for a part of a file.
   *
   * @param source its name in messages
   */
  public static TorchFile open(Path file, long from, long size, String source) throws IOException {
    return open(
        source,
        arena -> {
          MemorySegment content = MappedFile.map(file, arena.arena());
          return new Opening(source, content.asSlice(from, size), arena, FileStamp.of(file));
        });
  }

  /** As {@link #open}, for bytes in memory. */
  public static TorchFile of(MemorySegment content, String source) throws IOException {
    return open(source, arena -> new Opening(source, content, arena, null));
  }

  /** Finds the bytes. */
  private interface Source {
    Opening open(OwnedArena arena) throws IOException;
  }

  private static TorchFile open(String source, Source content) throws IOException {
    OwnedArena arena = new OwnedArena();
    try {
      return MappedMemory.read(source, () -> content.open(arena).parse());
    } catch (FileChangedException e) {
      arena.close();
      throw new CheckpointException(e.getMessage(), e);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** A file whose content is about to be read. */
  private record Opening(
      String source, MemorySegment content, OwnedArena arena, @Nullable FileStamp stamp) {
    TorchFile parse() throws IOException {
      return parse(content, source, new UnpackingLimit(source, content.byteSize()), true);
    }

    private TorchFile parse(
        MemorySegment bytes, String name, UnpackingLimit limit, boolean mayContainAnother)
        throws IOException {
      if (LegacyTorchFormat.startsLikeOne(bytes)) {
        LegacyTorchFormat.Content legacy = LegacyTorchFormat.read(bytes, name, limit);
        return new TorchFile(name, legacy.root(), legacy.storages(), arena, stamp);
      }
      if (!ZipArchive.startsLikeOne(bytes)) {
        throw new CheckpointException(
            name
                + " is not a PyTorch file: neither the zip format nor the older stacked pickles;"
                + " is the download complete?");
      }
      ZipArchive zip = ZipArchive.read(bytes, name, limit);
      ZipArchive.Member pickle = TorchZipFormat.pickle(zip, name);
      if (pickle != null) {
        TorchZipFormat.Content read = TorchZipFormat.read(zip, pickle, name, limit, arena.arena());
        return new TorchFile(name, read.root(), read.storages(), arena, stamp);
      }
      ZipArchive.Member inner = mayContainAnother ? innerFile(zip, name) : null;
      if (inner == null) {
        throw new CheckpointException(
            name + " is a zip archive with neither a data.pkl nor a model_optim_rng.pt in it");
      }
      MemorySegment unpacked = UnpackedMember.map(zip, inner, arena.arena());
      return parse(unpacked, name + "!/" + Quote.escape(inner.name()), limit, false);
    }
  }

  private static ZipArchive.@Nullable Member innerFile(ZipArchive zip, String source)
      throws CheckpointException {
    ZipArchive.Member found = null;
    for (ZipArchive.Member member : zip.members()) {
      if (member.name().equals("model_optim_rng.pt")
          || member.name().endsWith("/model_optim_rng.pt")) {
        if (found != null) {
          throw new CheckpointException(
              source
                  + " holds several ranks, such as "
                  + quote(found.name())
                  + " and "
                  + quote(member.name())
                  + "; unpack it and name the folder");
        }
        found = member;
      }
    }
    return found;
  }

  public String source() {
    return source;
  }

  /** The saved object, of the types in {@link PickleValues} and {@link TorchTensor}. */
  public Object root() {
    return root;
  }

  /** Memory that lives as long as this file is open. */
  Arena arena() {
    return arena.arena();
  }

  /**
   * A tensor of the tree: a view of the file if it is stored in one piece, else a copy.
   *
   * @throws CheckpointException if the file was changed since it was opened, or is damaged
   * @throws IllegalStateException if it is closed
   */
  public Tensor read(TorchTensor tensor, Arena copies) throws IOException {
    try {
      requireUnchanged();
      TorchStorage storage = tensor.storage();
      return MappedMemory.read(
          source,
          () -> {
            MemorySegment bytes = storages.bytes(storage);
            return tensor.read(bytes.asSlice(storage.firstByte(), storage.byteSize()), copies);
          });
    } catch (FileChangedException e) {
      throw new CheckpointException(e.getMessage(), e);
    }
  }

  /**
   * Compares the file with what it was when it was opened.
   *
   * @throws FileChangedException if it was written to since
   * @throws IllegalStateException if it is closed
   */
  public void requireUnchanged() {
    arena.requireOpen(source);
    if (stamp != null) {
      stamp.requireUnchanged();
    }
  }

  /** Checks a tensor as {@link #read} would, without reading it. */
  public void requireReadable(TorchTensor tensor) throws CheckpointException {
    storages.requirePresent(tensor.storage());
  }

  @Override
  public void close() {
    arena.close();
  }

  /** Where the bytes of storages are. */
  interface TorchStorages {
    /** All {@link TorchStorage#fileBytes} bytes. */
    MemorySegment bytes(TorchStorage storage) throws IOException;

    /** Refuses a storage that the file lacks or that has another size there. */
    void requirePresent(TorchStorage storage) throws CheckpointException;
  }
}
