package io.github.megabert.checkpoint.torch;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.MappedFile;
import io.github.megabert.checkpoint.file.OwnedArena;
import io.github.megabert.input.Quote;
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

  private TorchFile(String source, Object root, TorchStorages storages, OwnedArena arena) {
    this.source = source;
    this.root = root;
    this.storages = storages;
    this.arena = arena;
  }

  /**
   * Maps and reads a file. A zip archive that merely contains a PyTorch file, as NVIDIA's downloads
   * do, is unpacked to a temporary file if it is compressed.
   *
   * @throws CheckpointException if it is malformed or wants what is not allowed
   */
  public static TorchFile open(Path file) throws IOException {
    OwnedArena arena = new OwnedArena();
    try {
      return parse(MappedFile.map(file, arena.arena()), file.toString(), arena, true);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** As {@link #open}, for bytes in memory. */
  public static TorchFile of(MemorySegment content, String source) throws IOException {
    OwnedArena arena = new OwnedArena();
    try {
      return parse(content, source, arena, true);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static TorchFile parse(
      MemorySegment content, String source, OwnedArena arena, boolean mayContainAnother)
      throws IOException {
    if (LegacyTorchFormat.startsLikeOne(content)) {
      LegacyTorchFormat.Content legacy = LegacyTorchFormat.read(content, source);
      return new TorchFile(source, legacy.root(), legacy.storages(), arena);
    }
    if (!ZipArchive.startsLikeOne(content)) {
      throw new CheckpointException(
          source
              + " is not a PyTorch file: neither the zip format nor the older stacked pickles;"
              + " is the download complete?");
    }
    ZipArchive zip = ZipArchive.read(content, source);
    ZipArchive.Member pickle = TorchZipFormat.pickle(zip, source);
    if (pickle != null) {
      TorchZipFormat.Content read = TorchZipFormat.read(zip, pickle, source);
      return new TorchFile(source, read.root(), read.storages(), arena);
    }
    ZipArchive.Member inner = mayContainAnother ? innerFile(zip, source) : null;
    if (inner == null) {
      throw new CheckpointException(
          source + " is a zip archive with neither a data.pkl nor a model_optim_rng.pt in it");
    }
    String innerSource = source + "!/" + Quote.escape(inner.name());
    return parse(UnpackedMember.map(zip, inner, arena.arena()), innerSource, arena, false);
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

  /** A tensor of the tree: a view of the file if it is stored in one piece, else a copy. */
  public Tensor read(TorchTensor tensor, Arena copies) throws IOException {
    TorchStorage storage = tensor.storage();
    MemorySegment bytes = storages.bytes(storage, copies);
    return tensor.read(bytes.asSlice(storage.firstByte(), storage.byteSize()), copies);
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
    MemorySegment bytes(TorchStorage storage, Arena copies) throws IOException;

    /** Refuses a storage that the file lacks or that has another size there. */
    void requirePresent(TorchStorage storage) throws CheckpointException;
  }
}
