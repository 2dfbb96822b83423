// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import io.github.megabert.checkpoint.file.ChannelBytes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A zip member as mapped memory: in place if it is stored, else through a temporary file. */
final class UnpackedMember {
  private UnpackedMember() {}

  /** Maps the content until {@code arena} is closed; no file remains. */
  static MemorySegment map(ZipArchive zip, ZipArchive.Member member, Arena arena)
      throws IOException {
    if (zip.isStored(member)) {
      return zip.stored(member);
    }
    Path file = Files.createTempFile("megabert-", ".pt");
    // Deleted when closed, or at once where an open file may be: the map outlives the name.
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE)) {
      zip.inflate(member, (chunk, at) -> ChannelBytes.write(channel, chunk, at));
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }
}
