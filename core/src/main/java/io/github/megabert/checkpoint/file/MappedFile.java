// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.file;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.input.InputFile;
import io.github.megabert.input.Quote;
import io.github.megabert.input.UnreadableFileException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Read-only memory maps of whole files. */
public final class MappedFile {
  private MappedFile() {}

  /**
   * The content of a file, mapped until {@code arena} is closed.
   *
   * @throws CheckpointException if there is no such file, or it cannot be mapped
   */
  public static MemorySegment map(Path file, Arena arena) throws IOException {
    try (FileChannel channel = InputFile.channel(file)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    } catch (UnreadableFileException e) {
      throw new CheckpointException(e.getMessage(), e);
    } catch (IOException e) {
      throw new CheckpointException(
          file
              + " cannot be mapped into memory: "
              + Quote.escape(String.valueOf(e.getMessage()))
              + "; is there address space left, and is the file on a file system that can?",
          e);
    }
  }
}
