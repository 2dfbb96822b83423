// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/**
 * Reads the bodies of requests: each bounded in length and time, and all that are held at once
 * bounded by the heap, however many clients there are.
 */
final class BodyReader {
  private static final int STEP = 16 << 10;

  /** Bytes of heap that a byte of a body may take until its request is answered. */
  private static final int HEAP_A_BYTE = 32;

  /** How much of a body that is refused is read, so that its client comes to read the answer. */
  private static final int REST = 16 << 20;

  private static final Duration REST_TIME = Duration.ofSeconds(2);

  private final int mostBytes;
  private final Semaphore steps;

  BodyReader(int mostBytes) {
    long heap = Runtime.getRuntime().maxMemory() / HEAP_A_BYTE;
    this(mostBytes, new Semaphore(Math.clamp(Math.max(heap, mostBytes) / STEP + 1, 1, 1 << 30)));
  }

  /**
   * @param steps of 16 KiB each that all bodies may take together
   */
  BodyReader(int mostBytes, Semaphore steps) {
    this.mostBytes = mostBytes;
    this.steps = steps;
  }

  /** A body in memory, which has to be given back. */
  final class Body implements AutoCloseable {
    private byte[] bytes = new byte[0];
    private int taken;

    byte[] bytes() {
      return bytes;
    }

    private void take() {
      if (!steps.tryAcquire()) {
        throw RequestFailure.overloaded("the requests that are here fill the memory");
      }
      taken++;
    }

    private void read(InputStream in) throws IOException {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      byte[] step = new byte[STEP];
      for (int n = in.read(step); n >= 0; n = in.read(step)) {
        if (n > mostBytes - all.size()) {
          throw tooLarge("more than " + all.size());
        }
        while ((long) taken * STEP < all.size() + n) {
          take();
        }
        all.write(step, 0, n);
      }
      bytes = all.toByteArray();
    }

    @Override
    public void close() {
      steps.release(taken);
      taken = 0;
      bytes = new byte[0];
    }
  }

  /**
   * Reads a body; one that is refused is read to its end as well, unless that is far.
   *
   * @param declared its length as the request says, or −1
   * @throws RequestFailure if it is too long, too slow or does not fit into memory beside others
   */
  Body read(InputStream in, long declared) throws IOException {
    Body body = new Body();
    try {
      if (declared > mostBytes) {
        throw tooLarge(Long.toString(declared));
      }
      body.read(in);
      return body;
    } catch (RequestFailure refused) {
      body.close();
      skip(in);
      throw refused;
    } catch (IOException | RuntimeException failure) {
      body.close();
      throw failure;
    }
  }

  private RequestFailure tooLarge(String size) {
    return RequestFailure.tooLarge(
        "the body has " + size + " bytes; at most " + mostBytes + " are read");
  }

  /** Reads on, for a while, what will not be used. */
  static void skip(InputStream in) {
    ClientConnection.input().expectWithin(REST_TIME);
    byte[] step = new byte[STEP];
    long left = REST;
    try {
      for (int n = in.read(step); n >= 0 && left > 0; n = in.read(step)) {
        left -= n;
      }
    } catch (IOException | RuntimeException ignored) {
      // The connection is closed in any case.
    }
  }
}
