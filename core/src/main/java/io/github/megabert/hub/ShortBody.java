// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** A body that is kept in memory, up to a length; what is longer is cut, or refused. */
final class ShortBody implements HttpResponse.BodySubscriber<byte[]> {
  private final int most;
  private final boolean isCut;
  private final Activity activity;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final CompletableFuture<byte[]> result = new CompletableFuture<>();
  private Flow.@Nullable Subscription subscription;

  /**
   * A body of at most so many bytes.
   *
   * @param isCut whether a longer one ends there, rather than being refused
   */
  ShortBody(int most, boolean isCut, Activity activity) {
    this.most = most;
    this.isCut = isCut;
    this.activity = activity;
  }

  @Override
  public CompletionStage<byte[]> getBody() {
    return result;
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    given.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    activity.touch();
    Flow.Subscription from = subscription;
    for (ByteBuffer buffer : buffers) {
      byte[] part = new byte[Math.min(buffer.remaining(), most - bytes.size())];
      boolean isLonger = part.length < buffer.remaining();
      buffer.get(part);
      bytes.writeBytes(part);
      if (isLonger && from != null) {
        from.cancel();
        if (isCut) {
          result.complete(bytes.toByteArray());
        } else {
          result.completeExceptionally(
              new HubException("the hub's answer is longer than " + most + " bytes"));
        }
        return;
      }
    }
    if (from != null) {
      from.request(1);
    }
  }

  @Override
  public void onError(Throwable failure) {
    result.completeExceptionally(
        failure instanceof IOException ? failure : new IOException(failure));
  }

  @Override
  public void onComplete() {
    result.complete(bytes.toByteArray());
  }
}
