// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tensor;

/**
 * Reads of memory that may be a mapped file, which somebody else may cut short at any moment.
 *
 * <p>A read behind the file's new end raises a signal of the system (SIGBUS). In Java code the JVM
 * turns it into an {@link InternalError}, but some instructions later: the read gives an undefined
 * number, and the error may only come when the method that read has returned. {@link #read} makes
 * it come in time, and gives it a name. In code that is not Java's the signal ends the process. So
 * mapped memory never reaches
 *
 * <ul>
 *   <li>native methods, such as {@link java.util.zip.Inflater}'s and {@link java.util.zip.CRC32}'s,
 *       nor system calls, which fail with "Bad address";
 *   <li>loads of the Vector API, for which the JVM of Java 25 has no such care;
 *   <li>a load of an {@code int} that is widened to a {@code long}: the JVM of Java 25 cannot step
 *       over the instruction that this becomes on x86-64, and ends.
 * </ul>
 *
 * They get a copy, made by {@link java.lang.foreign.MemorySegment#copy}.
 */
public final class MappedMemory {
  /** What the JVM says where the arena of a segment is closed. */
  private static final String CLOSED = "Already closed";

  /** Nobody's lock. */
  private static final Object NOBODYS = new Object();

  /** What reads. */
  @FunctionalInterface
  public interface Access<T, E extends Exception> {
    /** Reads. */
    T run() throws E;
  }

  private MappedMemory() {}

  /**
   * Runs what reads.
   *
   * @param source what messages call the file
   * @throws FileChangedException if it read where the file has no content any more
   * @throws IllegalStateException with a sentence that names the file, if it was closed meanwhile
   */
  public static <T, E extends Exception> T read(String source, Access<T, E> access) throws E {
    try {
      try {
        return access.run();
      } finally {
        settle();
      }
    } catch (InternalError error) {
      throw named(source, error);
    } catch (IllegalStateException failure) {
      throw named(source, failure);
    }
  }

  /**
   * Throws now, as an {@link InternalError}, what reads of this thread before have raised and the
   * JVM has not thrown yet. Costs some 20 ns.
   */
  public static void settle() {
    // Returning from a native method is when the JVM throws; this is the cheapest without effect.
    var _ = Thread.holdsLock(NOBODYS);
  }

  /**
   * The exception for one that a read raised: where the memory was closed, one that says so, and
   * else the same.
   */
  public static IllegalStateException named(String source, IllegalStateException failure) {
    return CLOSED.equals(failure.getMessage())
        ? new IllegalStateException(
            source + " was closed while it was read; keep it open until that has ended", failure)
        : failure;
  }

  /**
   * The exception for an error that a read raised.
   *
   * @throws InternalError the error itself, if it is of another kind
   */
  public static FileChangedException named(String source, InternalError error) {
    String message = error.getMessage();
    if (message == null || !message.contains("unsafe memory access")) {
      throw error;
    }
    return new FileChangedException(
        source
            + " was cut short while it was read, or its disk failed; open it again when it is"
            + " complete",
        error);
  }
}
