package io.github.megabert.checkpoint.file;

import io.github.megabert.checkpoint.CheckpointException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Read-only memory maps of whole files. */
public final class MappedFile {
  private MappedFile() {}

  /**
   * The content of a file, mapped until {@code arena} is closed.
   *
   * @throws CheckpointException if there is no such file
   */
  public static MemorySegment map(Path file, Arena arena) throws IOException {
    if (Files.isDirectory(file)) {
      throw new CheckpointException(file + " is a folder where a file was expected");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    } catch (NoSuchFileException e) {
      throw new CheckpointException("there is no file " + file, e);
    }
  }
}
