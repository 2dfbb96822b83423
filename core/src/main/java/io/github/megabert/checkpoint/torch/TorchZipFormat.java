// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.LittleEndian;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * PyTorch's format since 1.6: a zip archive with {@code NAME/data.pkl}, the tree, and a member
 * {@code NAME/data/KEY} for every storage, normally stored without compression.
 */
final class TorchZipFormat {
  private static final String PICKLE = "/data.pkl";
  private static final long LARGEST_PICKLE = 64L << 20;

  record Content(Object root, TorchFile.TorchStorages storages) {}

  private TorchZipFormat() {}

  /** The member that holds the tree, or null if this is no PyTorch archive. */
  static ZipArchive.@Nullable Member pickle(ZipArchive zip, String source)
      throws CheckpointException {
    ZipArchive.Member found = null;
    for (ZipArchive.Member member : zip.members()) {
      String name = member.name();
      if (name.endsWith(PICKLE) && name.indexOf('/') == name.length() - PICKLE.length()) {
        if (found != null) {
          throw new CheckpointException(
              source + " has both " + quote(found.name()) + " and " + quote(name));
        }
        found = member;
      }
    }
    return found;
  }

  /**
   * Reads the tree.
   *
   * @param inflated where storages that are compressed are unpacked to
   */
  static Content read(
      ZipArchive zip, ZipArchive.Member pickle, String source, UnpackingLimit limit, Arena inflated)
      throws IOException {
    String folder = pickle.name().substring(0, pickle.name().length() - PICKLE.length());
    try (Arena arena = Arena.ofConfined()) {
      ZipArchive.Member order = zip.member(folder + "/byteorder");
      if (order != null) {
        MemorySegment text = zip.content(order, 16, arena);
        byte[] bytes = text.toArray(LittleEndian.BYTE);
        if (!new String(bytes, StandardCharsets.US_ASCII).equals("little")) {
          throw new CheckpointException(
              source + " was saved on a big-endian machine, only little-endian files are read");
        }
      }
      MemorySegment bytes = zip.content(pickle, LARGEST_PICKLE, arena);
      PickleInput in = new PickleInput(bytes, source);
      Object root = new PickleMachine(in, new TorchConstructors(limit)).read();
      return new Content(root, new Members(zip, folder + "/data/", source, inflated));
    }
  }

  private static final class Members implements TorchFile.TorchStorages {
    private final ZipArchive zip;
    private final String folder;
    private final String source;
    private final Arena arena;

    /** Compressed storages that were read, by member: each is inflated once. */
    private final Map<String, MemorySegment> inflated = new HashMap<>();

    Members(ZipArchive zip, String folder, String source, Arena arena) {
      this.zip = zip;
      this.folder = folder;
      this.source = source;
      this.arena = arena;
    }

    @Override
    public MemorySegment bytes(TorchStorage storage) throws IOException {
      ZipArchive.Member member = member(storage);
      if (zip.isStored(member)) {
        return zip.stored(member);
      }
      synchronized (inflated) {
        MemorySegment content = inflated.get(member.name());
        if (content == null) {
          content = UnpackedMember.map(zip, member, arena);
          inflated.put(member.name(), content);
        }
        return content;
      }
    }

    @Override
    public void requirePresent(TorchStorage storage) throws CheckpointException {
      ZipArchive.Member member = member(storage);
      if (zip.isStored(member)) {
        zip.compressed(member);
      }
    }

    private ZipArchive.Member member(TorchStorage storage) throws CheckpointException {
      ZipArchive.Member member = zip.member(folder + storage.key());
      if (member == null) {
        throw new CheckpointException(
            source + " lacks storage " + quote(storage.key()) + " that its tensors are in");
      }
      if (member.size() != storage.fileBytes()) {
        throw new CheckpointException(
            source
                + ": storage "
                + quote(storage.key())
                + " has "
                + member.size()
                + " bytes, its tensors expect "
                + storage.fileBytes());
      }
      return member;
    }
  }
}
