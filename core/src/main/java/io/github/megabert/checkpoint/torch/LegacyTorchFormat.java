// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * PyTorch's format before 1.6: five pickles in a row (a magic number, a protocol version, the
 * machine, the tree, the storages' keys), then each storage as eight bytes of element count and its
 * elements.
 */
final class LegacyTorchFormat {
  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final long PROTOCOL = 1001;

  /** The pickle of the magic number at protocol 2: its first bytes. */
  private static final byte[] START = {(byte) 0x80, 2, (byte) 0x8a, 10, 0x6c, (byte) 0xfc};

  record Content(Object root, TorchFile.TorchStorages storages) {}

  private LegacyTorchFormat() {}

  static boolean startsLikeOne(MemorySegment file) {
    if (file.byteSize() < START.length) {
      return false;
    }
    byte[] start = new byte[START.length];
    MemorySegment.copy(file, LittleEndian.BYTE, 0, start, 0, start.length);
    return Arrays.equals(start, START);
  }

  static Content read(MemorySegment file, String source, UnpackingLimit limit)
      throws CheckpointException {
    PickleInput in = new PickleInput(file, source);
    TorchConstructors constructors = new TorchConstructors(limit);
    Object magic = new PickleMachine(in, constructors).read();
    Object protocol = new PickleMachine(in, constructors).read();
    if (!MAGIC.equals(magic) || !Long.valueOf(PROTOCOL).equals(protocol)) {
      throw new CheckpointException(
          source + " does not begin with the magic number and version of a PyTorch file");
    }
    Object machine = new PickleMachine(in, constructors).read();
    if (Boolean.FALSE.equals(PickleValues.member(machine, "little_endian"))) {
      throw new CheckpointException(
          source + " was saved on a big-endian machine, only little-endian files are read");
    }
    Object root = new PickleMachine(in, constructors).read();
    Object keys = new PickleMachine(in, constructors).read();
    if (!(keys instanceof List<?> list)) {
      throw new CheckpointException(source + " has no list of storages after its tree");
    }
    Map<String, MemorySegment> storages = new HashMap<>();
    for (Object key : list) {
      if (!(key instanceof String name) || storages.containsKey(name)) {
        throw in.refused("a storage is listed twice or not by a text");
      }
      Long size = constructors.itemSize(name);
      if (size == null) {
        throw in.refused("storage " + quote(name) + " is listed, but no tensor is in it");
      }
      long elements = in.signedLong();
      if (elements < 0 || elements > file.byteSize() / size) {
        throw in.refused(
            "storage " + quote(name) + " claims " + elements + " elements; is the file complete?");
      }
      storages.put(name, in.skip(elements * size));
    }
    return new Content(root, new Listed(storages, source));
  }

  private record Listed(Map<String, MemorySegment> storages, String source)
      implements TorchFile.TorchStorages {
    @Override
    public MemorySegment bytes(TorchStorage storage) throws CheckpointException {
      MemorySegment bytes = storages.get(storage.key());
      if (bytes == null || bytes.byteSize() != storage.fileBytes()) {
        throw new CheckpointException(
            source
                + ": storage "
                + quote(storage.key())
                + (bytes == null ? " is missing" : " has " + bytes.byteSize() + " bytes")
                + ", its tensors expect "
                + storage.fileBytes()
                + " bytes");
      }
      return bytes;
    }

    @Override
    public void requirePresent(TorchStorage storage) throws CheckpointException {
      bytes(storage);
    }
  }
}
