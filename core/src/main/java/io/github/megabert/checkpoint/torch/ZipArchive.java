// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.LittleEndian;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * A zip archive in mapped memory, read through its central directory, zip64 included.
 *
 * <p>Unlike {@link java.util.zip.ZipFile} it hands out members stored without compression as views
 * of any size. Members never become paths; names that would be dangerous as one, duplicates,
 * overlapping members and impossible compression ratios are refused. The checksum of a member is
 * compared when it is first read.
 */
final class ZipArchive {
  private static final int END_SIGNATURE = 0x06054b50;
  private static final int END64_SIGNATURE = 0x06064b50;
  private static final int LOCATOR64_SIGNATURE = 0x07064b50;
  private static final int CENTRAL_SIGNATURE = 0x02014b50;
  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int END_SIZE = 22;
  private static final int CENTRAL_SIZE = 46;
  private static final int LOCAL_SIZE = 30;
  private static final long UNSIGNED_INT = 0xffff_ffffL;
  private static final int MOST_MEMBERS = 200_000;

  /** Bytes that are checked at once: they stay in a cache. */
  private static final int PIECE = 1 << 18;

  /**
   * A member.
   *
   * @param start where its local header is
   * @param limit where the next member or the directory starts
   */
  record Member(
      String name, int method, int crc, long compressedSize, long size, long start, long limit) {}

  private final MemorySegment file;
  private final String source;
  private final UnpackingLimit limit;
  private final Map<String, Member> members = new LinkedHashMap<>();

  /** Stored members whose checksum is right. */
  private final Set<String> verified = ConcurrentHashMap.newKeySet();

  private ZipArchive(MemorySegment file, String source, UnpackingLimit limit) {
    this.file = file;
    this.source = source;
    this.limit = limit;
  }

  /** Whether a file begins as a zip archive does. */
  static boolean startsLikeOne(MemorySegment file) {
    return file.byteSize() >= 4 && file.get(LittleEndian.INT, 0) == LOCAL_SIGNATURE;
  }

  /**
   * Reads the directory.
   *
   * @throws CheckpointException if it is malformed
   */
  static ZipArchive read(MemorySegment file, String source, UnpackingLimit limit)
      throws CheckpointException {
    ZipArchive archive = new ZipArchive(file, source, limit);
    try {
      archive.readDirectory();
    } catch (IndexOutOfBoundsException e) {
      throw new CheckpointException(
          source + " has a zip directory that points outside the file; is it complete?", e);
    }
    return archive;
  }

  Collection<Member> members() {
    return Collections.unmodifiableCollection(members.values());
  }

  @Nullable Member member(String name) {
    return members.get(name);
  }

  /**
   * The content of a member: a view where it is stored, else inflated into {@code arena}.
   *
   * @param largest a size that the content may not exceed
   */
  MemorySegment content(Member member, long largest, Arena arena) throws IOException {
    if (member.size() > largest) {
      throw new CheckpointException(
          source
              + ": member "
              + quote(member.name())
              + " has "
              + member.size()
              + " bytes, at most "
              + largest
              + " were expected");
    }
    if (isStored(member)) {
      return stored(member);
    }
    MemorySegment content = arena.allocate(member.size());
    inflate(member, (chunk, at) -> MemorySegment.copy(chunk, 0, content, at, chunk.byteSize()));
    return content;
  }

  /** Inflates a member piece by piece. */
  void inflate(Member member, ZipInflater.Sink sink) throws IOException {
    new ZipInflater(source, member).inflate(compressed(member), sink);
  }

  /**
   * The bytes of a stored member, a view.
   *
   * @throws CheckpointException if they do not have the checksum that the directory gives
   */
  MemorySegment stored(Member member) throws CheckpointException {
    MemorySegment content = compressed(member);
    // PyTorch writes 0 where it was told not to compute a checksum.
    if (member.crc() != 0 && verified.add(member.name())) {
      int found = checksum(content);
      if (found != member.crc()) {
        verified.remove(member.name());
        throw new CheckpointException(
            source
                + ": member "
                + quote(member.name())
                + " has checksum "
                + Integer.toHexString(found)
                + ", the directory says "
                + Integer.toHexString(member.crc())
                + ": the file is damaged; download or copy it again");
      }
    }
    return content;
  }

  private static int checksum(MemorySegment content) {
    CRC32 crc = new CRC32();
    byte[] piece = new byte[(int) Math.min(PIECE, content.byteSize())];
    for (long from = 0; from < content.byteSize(); from += PIECE) {
      int count = (int) Math.min(PIECE, content.byteSize() - from);
      MemorySegment.copy(content, LittleEndian.BYTE, from, piece, 0, count);
      crc.update(piece, 0, count);
    }
    return (int) crc.getValue();
  }

  boolean isStored(Member member) {
    return member.method() == 0;
  }

  /** The bytes of a member as the archive holds them. */
  MemorySegment compressed(Member member) throws CheckpointException {
    long at = member.start();
    if (member.limit() - at < LOCAL_SIZE || file.get(LittleEndian.INT, at) != LOCAL_SIGNATURE) {
      throw new CheckpointException(
          source + ": member " + quote(member.name()) + " has no header where it should be");
    }
    long data = at + LOCAL_SIZE + unsignedShort(at + 26) + unsignedShort(at + 28);
    if (data > member.limit() || member.compressedSize() > member.limit() - data) {
      throw new CheckpointException(
          source + ": member " + quote(member.name()) + " overruns what follows it");
    }
    return file.asSlice(data, member.compressedSize());
  }

  private void readDirectory() throws CheckpointException {
    long end = findEnd();
    long entries = unsignedShort(end + 10);
    long size = unsignedInt(end + 12);
    long offset = unsignedInt(end + 16);
    long directoryEnd = end;
    if (entries == 0xffff || size == UNSIGNED_INT || offset == UNSIGNED_INT) {
      long locator = end - 20;
      if (locator >= 0 && file.get(LittleEndian.INT, locator) == LOCATOR64_SIGNATURE) {
        long end64 = file.get(LittleEndian.LONG, locator + 8);
        if (end64 < 0
            || end64 > locator - 56
            || file.get(LittleEndian.INT, end64) != END64_SIGNATURE) {
          throw new CheckpointException(source + " has no zip64 directory where it should be");
        }
        entries = file.get(LittleEndian.LONG, end64 + 32);
        size = file.get(LittleEndian.LONG, end64 + 40);
        offset = file.get(LittleEndian.LONG, end64 + 48);
        directoryEnd = end64;
      }
    }
    if (offset < 0 || size < 0 || offset > directoryEnd || size > directoryEnd - offset) {
      throw new CheckpointException(
          source + " has a zip directory that lies outside the file; is it complete?");
    }
    if (entries < 0 || entries > MOST_MEMBERS || entries * CENTRAL_SIZE > size) {
      throw new CheckpointException(
          source
              + " claims "
              + Long.toUnsignedString(entries)
              + " zip members, its directory has room for "
              + Math.min(MOST_MEMBERS, size / CENTRAL_SIZE));
    }
    readMembers(offset, offset + size, (int) entries);
  }

  private long findEnd() throws CheckpointException {
    long last = file.byteSize() - END_SIZE;
    for (long at = last; at >= Math.max(0, last - 0xffff); at--) {
      if (file.get(LittleEndian.INT, at) == END_SIGNATURE
          && at + END_SIZE + unsignedShort(at + 20) == file.byteSize()) {
        return at;
      }
    }
    throw new CheckpointException(source + " has no zip directory at its end; is it complete?");
  }

  private void readMembers(long from, long to, int count) throws CheckpointException {
    List<Member> found = new ArrayList<>();
    long at = from;
    for (int i = 0; i < count; i++) {
      if (to - at < CENTRAL_SIZE || file.get(LittleEndian.INT, at) != CENTRAL_SIGNATURE) {
        throw new CheckpointException(source + " has a damaged zip directory at byte " + at);
      }
      int nameLength = unsignedShort(at + 28);
      int extraLength = unsignedShort(at + 30);
      long next = at + CENTRAL_SIZE + nameLength + extraLength + unsignedShort(at + 32);
      if (next > to) {
        throw new CheckpointException(source + " has a damaged zip directory at byte " + at);
      }
      found.add(readMember(at, nameLength, extraLength, from));
      at = next;
    }
    // A member may use what lies between its start and the next member's, or the directory.
    found.sort(Comparator.comparingLong(Member::start));
    for (int i = 0; i < count; i++) {
      Member m = found.get(i);
      long end = i + 1 < count ? found.get(i + 1).start() : from;
      if (end - m.start() < LOCAL_SIZE || m.compressedSize() > end - m.start() - LOCAL_SIZE) {
        throw new CheckpointException(
            source + ": member " + quote(m.name()) + " overlaps what follows it");
      }
      Member bounded =
          new Member(m.name(), m.method(), m.crc(), m.compressedSize(), m.size(), m.start(), end);
      if (!isStored(m)) {
        limit.inflate(m.size());
      }
      if (members.put(m.name(), bounded) != null) {
        throw new CheckpointException(source + " has two members called " + quote(m.name()));
      }
    }
  }

  private Member readMember(long at, int nameLength, int extraLength, long directory)
      throws CheckpointException {
    byte[] nameBytes = new byte[nameLength];
    MemorySegment.copy(file, LittleEndian.BYTE, at + CENTRAL_SIZE, nameBytes, 0, nameLength);
    String name = new String(nameBytes, StandardCharsets.UTF_8);
    requireHarmless(name);
    int flags = unsignedShort(at + 8);
    int method = unsignedShort(at + 10);
    if ((flags & 1) != 0 || (method != 0 && method != 8)) {
      throw new CheckpointException(
          source
              + ": member "
              + quote(name)
              + ((flags & 1) != 0 ? " is encrypted" : " has compression method " + method)
              + ", only plain stored and deflated members are read");
    }
    long compressedSize = unsignedInt(at + 20);
    long size = unsignedInt(at + 24);
    long start = unsignedInt(at + 42);
    // Zip64: an extra field holds, in this order, those of the three that do not fit 32 bits.
    long extra = at + CENTRAL_SIZE + nameLength;
    long extraEnd = extra + extraLength;
    while (extraEnd - extra >= 4) {
      long fieldEnd = extra + 4 + unsignedShort(extra + 2);
      if (unsignedShort(extra) == 1 && fieldEnd <= extraEnd) {
        long value = extra + 4;
        if (size == UNSIGNED_INT && fieldEnd - value >= 8) {
          size = file.get(LittleEndian.LONG, value);
          value += 8;
        }
        if (compressedSize == UNSIGNED_INT && fieldEnd - value >= 8) {
          compressedSize = file.get(LittleEndian.LONG, value);
          value += 8;
        }
        if (start == UNSIGNED_INT && fieldEnd - value >= 8) {
          start = file.get(LittleEndian.LONG, value);
        }
      }
      extra = fieldEnd;
    }
    if (size < 0 || compressedSize < 0 || start < 0 || start > directory) {
      throw new CheckpointException(
          source + ": member " + quote(name) + " has sizes or a place outside the file");
    }
    if (method == 0 && size != compressedSize) {
      throw new CheckpointException(
          source
              + ": member "
              + quote(name)
              + " is stored in "
              + compressedSize
              + " bytes but claims "
              + size);
    }
    return new Member(
        name, method, file.get(LittleEndian.INT, at + 16), compressedSize, size, start, 0);
  }

  private void requireHarmless(String name) throws CheckpointException {
    boolean climbs = name.equals("..") || name.startsWith("../") || name.contains("/../");
    if (climbs
        || name.endsWith("/..")
        || name.isEmpty()
        || name.startsWith("/")
        || name.contains("\\")
        || name.indexOf('\0') >= 0) {
      throw new CheckpointException(
          source + " has a member called " + quote(name) + ", which leads out of the archive");
    }
  }

  private int unsignedShort(long at) {
    return Short.toUnsignedInt(file.get(LittleEndian.SHORT, at));
  }

  private long unsignedInt(long at) {
    return Integer.toUnsignedLong(file.get(LittleEndian.INT, at));
  }
}
