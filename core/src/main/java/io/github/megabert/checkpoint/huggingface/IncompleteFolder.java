package io.github.megabert.checkpoint.huggingface;

import io.github.megabert.checkpoint.CheckpointException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder being written, under a hidden name that says so, {@code .NAME.incomplete-PID}; it gets
 * its own name when it is complete, and disappears when that never happens: by {@link #close}, or
 * where the process is told to end (Ctrl-C) by a shutdown hook. What a killed process left is
 * removed when the next folder of that name is begun.
 */
public final class IncompleteFolder implements AutoCloseable {
  private static final String MARK = ".incomplete-";

  /** Locked as long as its folder is being written, so that a leftover can be told from it. */
  private static final String LOCK = ".lock";

  /** How long a process that ends waits for the writer to stop between two tensors. */
  private static final long PATIENCE_MILLIS = 2_000;

  private final Path target;
  private final Path temporary;
  private final FileChannel lock;
  private final Thread hook = new Thread(this::abandon, "megabert-remove-incomplete");
  private final CountDownLatch closed = new CountDownLatch(1);

  /** Guarded by this, as the moment of the move is. */
  private boolean abandoned;

  private boolean committed;

  private IncompleteFolder(Path target, Path temporary, FileChannel lock) {
    this.target = target;
    this.temporary = temporary;
    this.lock = lock;
  }

  /**
   * Begins a folder.
   *
   * @throws CheckpointException if there is something already
   */
  public static IncompleteFolder create(Path target) throws IOException {
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
    String prefix = "." + absolute.getFileName() + MARK;
    removeLeftovers(parent, prefix);
    Path temporary = parent.resolve(prefix + ProcessHandle.current().pid());
    if (Files.exists(temporary)) {
      throw new CheckpointException(target + " is being written already; wait, or name another");
    }
    Files.createDirectory(temporary);
    FileChannel lock = lock(temporary);
    if (lock == null) {
      throw new CheckpointException(target + " is being written already; wait, or name another");
    }
    IncompleteFolder folder = new IncompleteFolder(absolute, temporary, lock);
    Runtime.getRuntime().addShutdownHook(folder.hook);
    return folder;
  }

  /** Removes what processes left that were killed; what is still being written stays. */
  private static void removeLeftovers(Path parent, String prefix) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(
            parent,
            entry -> {
              String name = entry.getFileName().toString();
              return name.startsWith(prefix) && name.substring(prefix.length()).matches("\\d+");
            })) {
      entries.forEach(found::add);
    }
    System.Logger log = System.getLogger(IncompleteFolder.class.getName());
    for (Path leftover : found) {
      try {
        FileChannel lock = lock(leftover);
        if (lock != null) {
          lock.close();
          delete(leftover);
          log.log(
              System.Logger.Level.INFO,
              "removed {0}, which a conversion left that was killed",
              leftover);
        }
      } catch (IOException failure) {
        log.log(
            System.Logger.Level.WARNING,
            "{0}, which a conversion left that was killed, cannot be removed: {1}",
            leftover,
            failure);
      }
    }
  }

  /** Locks a folder; null if somebody else has. */
  private static @Nullable FileChannel lock(Path folder) throws IOException {
    FileChannel channel;
    try {
      channel =
          FileChannel.open(
              folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (NoSuchFileException gone) {
      return null;
    }
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return channel;
      }
    } catch (OverlappingFileLockException mine) {
      // Another thread of this process writes it.
    } catch (IOException | RuntimeException failure) {
      channel.close();
      throw failure;
    }
    channel.close();
    return null;
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

  /** Gives the complete folder its name. */
  public synchronized void commit() throws IOException {
    requireWanted();
    lock.close();
    Files.delete(temporary.resolve(LOCK));
    Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
    committed = true;
  }

  /** Removes what was not committed. */
  @Override
  public void close() throws IOException {
    try {
      lock.close();
      delete(temporary);
    } finally {
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
      if (committed) {
        return;
      }
      abandoned = true;
    }
    try {
      if (!closed.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
        delete(temporary);
      }
    } catch (IOException | InterruptedException leftForTheNextConversion) {
      // It does not look whole, and the next conversion removes it.
    }
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
      Files.deleteIfExists(path);
    }
  }
}
