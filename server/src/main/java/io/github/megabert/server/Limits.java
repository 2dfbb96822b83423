// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import java.time.Duration;

/**
 * What a server takes at most, so that no client can fill its memory or hold its threads.
 *
 * @param bodyBytes bytes of a request's body
 * @param texts texts of a request
 * @param tokens tokens that the model reads for one text, those of all its windows or labels
 *     together
 * @param truncate whether texts that are too long are cut where a request does not say
 * @param queue texts that wait for a model or are computed by it
 * @param batchTokens tokens of a batch
 * @param batchWait how long the first text of a batch waits for others
 * @param deadline how long after its arrival a request is refused if it has no answer yet
 * @param drain how long a server that stops waits for the requests that it has
 * @param connections connections that are open at once
 * @param generations texts that are continued at once
 * @param clientTime how long the first line and the headers of a request, or its body, may take to
 *     come
 */
public record Limits(
    int bodyBytes,
    int texts,
    int tokens,
    boolean truncate,
    int queue,
    int batchTokens,
    Duration batchWait,
    Duration deadline,
    Duration drain,
    int connections,
    int generations,
    Duration clientTime) {
  /** Limits for a machine of a few processors. */
  public static final Limits DEFAULT =
      new Limits(
          2 << 20,
          512,
          16_384,
          false,
          2048,
          4096,
          Duration.ofMillis(3),
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          1024,
          2,
          Duration.ofSeconds(10));

  /** Checks the values. */
  public Limits {
    requirePositive("bodyBytes", bodyBytes);
    requirePositive("texts", texts);
    requirePositive("tokens", tokens);
    requirePositive("queue", queue);
    requirePositive("batchTokens", batchTokens);
    requirePositive("connections", connections);
    requirePositive("generations", generations);
    if (texts > queue) {
      throw new IllegalArgumentException(
          "a request of "
              + texts
              + " texts would never fit into a queue of "
              + queue
              + "; take fewer texts or a longer queue");
    }
    if (!clientTime.isPositive()) {
      throw new IllegalArgumentException("clientTime must be positive, not " + clientTime);
    }
    if (batchWait.isNegative() || !deadline.isPositive() || drain.isNegative()) {
      throw new IllegalArgumentException(
          "batchWait and drain must not be negative, and deadline must be positive, not "
              + batchWait
              + ", "
              + drain
              + " and "
              + deadline);
    }
  }

  /** A time as requests are told it: in seconds where they are whole, else in milliseconds. */
  static String text(Duration time) {
    return time.toMillisPart() == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
  }

  private static void requirePositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be at least 1, not " + value);
    }
  }

  /** The same with bodies of other sizes. */
  public Limits withBodyBytes(int value) {
    return new Limits(
        value,
        texts,
        tokens,
        truncate,
        queue,
        batchTokens,
        batchWait,
        deadline,
        drain,
        connections,
        generations,
        clientTime);
  }

  /** The same with another number of texts a request. */
  public Limits withTexts(int value) {
    return new Limits(
        bodyBytes,
        value,
        tokens,
        truncate,
        queue,
        batchTokens,
        batchWait,
        deadline,
        drain,
        connections,
        generations,
        clientTime);
  }

  /** The same with texts of other lengths. */
  public Limits withTokens(int value) {
    return new Limits(
        bodyBytes,
        texts,
        value,
        truncate,
        queue,
        batchTokens,
        batchWait,
        deadline,
        drain,
        connections,
        generations,
        clientTime);
  }

  /** The same with another queue. */
  public Limits withQueue(int value) {
    return new Limits(
        bodyBytes,
        texts,
        tokens,
        truncate,
        value,
        batchTokens,
        batchWait,
        deadline,
        drain,
        connections,
        generations,
        clientTime);
  }

  /** The same with other batches. */
  public Limits withBatches(int mostTokens, Duration wait) {
    return new Limits(
        bodyBytes,
        texts,
        tokens,
        truncate,
        queue,
        mostTokens,
        wait,
        deadline,
        drain,
        connections,
        generations,
        clientTime);
  }

  /** The same with another deadline. */
  public Limits withDeadline(Duration value) {
    return new Limits(
        bodyBytes,
        texts,
        tokens,
        truncate,
        queue,
        batchTokens,
        batchWait,
        value,
        drain,
        connections,
        generations,
        clientTime);
  }

  /** The same with another time to drain. */
  public Limits withDrain(Duration value) {
    return new Limits(
        bodyBytes,
        texts,
        tokens,
        truncate,
        queue,
        batchTokens,
        batchWait,
        deadline,
        value,
        connections,
        generations,
        clientTime);
  }

  /** The same with another time for clients to send what they began. */
  public Limits withClientTime(Duration value) {
    return new Limits(
        bodyBytes,
        texts,
        tokens,
        truncate,
        queue,
        batchTokens,
        batchWait,
        deadline,
        drain,
        connections,
        generations,
        value);
  }
}
