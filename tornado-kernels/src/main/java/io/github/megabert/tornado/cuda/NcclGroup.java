// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.cuda;

import io.github.megabert.parallel.Communicator;
import java.util.List;

/**
 * A group of ranks, each with a GPU of its own, whose numbers go from GPU to GPU.
 *
 * <p>TornadoVM computes in a CUDA context that it makes; NCCL computes in the primary one of the
 * device, and refuses a stream of any other. Memory is the same for both. So a group has a stream
 * of its own in the primary context, on which nothing starts before the caller has waited for what
 * wrote the numbers, and from which the caller goes on when they are there. Stream and context stay
 * to the process's end.
 *
 * <p>NCCL adds in an order of its own: every rank gets the same bits, but not those that {@link
 * Communicator} gives.
 */
public final class NcclGroup implements AutoCloseable {
  private final CudaDriver driver;
  private final Nccl nccl;
  private final Communicator group;
  private final long context;
  private final long primary;
  private final long stream;
  private final long handle;
  private boolean closed;

  private NcclGroup(CudaDriver driver, Nccl nccl, long context, Communicator group) {
    this.driver = driver;
    this.nccl = nccl;
    this.context = context;
    this.group = group;
    primary = driver.primaryContext();
    driver.enter(primary);
    stream = driver.newStream();
    byte[] id = group.rank() == 0 ? nccl.newId() : new byte[0];
    handle = nccl.join(group.broadcastBytes(id, 0), group.size(), group.rank());
  }

  /**
   * Joins a group on the device of a context; all its ranks do.
   *
   * @param context TornadoVM's, which is the thread's again afterwards
   */
  public static NcclGroup join(CudaDriver driver, Nccl nccl, long context, Communicator group) {
    driver.enter(context);
    try {
      return new NcclGroup(driver, nccl, context, group);
    } finally {
      driver.enter(context);
    }
  }

  /**
   * Exchanges numbers, and waits for it. A rank that has failed before it begins is noticed by all
   * others; one that fails in it leaves them waiting for the launcher to end them. The thread's
   * context is TornadoVM's again afterwards.
   */
  public void exchange(List<Nccl.Step> steps) {
    group.barrier();
    driver.enter(primary);
    try {
      nccl.start(handle, group.rank(), steps, stream);
      driver.await(stream);
    } finally {
      driver.enter(context);
    }
  }

  /** Leaves the group; the other ranks can use it no longer. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      driver.enter(primary);
      try {
        nccl.leave(handle);
      } finally {
        driver.enter(context);
      }
    }
  }
}
