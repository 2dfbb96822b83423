package io.github.megabert.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder being written, under a name that says so; it gets its own name when it is complete, and
 * disappears when that never happens.
 */
final class IncompleteFolder implements AutoCloseable {
  private final Path target;
  private final Path temporary;

  private IncompleteFolder(Path target, Path temporary) {
    this.target = target;
    this.temporary = temporary;
  }

  /**
   * Begins a folder.
   *
   * @throws CheckpointException if there is something already
   */
  static IncompleteFolder create(Path target) throws IOException {
    Path absolute = target.toAbsolutePath().normalize();
    if (Files.exists(absolute) && !isEmptyFolder(absolute)) {
      throw new CheckpointException(
          target + " already exists; name a new folder or remove it first");
    }
    Path parent = absolute.getParent();
    if (parent == null) {
      throw new CheckpointException(target + " cannot be written to; name a new folder");
    }
    Files.createDirectories(parent);
    Path temporary =
        parent.resolve(
            "." + absolute.getFileName() + ".incomplete-" + ProcessHandle.current().pid());
    delete(temporary);
    return new IncompleteFolder(absolute, Files.createDirectory(temporary));
  }

  /** Where to write. */
  Path path() {
    return temporary;
  }

  /** Gives the complete folder its name. */
  void commit() throws IOException {
    Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Removes what was not committed. */
  @Override
  public void close() throws IOException {
    delete(temporary);
  }

  private static boolean isEmptyFolder(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return false;
    }
    try (Stream<Path> entries = Files.list(path)) {
      return entries.findAny().isEmpty();
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> walk = Files.walk(folder)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }
}
