// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import io.github.megabert.parallel.Timeline.Lane;
import io.github.megabert.parallel.Timeline.Message;
import io.github.megabert.parallel.Timeline.Span;
import io.github.megabert.parallel.Traffic.Operation;

/** Tells a rank's timeline, if it keeps one, when a group communicates. */
final class MessageTimes {
  /** The timeline of a rank; its groups have one in common. */
  static final class Recorder {
    private volatile Timeline timeline = Timeline.OFF;

    void set(Timeline value) {
      timeline = value;
    }
  }

  private final Recorder recorder;
  private final String group;
  private final int ranks;

  MessageTimes(Recorder recorder, String group, int ranks) {
    this.recorder = recorder;
    this.group = group;
    this.ranks = ranks;
  }

  Recorder recorder() {
    return recorder;
  }

  /** Carries out an operation for which the rank waits. */
  void run(Operation operation, long bytes, Runnable sending) {
    Timeline timeline = recorder.timeline;
    if (!timeline.isOn()) {
      sending.run();
      return;
    }
    run(timeline, Lane.COMMUNICATION, operation.toString(), bytes, timeline.now(), sending);
  }

  /** An operation that another thread is about to carry out. */
  Runnable inBackground(Operation operation, long bytes, Runnable sending) {
    Timeline timeline = recorder.timeline;
    if (!timeline.isOn()) {
      return sending;
    }
    long asked = timeline.now();
    return () -> run(timeline, Lane.BACKGROUND, operation.toString(), bytes, asked, sending);
  }

  /** An operation that has been started, and for whose end the rank may have to wait. */
  Pending started(Operation operation, long bytes, Pending pending) {
    Timeline timeline = recorder.timeline;
    return timeline.isOn() ? new Waited(timeline, operation, bytes, pending) : pending;
  }

  private void run(
      Timeline timeline, Lane lane, String name, long bytes, long asked, Runnable sending) {
    long begin = timeline.now();
    sending.run();
    timeline.add(
        new Span(lane, name, begin, timeline.now(), new Message(group, ranks, bytes, asked)));
  }

  private final class Waited implements Pending {
    private final Timeline timeline;
    private final Operation operation;
    private final long bytes;
    private final Pending pending;
    private final long asked;

    Waited(Timeline timeline, Operation operation, long bytes, Pending pending) {
      this.timeline = timeline;
      this.operation = operation;
      this.bytes = bytes;
      this.pending = pending;
      asked = timeline.now();
    }

    @Override
    public void await() {
      if (pending.isDone()) {
        pending.await();
      } else {
        String name = "wait for " + operation;
        MessageTimes.this.run(timeline, Lane.COMMUNICATION, name, bytes, asked, pending::await);
      }
    }

    @Override
    public boolean isDone() {
      return pending.isDone();
    }
  }
}
