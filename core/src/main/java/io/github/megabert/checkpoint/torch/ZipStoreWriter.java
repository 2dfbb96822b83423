// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import io.github.megabert.checkpoint.file.ChannelBytes;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Writes a zip archive whose members are stored without compression and aligned, as PyTorch writes
 * its files, so that a reader can map them; zip64 where sizes need it.
 */
final class ZipStoreWriter {
  private static final int ALIGNMENT = 64;
  private static final int PADDING_FIELD = 0x4246;
  private static final long UNSIGNED_INT = 0xffff_ffffL;

  private record Member(byte[] name, long size, int crc, long start) {}

  private final FileChannel channel;
  private final List<Member> members = new ArrayList<>();
  private long position;

  ZipStoreWriter(FileChannel channel) {
    this.channel = channel;
  }

  /** Adds a member; its elements are read once, for the checksum and the file alike. */
  void add(String name, MemorySegment content) throws IOException {
    byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
    boolean large = content.byteSize() >= UNSIGNED_INT;
    int fixed = 30 + nameBytes.length + (large ? 20 : 0);
    int padding = Math.floorMod(-(position + fixed + 4), ALIGNMENT);
    int checksum = writeContent(content, position + fixed + 4 + padding);
    Member member = new Member(nameBytes, content.byteSize(), checksum, position);
    ByteBuffer header = buffer(fixed + 4 + padding);
    header.putInt(0x04034b50);
    putCommon(header, member, large);
    header.putShort((short) (fixed + 4 + padding - 30 - nameBytes.length));
    header.put(nameBytes);
    if (large) {
      header.putShort((short) 1).putShort((short) 16).putLong(member.size()).putLong(member.size());
    }
    header.putShort((short) PADDING_FIELD).putShort((short) padding).put(new byte[padding]);
    write(header);
    position += content.byteSize();
    members.add(member);
  }

  /** Writes the directory. */
  void finish() throws IOException {
    long start = position;
    for (Member member : members) {
      boolean large = member.size() >= UNSIGNED_INT || member.start() >= UNSIGNED_INT;
      ByteBuffer entry = buffer(46 + member.name().length + (large ? 28 : 0));
      entry.putInt(0x02014b50).putShort((short) 45);
      putCommon(entry, member, large);
      entry.putShort((short) (large ? 28 : 0)).putShort((short) 0).putShort((short) 0);
      entry.putShort((short) 0).putInt(0);
      entry.putInt((int) (large ? UNSIGNED_INT : member.start()));
      entry.put(member.name());
      if (large) {
        entry.putShort((short) 1).putShort((short) 24);
        entry.putLong(member.size()).putLong(member.size()).putLong(member.start());
      }
      write(entry);
    }
    long size = position - start;
    if (start + size >= UNSIGNED_INT || members.size() >= 0xffff) {
      long end64 = position;
      ByteBuffer end = buffer(56 + 20);
      end.putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45);
      end.putInt(0).putInt(0).putLong(members.size()).putLong(members.size());
      end.putLong(size).putLong(start);
      end.putInt(0x07064b50).putInt(0).putLong(end64).putInt(1);
      write(end);
    }
    ByteBuffer end = buffer(22);
    short count = (short) Math.min(members.size(), 0xffff);
    end.putInt(0x06054b50).putShort((short) 0).putShort((short) 0).putShort(count).putShort(count);
    end.putInt((int) Math.min(size, UNSIGNED_INT)).putInt((int) Math.min(start, UNSIGNED_INT));
    end.putShort((short) 0);
    write(end);
  }

  /** The fields that a member's header and its directory entry share. */
  private static void putCommon(ByteBuffer to, Member member, boolean large) {
    int size = (int) (large ? UNSIGNED_INT : member.size());
    to.putShort((short) (large ? 45 : 20)).putShort((short) 0x0800).putShort((short) 0);
    // The first of January 1980, so that equal models make equal files.
    to.putShort((short) 0).putShort((short) 0x21);
    to.putInt(member.crc()).putInt(size).putInt(size).putShort((short) member.name().length);
  }

  private int writeContent(MemorySegment content, long start) throws IOException {
    CRC32 crc = new CRC32();
    ChannelBytes.write(channel, content, start, crc);
    return (int) crc.getValue();
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void write(ByteBuffer full) throws IOException {
    full.flip();
    int size = full.remaining();
    ChannelBytes.write(channel, full, position);
    position += size;
  }
}
