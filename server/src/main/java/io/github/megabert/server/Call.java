// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A request on its way: until when it may take, and what it took so far. */
final class Call {
  private final ClientInput input;
  private final Limits limits;
  private final long start = System.nanoTime();
  private final AtomicLong tokens = new AtomicLong();
  private final AtomicLong waited = new AtomicLong();
  private final AtomicLong computed = new AtomicLong();
  private boolean bodyOpened;
  private int texts;
  private @Nullable String model;

  Call(ClientInput input, Limits limits) {
    this.input = input;
    this.limits = limits;
  }

  Limits limits() {
    return limits;
  }

  /** Since its arrival. */
  Duration age() {
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /**
   * What is left until the deadline.
   *
   * @throws RequestFailure if that is nothing
   */
  Duration left() {
    Duration left = limits.deadline().minus(age());
    if (!left.isPositive()) {
      throw late();
    }
    return left;
  }

  /** What a request is told that had no answer at its deadline. */
  RequestFailure late() {
    return new RequestFailure(
        RequestFailure.Kind.UNAVAILABLE,
        "there was no answer within " + Limits.text(limits.deadline()) + "; send fewer texts");
  }

  /**
   * Checks that somebody still waits for the answer.
   *
   * @throws RequestFailure if the client has hung up, or the deadline has passed
   */
  void requireWanted() {
    left();
    if (input.hasEnded()) {
      throw new RequestFailure(RequestFailure.Kind.GONE, "the client has hung up");
    }
  }

  /** Notes that the body is being read, which can begin once. */
  void bodyOpened() {
    bodyOpened = true;
  }

  boolean hasBodyOpened() {
    return bodyOpened;
  }

  /** Notes the model that serves, and for how many texts. */
  void served(String name, int count) {
    model = name;
    texts += count;
  }

  /** Notes what one of its texts took; called by the thread that computes. */
  void computed(long waitedNanos, long computedNanos) {
    waited.accumulateAndGet(waitedNanos, Math::max);
    computed.accumulateAndGet(computedNanos, Math::max);
  }

  /** Notes tokens that the model reads for it. */
  void read(int count) {
    tokens.addAndGet(count);
  }

  @Nullable String model() {
    return model;
  }

  int texts() {
    return texts;
  }

  long tokens() {
    return tokens.get();
  }

  /** The longest that a text of it waited for its batch. */
  Duration waited() {
    return Duration.ofNanos(waited.get());
  }

  /** The longest that a batch with a text of it took. */
  Duration computed() {
    return Duration.ofNanos(computed.get());
  }
}
