// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.helidon.common.buffers.DataReader;
import io.helidon.webserver.CloseConnectionException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a client sends, with a limit of time for each part of a request. It is read by a thread of
 * its own, so that the end of the connection is seen while a request is computed; bytes that come
 * then are kept for the next one.
 *
 * <p>Used by the connection's thread alone.
 */
final class ClientInput implements Supplier<byte @Nullable []> {
  /** How long a connection may say nothing between requests. */
  private static final Duration IDLE = Duration.ofSeconds(75);

  private final DataReader first;
  private final Supplier<byte[]> socket;
  private final Duration part;
  private @Nullable CompletableFuture<byte @Nullable []> pending;
  private boolean betweenRequests = true;
  private boolean ended;
  private long end;

  /**
   * @param first what has been read of the connection already
   * @param socket reads more of it, and waits for that; null at the end
   * @param part how long the first line and the headers of a request, or its body, may take to come
   */
  ClientInput(DataReader first, Supplier<byte[]> socket, Duration part) {
    this.first = first;
    this.socket = socket;
    this.part = part;
    end = System.nanoTime() + part.toNanos();
  }

  /** From now on the client has its time to send the next part of its request. */
  void expectPart() {
    expectWithin(part);
  }

  /** From now on the client has so long to send a part of its request. */
  void expectWithin(Duration time) {
    betweenRequests = false;
    end = System.nanoTime() + time.toNanos();
  }

  /**
   * The request is answered.
   *
   * @param isLast whether the connection ends with it, as one of the two said: Helidon says so too,
   *     and waits for the client to close it
   */
  void expectNext(boolean isLast) {
    ended = isLast;
    betweenRequests = true;
    end = System.nanoTime() + IDLE.toNanos();
  }

  /** Whether the connection has ended, as far as is known; begins to read ahead. */
  boolean hasEnded() {
    CompletableFuture<byte @Nullable []> read = readAhead();
    return read.isCompletedExceptionally() || (read.isDone() && read.getNow(null) == null);
  }

  private CompletableFuture<byte @Nullable []> readAhead() {
    CompletableFuture<byte @Nullable []> read = pending;
    if (read == null) {
      CompletableFuture<byte @Nullable []> begun = new CompletableFuture<>();
      Thread.ofVirtual()
          .name("megabert-client-input")
          .start(
              () -> {
                try {
                  begun.complete(socket.get());
                } catch (RuntimeException | Error failure) {
                  begun.completeExceptionally(failure);
                }
              });
      pending = begun;
      read = begun;
    }
    return read;
  }

  /**
   * The next bytes; null at the end.
   *
   * @throws SlowClientException if they do not come in time
   * @throws CloseConnectionException if the connection fails, or the server stops
   */
  @Override
  public byte @Nullable [] get() {
    if (ended) {
      return null;
    }
    if (first.available() > 0) {
      return first.readBytes(first.available());
    }
    CompletableFuture<byte @Nullable []> read = readAhead();
    try {
      byte[] bytes = read.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
      if (bytes != null) {
        pending = null;
        if (betweenRequests) {
          expectPart();
        }
      }
      return bytes;
    } catch (TimeoutException late) {
      throw new SlowClientException(late);
    } catch (ExecutionException failure) {
      throw new CloseConnectionException("the connection failed", failure.getCause());
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new CloseConnectionException("the server stops", stop);
    }
  }

  /** A client did not send what it began; nobody is told who waits for nothing. */
  static final class SlowClientException extends CloseConnectionException {
    private static final long serialVersionUID = 1;

    SlowClientException(Throwable cause) {
      super("the client is too slow", cause);
    }
  }
}
