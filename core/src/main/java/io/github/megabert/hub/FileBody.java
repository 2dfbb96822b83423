// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A body that is written to a file as it comes, behind what is there. No more is written than was
 * announced; what came before a connection broke stays.
 */
final class FileBody implements HttpResponse.BodySubscriber<byte[]> {
  private static final byte[] NOTHING = {};

  private final Path file;
  private final long from;
  private final long most;
  private final Activity activity;
  private final LongConsumer written;
  private final CompletableFuture<byte[]> result = new CompletableFuture<>();
  private @Nullable FileChannel channel;
  private Flow.@Nullable Subscription subscription;
  private long size;

  /**
   * A body that goes into a file.
   *
   * @param from how much of the file stays
   * @param most length of the file at most
   * @param written is told of every part's length
   */
  FileBody(Path file, long from, long most, Activity activity, LongConsumer written) {
    this.file = file;
    this.from = from;
    this.most = most;
    this.activity = activity;
    this.written = written;
  }

  @Override
  public CompletionStage<byte[]> getBody() {
    return result;
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    try {
      FileChannel opened =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      channel = opened;
      opened.truncate(from).position(from);
      size = from;
    } catch (IOException e) {
      given.cancel();
      fail(unwritable(e));
      return;
    }
    given.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    activity.touch();
    FileChannel to = channel;
    Flow.Subscription source = subscription;
    if (to == null || source == null) {
      return;
    }
    try {
      for (ByteBuffer buffer : buffers) {
        int length = buffer.remaining();
        if (length > most - size) {
          source.cancel();
          fail(
              new HubException(
                  file.getFileName()
                      + ": the hub sends more than the "
                      + most
                      + " bytes that were announced; nothing of it is used"));
          return;
        }
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
        size += length;
        written.accept(length);
      }
    } catch (IOException e) {
      source.cancel();
      fail(unwritable(e));
      return;
    }
    source.request(1);
  }

  private HubException unwritable(IOException e) {
    return new HubException(file + " cannot be written: " + e.getMessage(), e);
  }

  private void fail(IOException failure) {
    close();
    result.completeExceptionally(failure);
  }

  @Override
  public void onError(Throwable failure) {
    fail(failure instanceof IOException known ? known : new IOException(failure));
  }

  @Override
  public void onComplete() {
    close();
    result.complete(NOTHING);
  }

  private void close() {
    FileChannel opened = channel;
    channel = null;
    if (opened != null) {
      try {
        opened.close();
      } catch (IOException e) {
        result.completeExceptionally(unwritable(e));
      }
    }
  }
}
