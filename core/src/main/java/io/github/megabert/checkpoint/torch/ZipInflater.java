// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.LittleEndian;
import io.github.megabert.tensor.MappedMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Inflates one member of a zip archive, piece by piece, and believes neither its claimed size nor
 * its content: more bytes than claimed, fewer, or a wrong checksum are refused.
 */
final class ZipInflater {
  private static final int CHUNK = 1 << 20;

  /** Takes the next piece of the content and where it belongs. */
  interface Sink {
    void accept(MemorySegment chunk, long at) throws IOException;
  }

  private final String source;
  private final ZipArchive.Member member;

  ZipInflater(String source, ZipArchive.Member member) {
    this.source = source;
    this.member = member;
  }

  void inflate(MemorySegment compressed, Sink sink) throws IOException {
    CRC32 checksum = new CRC32();
    byte[] input = new byte[(int) Math.min(CHUNK, compressed.byteSize())];
    byte[] chunk = new byte[(int) Math.min(CHUNK, member.size() + 1)];
    MemorySegment content = MemorySegment.ofArray(chunk);
    long written = 0;
    long read = 0;
    try (Inflater inflater = new Inflater(true)) {
      while (!inflater.finished()) {
        int count = inflater.inflate(chunk);
        if (count > member.size() - written) {
          throw refused("inflates to more than the " + member.size() + " bytes it claims");
        }
        checksum.update(chunk, 0, count);
        sink.accept(content.asSlice(0, count), written);
        written += count;
        if (inflater.needsDictionary()) {
          throw refused("needs a dictionary, which zip does not have");
        }
        // What it took last may still give more, so ask for input only when it gives nothing.
        if (count == 0 && inflater.needsInput()) {
          int more = (int) Math.min(input.length, compressed.byteSize() - read);
          if (more == 0) {
            throw refused("ends in the middle");
          }
          MemorySegment.copy(compressed, LittleEndian.BYTE, read, input, 0, more);
          MappedMemory.settle();
          inflater.setInput(input, 0, more);
          read += more;
        }
      }
    } catch (DataFormatException e) {
      throw new CheckpointException(
          source + ": member " + quote(member.name()) + " is not valid deflate data", e);
    }
    if (written != member.size() || (int) checksum.getValue() != member.crc()) {
      throw refused("does not inflate to the size and checksum that the directory gives");
    }
  }

  private CheckpointException refused(String what) {
    return new CheckpointException(source + ": member " + quote(member.name()) + " " + what);
  }
}
