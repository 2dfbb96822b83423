// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.file;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A file that appears under its name when it is complete, and not before.
 *
 * <ul>
 *   <li>The content is written to a new file beside the target, {@code .NAME.RANDOM.incomplete},
 *       which nobody else can have made (a link least of all), and {@link #commit} renames it. Of
 *       two writers of one name the later one wins, whole.
 *   <li>A file that is replaced keeps its permissions.
 *   <li>Where the target is a symbolic link, the file that it points to is replaced and the link
 *       stays; a link that points to nothing is refused.
 *   <li>A device or a pipe is written, not replaced: with the whole content at {@link #commit}.
 *   <li>Without a commit nothing remains: {@link #close} removes what was written, and so does a
 *       shutdown hook where the process is told to end.
 * </ul>
 *
 * <p>Every {@link IOException} names the target. Not thread-safe.
 */
public final class OutputFile implements AutoCloseable {
  /** Names that are tried: that one is taken is next to impossible by chance. */
  private static final int ATTEMPTS = 8;

  private static final int COPY_BYTES = 1 << 20;

  /** As the caller names it, for messages. */
  private final Path named;

  /** What is replaced or written. */
  private final Path target;

  private final boolean stream;
  private final Path temporary;
  private final FileChannel channel;
  private final Thread hook = new Thread(this::abandon, "megabert-remove-incomplete");

  /** Guarded by this: at the end of the process another thread closes. */
  private boolean ended;

  private OutputFile(Path named, Path target, boolean stream, Path temporary, FileChannel channel) {
    this.named = named;
    this.target = target;
    this.stream = stream;
    this.temporary = temporary;
    this.channel = channel;
  }

  /**
   * Begins a file.
   *
   * @throws IOException if the target is a folder, lies in none, or may not be written
   */
  public static OutputFile create(Path named) throws IOException {
    Path target = resolve(named);
    boolean stream = isStream(named, target);
    Path folder =
        stream
            ? Path.of(System.getProperty("java.io.tmpdir"))
            : target.toAbsolutePath().getParent();
    if (folder == null || target.getFileName() == null || !Files.isDirectory(folder)) {
      throw new IOException(
          named + " cannot be written: there is no folder " + folder + "; make it first");
    }
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      String random = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
      Path temporary = folder.resolve("." + target.getFileName() + "." + random + ".incomplete");
      try {
        FileChannel channel =
            FileChannel.open(
                temporary,
                Set.of(
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    LinkOption.NOFOLLOW_LINKS),
                permissions(target, stream));
        OutputFile file = new OutputFile(named, target, stream, temporary, channel);
        Runtime.getRuntime().addShutdownHook(file.hook);
        file.keepPermissions();
        return file;
      } catch (FileAlreadyExistsException taken) {
        // Another one, then.
      } catch (IOException failure) {
        throw named(named, failure);
      }
    }
    throw new IOException(named + " cannot be written: every temporary name beside it is taken");
  }

  /** The file behind links; refuses what cannot be written as a file. */
  private static Path resolve(Path named) throws IOException {
    if (Files.isSymbolicLink(named)) {
      if (!Files.exists(named)) {
        throw new IOException(
            named
                + " is a symbolic link to "
                + Files.readSymbolicLink(named)
                + ", which is not there; remove the link, or name another file");
      }
      if (Files.isRegularFile(named)) {
        return named.toRealPath();
      }
    }
    if (Files.isDirectory(named)) {
      throw new IOException(named + " is a folder; name a file");
    }
    if (Files.exists(named) && !Files.isWritable(named)) {
      throw new IOException(named + " cannot be written: it is write-protected");
    }
    return named;
  }

  /** Devices and pipes, and what the system shows of open files: none can be replaced. */
  private static boolean isStream(Path named, Path target) {
    Path absolute = named.toAbsolutePath().normalize();
    return absolute.startsWith("/dev/fd")
        || absolute.startsWith("/dev/stdout")
        || absolute.startsWith("/dev/stderr")
        || absolute.startsWith("/proc")
        || (Files.exists(target) && !Files.isRegularFile(target));
  }

  /** Nobody may read for a moment what nobody may read in the end. */
  private static FileAttribute<?>[] permissions(Path target, boolean stream) throws IOException {
    if (!stream && Files.exists(target) && hasPermissions(target)) {
      return new FileAttribute<?>[] {
        PosixFilePermissions.asFileAttribute(Files.getPosixFilePermissions(target))
      };
    }
    return stream && hasPermissions(target)
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }

  private static boolean hasPermissions(Path file) {
    return Files.getFileAttributeView(file, PosixFileAttributeView.class) != null;
  }

  /** The mask of the process may have taken some away. */
  private void keepPermissions() throws IOException {
    if (!stream && Files.exists(target) && hasPermissions(target)) {
      Files.setPosixFilePermissions(temporary, Files.getPosixFilePermissions(target));
    }
  }

  /** Writes bytes at a place of the file. */
  public void write(ByteBuffer bytes, long position) throws IOException {
    try {
      ChannelBytes.write(channel, bytes, position);
    } catch (IOException failure) {
      throw named(named, failure);
    }
  }

  /** Writes bytes at a place of the file. */
  public void write(MemorySegment bytes, long position) throws IOException {
    try {
      ChannelBytes.write(channel, bytes, position);
    } catch (IOException failure) {
      throw named(named, failure);
    }
  }

  /** Puts the complete content in its place. */
  public void commit() throws IOException {
    try {
      if (stream) {
        copy();
      } else {
        channel.close();
        move();
      }
    } catch (IOException failure) {
      throw named(named, failure);
    }
    close();
  }

  private void move() throws IOException {
    synchronized (this) {
      if (ended) {
        throw new IOException("the process ends");
      }
      try {
        Files.move(
            temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (AtomicMoveNotSupportedException e) {
        Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private void copy() throws IOException {
    channel.position(0);
    try (OutputStream out = Files.newOutputStream(target, StandardOpenOption.WRITE)) {
      byte[] bytes = new byte[COPY_BYTES];
      var in = Channels.newInputStream(channel);
      for (int count = in.read(bytes); count > 0; count = in.read(bytes)) {
        out.write(bytes, 0, count);
      }
    }
  }

  /** A failure with the target's name, which the temporary file's would not tell anybody. */
  private static IOException named(Path named, IOException failure) {
    String reason =
        failure instanceof FileSystemException file ? file.getReason() : failure.getMessage();
    return new IOException(named + " cannot be written: " + reason(failure, reason), failure);
  }

  private static String reason(IOException failure, @Nullable String reason) {
    if (failure instanceof AccessDeniedException) {
      return "its folder may not be written";
    }
    return reason == null || reason.isBlank() ? failure.getClass().getSimpleName() : reason;
  }

  /** Removes what was not committed. Closing twice is harmless. */
  @Override
  public void close() throws IOException {
    synchronized (this) {
      if (ended) {
        return;
      }
      ended = true;
      channel.close();
      Files.deleteIfExists(temporary);
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException ending) {
      // The hook runs already, and finds nothing to do.
    }
  }

  private void abandon() {
    synchronized (this) {
      if (ended) {
        return;
      }
      ended = true;
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException leftBehind) {
        // Its name says what it is.
      }
    }
  }
}
