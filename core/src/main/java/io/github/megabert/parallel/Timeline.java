// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What one rank did when: spans of time in lanes. Those of one lane lie within each other or apart,
 * as what one thread does. The first {@value #MOST_SPANS} are kept.
 *
 * <p>{@link #OFF} keeps nothing, and does not read the clock.
 */
public final class Timeline {
  /** What a span belongs to. */
  public enum Lane {
    STEP("steps"),
    DATA("data"),
    FORWARD("forward"),
    BACKWARD("backward"),
    /** The rank waits for it. */
    COMMUNICATION("communication"),
    /** The rank computes meanwhile. */
    BACKGROUND("communication in the background"),
    OPTIMIZER("optimizer"),
    /** Evaluations and checkpoints. */
    AROUND("evaluation and checkpoints");

    private final String label;

    Lane(String label) {
      this.label = label;
    }

    @Override
    public String toString() {
      return label;
    }
  }

  /**
   * What was sent.
   *
   * @param group its ranks' name
   * @param ranks how many
   * @param bytes as {@link Traffic} counts them
   * @param asked when it was asked for, in nanoseconds: before it began, if in the background
   */
  public record Message(String group, int ranks, long bytes, long asked) {}

  /**
   * A span of time, in nanoseconds from the timeline's beginning.
   *
   * @param message what was sent meanwhile; null for a computation
   */
  public record Span(Lane lane, String name, long begin, long end, @Nullable Message message) {}

  /** Ends a span. */
  public interface Open extends AutoCloseable {
    @Override
    void close();
  }

  /** Spans that are kept. */
  public static final int MOST_SPANS = 100_000;

  /** A timeline that keeps nothing. */
  public static final Timeline OFF = new Timeline(false);

  private static final Open NOTHING = () -> {};

  private final boolean isOn;
  private final long origin;
  private final List<Span> spans = new ArrayList<>();
  private long missing;

  private Timeline(boolean isOn) {
    this.isOn = isOn;
    origin = isOn ? System.nanoTime() : 0;
  }

  /**
   * Begins the timelines of all ranks at one time: when all have come here. The clocks of several
   * hosts are thereby set to within the time of a message.
   *
   * @param world all ranks, which call this; from now on what they communicate is recorded, through
   *     the groups that were split from it too. Null for one rank alone
   */
  public static Timeline begin(@Nullable Communicator world) {
    if (world == null) {
      return new Timeline(true);
    }
    world.barrier();
    Timeline timeline = new Timeline(true);
    world.record(timeline);
    return timeline;
  }

  /** Ends the timelines of all ranks: from now on nothing is recorded. */
  public static void end(@Nullable Communicator world) {
    if (world != null) {
      world.record(OFF);
    }
  }

  /** Begins a span, which ends when the result is closed. */
  public Open begin(Lane lane, String name) {
    if (!isOn) {
      return NOTHING;
    }
    long begin = now();
    return () -> add(new Span(lane, name, begin, now(), null));
  }

  /** Likewise, of one of several. */
  public Open begin(Lane lane, String name, int number) {
    return isOn ? begin(lane, String.format(Locale.ROOT, "%s %d", name, number)) : NOTHING;
  }

  boolean isOn() {
    return isOn;
  }

  /** Nanoseconds since the beginning. */
  long now() {
    return System.nanoTime() - origin;
  }

  /** Ranks communicate on a thread in the background, too. */
  synchronized void add(Span span) {
    if (spans.size() < MOST_SPANS) {
      spans.add(span);
    } else {
      missing++;
    }
  }

  /** All spans so far, in the order in which they ended. */
  public synchronized List<Span> spans() {
    return List.copyOf(spans);
  }

  /** How many spans more there were than are kept. */
  public synchronized long missing() {
    return missing;
  }
}
