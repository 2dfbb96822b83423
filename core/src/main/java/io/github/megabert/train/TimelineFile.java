// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.checkpoint.file.OutputFile;
import io.github.megabert.json.JsonText;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.Timeline;
import io.github.megabert.parallel.Timeline.Lane;
import io.github.megabert.parallel.Timeline.Message;
import io.github.megabert.parallel.Timeline.Span;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The timelines of all ranks of a run in one file, in Chrome's trace format (JSON object format,
 * complete and metadata events): {@code chrome://tracing} and Perfetto show a process a rank, and a
 * lane for each kind of what it does. The first rank writes the file, which appears when it is
 * whole.
 */
final class TimelineFile implements AutoCloseable {
  private static final double NANOS_A_MICRO = 1000;

  /** From above to below. */
  private static final List<Lane> LANES = List.of(Lane.values());

  private final @Nullable ParallelGroups ranks;
  private final Timeline timeline;

  /** Null but on the first rank. */
  private final @Nullable OutputFile file;

  private long position;

  private TimelineFile(
      @Nullable ParallelGroups ranks, Timeline timeline, @Nullable OutputFile file) {
    this.ranks = ranks;
    this.timeline = timeline;
    this.file = file;
  }

  /**
   * Begins the timelines of all ranks, which call this; {@link Timeline#OFF} without a file.
   *
   * @param ranks those that train together; null for one alone
   * @throws IOException on the first rank, if the file cannot be written
   */
  static TimelineFile begin(@Nullable Path named, @Nullable ParallelGroups ranks)
      throws IOException {
    if (named == null) {
      return new TimelineFile(ranks, Timeline.OFF, null);
    }
    boolean isFirst = ranks == null || ranks.world().rank() == 0;
    OutputFile file = isFirst ? OutputFile.create(named) : null;
    try {
      return new TimelineFile(ranks, Timeline.begin(ranks == null ? null : ranks.world()), file);
    } catch (RuntimeException | Error failure) {
      if (file != null) {
        file.close();
      }
      throw failure;
    }
  }

  /** What this rank tells what it does. */
  Timeline timeline() {
    return timeline;
  }

  /** Writes what all ranks have done, which call this together. */
  void write() throws IOException {
    if (timeline.equals(Timeline.OFF)) {
      return;
    }
    byte[] mine = events().getBytes(StandardCharsets.UTF_8);
    append("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n".getBytes(StandardCharsets.UTF_8));
    if (ranks == null) {
      append(mine);
    } else {
      for (int rank = 0; rank < ranks.world().size(); rank++) {
        append((rank == 0 ? "" : ",\n").getBytes(StandardCharsets.UTF_8));
        append(ranks.world().broadcastBytes(mine, rank));
      }
    }
    append("\n]}\n".getBytes(StandardCharsets.UTF_8));
    if (file != null) {
      file.commit();
    }
  }

  private void append(byte[] text) throws IOException {
    if (file != null) {
      file.write(ByteBuffer.wrap(text), position);
      position += text.length;
    }
  }

  /** This rank's events, a line each. */
  private String events() {
    StringJoiner lines = new StringJoiner(",\n");
    lines.add(JsonText.compact(named("process_name", null, label())));
    lines.add(JsonText.compact(sorted("process_sort_index", null, rank())));
    for (Lane lane : LANES) {
      lines.add(JsonText.compact(named("thread_name", lane, lane.toString())));
      lines.add(JsonText.compact(sorted("thread_sort_index", lane, LANES.indexOf(lane))));
    }
    for (Span span : timeline.spans()) {
      lines.add(JsonText.compact(event(span)));
    }
    return lines.toString();
  }

  private int rank() {
    return ranks == null ? 0 : ranks.world().rank();
  }

  private String label() {
    StringBuilder label = new StringBuilder("rank ").append(rank());
    if (ranks != null) {
      ParallelPlan plan = ranks.plan();
      label.append(
          String.format(
              Locale.ROOT,
              " (tensor %d, stage %d, copy %d)",
              plan.tensorRank(rank()),
              plan.stage(rank()),
              plan.dataRank(rank())));
    }
    if (timeline.missing() > 0) {
      label.append(", ").append(timeline.missing()).append(" spans more are not here");
    }
    return label.toString();
  }

  private ObjectNode metadata(String name, @Nullable Lane lane) {
    ObjectNode event = JsonNodeFactory.instance.objectNode();
    event.put("name", name).put("ph", "M").put("pid", rank());
    return lane == null ? event : event.put("tid", LANES.indexOf(lane));
  }

  private ObjectNode named(String name, @Nullable Lane lane, String value) {
    ObjectNode event = metadata(name, lane);
    event.putObject("args").put("name", value);
    return event;
  }

  private ObjectNode sorted(String name, @Nullable Lane lane, int index) {
    ObjectNode event = metadata(name, lane);
    event.putObject("args").put("sort_index", index);
    return event;
  }

  private ObjectNode event(Span span) {
    ObjectNode event = JsonNodeFactory.instance.objectNode();
    event
        .put("name", span.name())
        .put("cat", span.lane().toString())
        .put("ph", "X")
        .put("pid", rank())
        .put("tid", LANES.indexOf(span.lane()))
        .put("ts", span.begin() / NANOS_A_MICRO)
        .put("dur", (span.end() - span.begin()) / NANOS_A_MICRO);
    Message message = span.message();
    if (message != null) {
      event
          .putObject("args")
          .put("group", message.group())
          .put("ranks", message.ranks())
          .put("bytes", message.bytes())
          .put("asked", message.asked() / NANOS_A_MICRO);
    }
    return event;
  }

  /** Leaves nothing behind, unless it was written. */
  @Override
  public void close() throws IOException {
    if (ranks != null) {
      Timeline.end(ranks.world());
    }
    if (file != null) {
      file.close();
    }
  }
}
