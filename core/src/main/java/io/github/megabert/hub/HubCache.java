// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model's folder in the cache, as {@code huggingface_hub} lays it out:
 *
 * <pre>
 * models--ORGANIZATION--NAME/
 *   blobs/ETAG                 a content
 *   refs/REVISION              holds the revision's commit
 *   snapshots/COMMIT/FILE      a symbolic link to a blob
 * </pre>
 *
 * <p>Blobs and refs appear whole, by renaming. Where the file system has no symbolic links a
 * snapshot holds copies.
 */
final class HubCache {
  private static final long LOCK_PAUSE_MILLIS = 100;

  private final Path root;
  private final ModelName name;
  private final Path folder;
  private final Links links;

  /** Makes symbolic links; what throws has none. */
  @FunctionalInterface
  interface Links {
    void create(Path link, Path target) throws IOException;
  }

  /** Links of the file system. */
  static final Links SYMBOLIC = (link, target) -> Files.createSymbolicLink(link, target);

  HubCache(Path root, ModelName name, Links links) {
    this.root = root;
    this.name = name;
    this.links = links;
    folder = root.resolve(name.folder());
  }

  /** The folder of contents. */
  Path blobs() {
    return folder.resolve("blobs");
  }

  /** Where a content is, or will be. */
  Path blob(String etag) {
    return blobs().resolve(etag);
  }

  /** The folder of a commit. */
  Path snapshot(String commit) {
    return folder.resolve("snapshots").resolve(commit);
  }

  /** Whether a snapshot has a file, with its content. */
  boolean has(String commit, String file) {
    return Files.isRegularFile(snapshot(commit).resolve(file));
  }

  private Path ref(String revision) {
    return folder.resolve("refs").resolve(revision);
  }

  /** The commit of a revision, if it was fetched: the revision's own, or that of its name. */
  Optional<String> commit(String revision) throws IOException {
    if (RemoteName.isCommit(revision) && Files.isDirectory(snapshot(revision))) {
      return Optional.of(revision);
    }
    Path ref = ref(revision);
    if (!Files.isRegularFile(ref) || Files.size(ref) > 256) {
      return Optional.empty();
    }
    String commit = Files.readString(ref).strip();
    return RemoteName.isCommit(commit) && Files.isDirectory(snapshot(commit))
        ? Optional.of(commit)
        : Optional.empty();
  }

  /** Makes the folders. */
  void create() throws IOException {
    Files.createDirectories(blobs());
    Files.createDirectories(folder.resolve("refs"));
    Files.createDirectories(folder.resolve("snapshots"));
  }

  /** Gives a snapshot a file, whose content is there. */
  void link(String commit, RemoteFile file) throws IOException {
    Path link = snapshot(commit).resolve(file.path());
    Path blob = blob(file.etag());
    Path parent = link.getParent();
    Files.createDirectories(parent);
    if (Files.isSymbolicLink(link) || Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
      if (Files.isRegularFile(link) && isSame(link, blob)) {
        return;
      }
      Files.delete(link);
    }
    try {
      links.create(link, parent.relativize(blob));
    } catch (FileAlreadyExistsException e) {
      // Python makes the same snapshot at this moment.
      if (!Files.isRegularFile(link)) {
        throw e;
      }
    } catch (FileSystemException | UnsupportedOperationException e) {
      Path copy = link.resolveSibling(link.getFileName() + ".incomplete");
      Files.copy(blob, copy, StandardCopyOption.REPLACE_EXISTING);
      Files.move(copy, link, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static boolean isSame(Path link, Path blob) throws IOException {
    return Files.isSameFile(link, blob)
        || (!Files.isSymbolicLink(link) && Files.size(link) == Files.size(blob));
  }

  /** Notes the commit of a revision. */
  void note(String revision, String commit) throws IOException {
    if (revision.equals(commit)) {
      return;
    }
    Path ref = ref(revision);
    Files.createDirectories(ref.getParent());
    Path fresh = Files.createTempFile(ref.getParent(), ".ref", ".incomplete");
    try {
      Files.writeString(fresh, commit);
      Files.move(fresh, ref, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  /**
   * Waits until no other pull of this project fetches the model. Python's locks are of another
   * kind; beside Python nothing is shared but what is whole.
   */
  Lock lock() throws IOException {
    Path locks = root.resolve(".locks").resolve(name.folder());
    Files.createDirectories(locks);
    FileChannel channel =
        FileChannel.open(
            locks.resolve("megabert.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      while (true) {
        FileLock lock = tryLock(channel);
        if (lock != null) {
          return new Lock(channel);
        }
        Thread.sleep(LOCK_PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      channel.close();
      Thread.currentThread().interrupt();
      throw new HubException("interrupted while another pull of " + name + " goes on", e);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Another thread of this process has it.
      return null;
    }
  }

  /** Holds others off until it is closed. */
  record Lock(FileChannel channel) implements AutoCloseable {
    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
