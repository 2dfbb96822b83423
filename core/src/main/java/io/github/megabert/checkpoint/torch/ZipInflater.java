package io.github.megabert.checkpoint.torch;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Inflates one member of a zip archive, piece by piece, and believes neither its claimed size nor
 * its content: more bytes than claimed, fewer, or a wrong checksum are refused, and so is a bomb.
 */
final class ZipInflater {
  private static final int CHUNK = 1 << 20;

  /** Weights hardly compress; small files may be all zeros. */
  private static final long HARMLESS_SIZE = 64L << 20;

  private static final long HIGHEST_RATIO = 100;

  /** Takes the next piece of the content and where it belongs. */
  interface Sink {
    void accept(MemorySegment chunk, long at) throws IOException;
  }

  private final String source;
  private final ZipArchive.Member member;

  ZipInflater(String source, ZipArchive.Member member) throws CheckpointException {
    this.source = source;
    this.member = member;
    if (member.size() > HARMLESS_SIZE && member.size() / HIGHEST_RATIO > member.compressedSize()) {
      throw refused(
          "claims to inflate from "
              + member.compressedSize()
              + " to "
              + member.size()
              + " bytes, as no weights do");
    }
  }

  void inflate(MemorySegment compressed, Sink sink) throws IOException {
    CRC32 checksum = new CRC32();
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK);
    long written = 0;
    long read = 0;
    try (Inflater inflater = new Inflater(true)) {
      while (!inflater.finished()) {
        if (inflater.needsInput()) {
          long count = Math.min(CHUNK, compressed.byteSize() - read);
          if (count == 0) {
            throw refused("ends in the middle");
          }
          inflater.setInput(compressed.asSlice(read, count).asByteBuffer());
          read += count;
        }
        chunk.clear();
        inflater.inflate(chunk);
        chunk.flip();
        if (chunk.remaining() > member.size() - written) {
          throw refused("inflates to more than the " + member.size() + " bytes it claims");
        }
        if (inflater.needsDictionary()) {
          throw refused("needs a dictionary, which zip does not have");
        }
        checksum.update(chunk.duplicate());
        sink.accept(MemorySegment.ofBuffer(chunk), written);
        written += chunk.remaining();
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
