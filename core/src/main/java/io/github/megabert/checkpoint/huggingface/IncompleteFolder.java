// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.huggingface;

import io.github.megabert.checkpoint.CheckpointException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A folder being written, under a hidden name that says so, {@code .NAME.incomplete-RANDOM}; it
 * gets its own name when it is complete, and disappears when that never happens: by {@link #close},
 * or where the process is told to end (Ctrl-C) by a shutdown hook. What a killed process left is
 * removed when the next folder of that name is begun.
 *
 * <p>A file beside it, {@code .NAME.incomplete-RANDOM.lock}, tells a leftover from a folder that is
 * being written. It is made and locked before the folder, and unlocked and removed after the folder
 * has its own name, so nobody takes it for a leftover in between.
 */
public final class IncompleteFolder implements AutoCloseable {
  private static final String MARK = ".incomplete-";
  private static final String LOCK = ".lock";

  /** Names that are tried: that one is taken is next to impossible by chance. */
  private static final int ATTEMPTS = 8;

  /** How long a process that ends waits for the writer to stop between two tensors. */
  private static final long PATIENCE_MILLIS = 2_000;

  /**
   * What this process is writing. The system's locks do not hold between threads: closing any
   * channel of a file gives up the locks that the process has on it.
   */
  private static final Set<Path> MINE = ConcurrentHashMap.newKeySet();

  private final Path target;
  private final Path temporary;
  private final Path lockFile;
  private final FileChannel lock;
  private final Thread hook = new Thread(this::abandon, "megabert-remove-incomplete");
  private final CountDownLatch closed = new CountDownLatch(1);

  /** Guarded by this, as the moment of the move is. */
  private boolean abandoned;

  private boolean committed;

  private IncompleteFolder(Path target, Path temporary, Path lockFile, FileChannel lock) {
    this.target = target;
    this.temporary = temporary;
    this.lockFile = lockFile;
    this.lock = lock;
  }

  /**
   * Begins a folder.
   *
   * @throws CheckpointException if there is something already, a symbolic link included
   */
  public static IncompleteFolder create(Path named) throws IOException {
    Path absolute = named.toAbsolutePath().normalize();
    Path name = absolute.getFileName();
    Path parent = absolute.getParent();
    if (name == null || parent == null) {
      throw new CheckpointException(named + " cannot be written to; name a new folder");
    }
    requireFree(absolute, named);
    Files.createDirectories(parent);
    Path target = parent.toRealPath().resolve(name);
    if (!MINE.add(target)) {
      throw new CheckpointException(named + " is being written already; wait, or name another");
    }
    try {
      removeLeftovers(target);
      IncompleteFolder folder = begin(target);
      Runtime.getRuntime().addShutdownHook(folder.hook);
      return folder;
    } catch (IOException | RuntimeException failure) {
      MINE.remove(target);
      throw failure;
    }
  }

  /** Only an empty folder may be there. */
  private static void requireFree(Path target, Path named) throws IOException {
    if (Files.isSymbolicLink(target)) {
      throw new CheckpointException(
          named + " is a symbolic link; remove it, or name the folder itself");
    }
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS) && !isEmptyFolder(target)) {
      throw new CheckpointException(
          named + " already exists; name a new folder or remove it first");
    }
  }

  private static String prefix(Path target) {
    return "." + target.getFileName() + MARK;
  }

  private static IncompleteFolder begin(Path target) throws IOException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      String random = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
      Path temporary = target.resolveSibling(prefix(target) + random);
      Path lockFile = target.resolveSibling(prefix(target) + random + LOCK);
      FileChannel lock;
      try {
        lock =
            FileChannel.open(
                lockFile,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS);
      } catch (FileAlreadyExistsException taken) {
        continue;
      }
      // Another process may take the new file for a leftover until it is locked, and remove it.
      boolean begun = false;
      try {
        if (lock.tryLock() != null && Files.exists(lockFile)) {
          Files.createDirectory(temporary);
          begun = true;
          return new IncompleteFolder(target, temporary, lockFile, lock);
        }
      } finally {
        if (!begun) {
          lock.close();
          Files.deleteIfExists(lockFile);
        }
      }
    }
    throw new CheckpointException(target + " cannot be written; other processes write there");
  }

  /** Removes what processes left that were killed; what is still being written stays. */
  private static void removeLeftovers(Path target) throws IOException {
    String prefix = prefix(target);
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(
            target.getParent(),
            entry -> {
              String name = entry.getFileName().toString();
              return name.startsWith(prefix)
                  && name.substring(prefix.length()).matches("[0-9a-f]{16}\\.lock");
            })) {
      entries.forEach(found::add);
    }
    for (Path lockFile : found) {
      String name = lockFile.getFileName().toString();
      Path leftover = target.resolveSibling(name.substring(0, name.length() - LOCK.length()));
      try {
        if (removeLeftover(leftover, lockFile)) {
          log(System.Logger.Level.INFO, "removed {0}, which a killed conversion left", leftover);
        }
      } catch (IOException failure) {
        log(
            System.Logger.Level.WARNING,
            "{0}, which a killed conversion left, cannot be removed: {1}",
            leftover,
            failure);
      }
    }
  }

  private static void log(System.Logger.Level level, String message, Object... values) {
    System.getLogger(IncompleteFolder.class.getName()).log(level, message, values);
  }

  /** Removes a folder unless somebody has its lock; whether it was there to be removed. */
  private static boolean removeLeftover(Path leftover, Path lockFile) throws IOException {
    try (FileChannel lock =
        FileChannel.open(lockFile, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
      if (lock.tryLock() == null) {
        return false;
      }
      boolean found = Files.exists(leftover, LinkOption.NOFOLLOW_LINKS);
      delete(leftover);
      Files.deleteIfExists(lockFile);
      return found;
    } catch (NoSuchFileException gone) {
      return false;
    }
  }

  /** Where to write. */
  public Path path() {
    return temporary;
  }

  /**
   * Asks whether to go on; between two tensors is a good moment.
   *
   * @throws UncheckedIOException if the process is about to end
   */
  public synchronized void requireWanted() {
    if (abandoned) {
      throw new UncheckedIOException(
          new CheckpointException("interrupted; " + target + " was not written"));
    }
  }

  /**
   * Gives the complete folder its name.
   *
   * @throws CheckpointException if somebody else has written one of that name meanwhile
   */
  public synchronized void commit() throws IOException {
    requireWanted();
    requireFree(target, target);
    try {
      move();
    } catch (FileSystemException failure) {
      requireFree(target, target);
      throw failure;
    }
    committed = true;
  }

  /** Where the system can, in one step that fails if there is a folder that is not empty. */
  private void move() throws IOException {
    try {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException failure) {
      if (!isEmptyFolder(target)) {
        throw failure;
      }
      Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Removes what was not committed. */
  @Override
  public void close() throws IOException {
    try {
      delete(temporary);
      lock.close();
      Files.deleteIfExists(lockFile);
    } finally {
      lock.close();
      MINE.remove(target);
      closed.countDown();
      forgetHook();
    }
  }

  private void forgetHook() {
    synchronized (this) {
      if (abandoned) {
        return;
      }
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException ending) {
      // The hook runs already, and finds nothing to do.
    }
  }

  /** The process ends: the writer is asked to stop, and what it does not remove is removed here. */
  private void abandon() {
    synchronized (this) {
      if (!committed) {
        abandoned = true;
      }
    }
    try {
      if (!closed.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
        delete(temporary);
        Files.deleteIfExists(lockFile);
      }
    } catch (IOException | InterruptedException leftForTheNextConversion) {
      // It does not look whole, and the next conversion removes it.
    }
  }

  private static boolean isEmptyFolder(Path path) throws IOException {
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (Stream<Path> entries = Files.list(path)) {
      return entries.findAny().isEmpty();
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> walk = Files.walk(folder)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.deleteIfExists(path);
    }
  }
}
