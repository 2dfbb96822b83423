// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.terminal;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.parallel.Communicator;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The rank that a thread works as, where several run one command: each runs all of it, but only the
 * first prints and writes, and what it reads from standard input is every rank's.
 */
public final class RankScope {
  private static final ScopedValue<RankScope> CURRENT = ScopedValue.newInstance();

  private final Communicator world;
  private final int threads;
  private final int device;
  private final boolean isProcess;

  /**
   * @param threads of computation that this rank has
   * @param device index of the GPU that it has: ranks before it on its host
   * @param isProcess whether it has a process of its own
   */
  public RankScope(Communicator world, int threads, int device, boolean isProcess) {
    this.world = world;
    this.threads = threads;
    this.device = device;
    this.isProcess = isProcess;
  }

  /** Works as this rank. */
  public int call(ScopedValue.CallableOp<Integer, Exception> work) throws Exception {
    return ScopedValue.where(CURRENT, this).call(work);
  }

  private static @Nullable RankScope current() {
    return CURRENT.isBound() ? CURRENT.get() : null;
  }

  /** All ranks; null where the command runs alone. */
  public static @Nullable Communicator world() {
    RankScope scope = current();
    return scope == null ? null : scope.world;
  }

  /** Whether this rank prints and writes; so does a command that runs alone. */
  public static boolean isFirst() {
    Communicator world = world();
    return world == null || world.rank() == 0;
  }

  /** Whether {@code mpirun} has started this rank. */
  public static boolean isProcess() {
    RankScope scope = current();
    return scope != null && scope.isProcess;
  }

  /** Threads of computation where nothing is asked for. */
  public static int threads() {
    RankScope scope = current();
    return scope == null ? BackendOptions.DEFAULT.threads() : scope.threads;
  }

  /** Index of the GPU where none is asked for. */
  public static int device() {
    RankScope scope = current();
    return scope == null ? 0 : scope.device;
  }

  /** Standard input: that of the first rank, on each. */
  public static InputStream input() {
    Communicator world = world();
    return world == null ? System.in : new SharedInput(world);
  }

  /** What the first rank reads, sent to all, which read alike. */
  private static final class SharedInput extends InputStream {
    private final Communicator world;

    SharedInput(Communicator world) {
      this.world = world;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      byte[] got = new byte[0];
      if (world.rank() == 0) {
        int count = System.in.read(bytes, offset, length);
        got = count <= 0 ? got : Arrays.copyOfRange(bytes, offset, offset + count);
      }
      got = world.broadcastBytes(got, 0);
      System.arraycopy(got, 0, bytes, offset, got.length);
      return got.length == 0 && length > 0 ? -1 : got.length;
    }
  }
}
