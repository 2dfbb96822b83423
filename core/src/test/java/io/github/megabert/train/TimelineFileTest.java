// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.RankFailedException;
import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A run's timeline is one that Chrome and Perfetto read, and tells what hides behind what. */
class TimelineFileTest {
  /** Times are nanoseconds, written as microseconds in a double. */
  private static final double ROUNDING = 1e-4;

  @TempDir private Path folder;

  /** A complete event of Chrome's format. */
  private record Event(
      int rank, String lane, String name, double begin, double end, JsonNode arguments) {
    boolean contains(double time) {
      return begin - ROUNDING <= time && time <= end + ROUNDING;
    }
  }

  private static JsonNode events(Path file) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(file)).path("traceEvents");
  }

  private static List<Event> spans(Path file) throws IOException {
    List<Event> spans = new ArrayList<>();
    for (JsonNode event : events(file)) {
      if (event.path("ph").asString().equals("X")) {
        double begin = event.path("ts").asDouble();
        spans.add(
            new Event(
                event.path("pid").asInt(),
                event.path("cat").asString(),
                event.path("name").asString(),
                begin,
                begin + event.path("dur").asDouble(),
                event.path("args")));
      }
    }
    return spans;
  }

  private static List<Event> of(List<Event> spans, int rank, String lane) {
    return spans.stream().filter(e -> e.rank() == rank && e.lane().equals(lane)).toList();
  }

  /** In a lane, each span lies within another or apart from it. */
  private static void assertNested(List<Event> spans) {
    Map<String, List<Event>> lanes =
        spans.stream().collect(Collectors.groupingBy(e -> e.rank() + e.lane()));
    for (List<Event> lane : lanes.values()) {
      Deque<Event> open = new ArrayDeque<>();
      for (Event span :
          lane.stream()
              .sorted(
                  Comparator.comparingDouble(Event::begin)
                      .thenComparing(Event::end, Comparator.reverseOrder()))
              .toList()) {
        assertTrue(span.end() >= span.begin() && span.begin() >= 0, span.toString());
        while (!open.isEmpty() && open.element().end() <= span.begin() + ROUNDING) {
          open.pop();
        }
        assertTrue(
            open.isEmpty() || open.element().contains(span.end()),
            () -> span + " is cut by " + open.element());
        open.push(span);
      }
    }
  }

  private static Map<Integer, String> names(Path file) throws IOException {
    Map<Integer, String> names = new TreeMap<>();
    for (JsonNode event : events(file)) {
      if (event.path("name").asString().equals("process_name")) {
        names.put(event.path("pid").asInt(), event.path("args").path("name").asString());
      }
    }
    return names;
  }

  private static ParallelRun run(int tensor, int pipeline, int data) {
    return new ParallelRun(new ParallelPlan(tensor, pipeline, data), "vector").thatStopsWhenSaved();
  }

  @Test
  void sumsOfGradientsAreAskedForWhileTheBackwardPassGoesOn() throws Exception {
    Path file = folder.resolve("trace.json");
    List<MetricsLine.Step> steps = run(2, 1, 2).thatTraces(file).train(folder.resolve("run"));
    assertEquals(7, steps.size());
    List<Event> spans = spans(file);
    assertNested(spans);
    assertEquals(
        Map.of(
            0, "rank 0 (tensor 0, stage 0, copy 0)",
            1, "rank 1 (tensor 1, stage 0, copy 0)",
            2, "rank 2 (tensor 0, stage 0, copy 1)",
            3, "rank 3 (tensor 1, stage 0, copy 1)"),
        names(file));
    for (int rank = 0; rank < 4; rank++) {
      assertEquals(7, of(spans, rank, "steps").size());
      assertEquals(7, of(spans, rank, "optimizer").size());
      // Four passes a step, two copies. When the run was stopped, the next step's were prepared.
      assertEquals(4 * 8, of(spans, rank, "data").size());
      assertEquals(2 * 7, of(spans, rank, "forward").size());
      List<Event> backward = of(spans, rank, "backward");
      assertEquals(2 * 7, backward.size());
      List<Event> sums = of(spans, rank, "communication in the background");
      assertFalse(sums.isEmpty());
      for (Event sum : sums) {
        double asked = sum.arguments().path("asked").asDouble();
        assertEquals("all-reduce", sum.name());
        assertEquals("data-parallel", sum.arguments().path("group").asString());
        assertEquals(2, sum.arguments().path("ranks").asInt());
        assertTrue(sum.arguments().path("bytes").asLong() > 0);
        assertTrue(
            backward.stream().anyMatch(pass -> pass.contains(asked)),
            () -> "asked for outside of the backward passes: " + sum);
      }
      // In a step's last pass: what the layers beneath send each other is waited for within it,
      // after sums of those above have been asked for. When those begin is up to their thread.
      List<Event> layers =
          of(spans, rank, "communication").stream()
              .filter(e -> e.arguments().path("group").asString().equals("tensor-parallel"))
              .toList();
      int goneOn = 0;
      for (Event pass : backward) {
        boolean goesOn =
            sums.stream()
                .mapToDouble(sum -> sum.arguments().path("asked").asDouble())
                .filter(pass::contains)
                .anyMatch(
                    asked ->
                        layers.stream()
                            .anyMatch(e -> e.begin() >= asked && pass.contains(e.begin())));
        goneOn += goesOn ? 1 : 0;
      }
      assertEquals(7, goneOn, "passes that have gone on after a sum was asked for");
    }
  }

  @Test
  void passesOfStagesAreTold() throws Exception {
    Path file = folder.resolve("trace.json");
    List<MetricsLine.Step> steps =
        run(1, 2, 1).withLayers(4, 2).thatTraces(file).train(folder.resolve("run"));
    assertEquals(7, steps.size());
    List<Event> spans = spans(file);
    assertNested(spans);
    for (int rank = 0; rank < 2; rank++) {
      List<String> wanted = new ArrayList<>();
      for (int stage : new int[] {rank, rank + 2}) {
        for (int pass = 0; pass < 4; pass++) {
          wanted.add("stage " + stage + ", micro-batch " + pass);
        }
      }
      for (String lane : List.of("forward", "backward")) {
        List<Event> passes = of(spans, rank, lane);
        assertEquals(7 * 8, passes.size());
        assertEquals(
            wanted, passes.subList(0, 8).stream().map(Event::name).sorted().toList(), lane);
      }
    }
  }

  @Test
  void oneRankAloneHasATimelineToo() throws Exception {
    Path file = folder.resolve("trace.json");
    List<MetricsLine.Step> steps = run(1, 1, 1).thatTraces(file).train(folder.resolve("run"));
    assertEquals(7, steps.size());
    List<Event> spans = spans(file);
    assertNested(spans);
    assertEquals(4 * 7, of(spans, 0, "backward").size());
    assertEquals(
        List.of("checkpoint"),
        of(spans, 0, "evaluation and checkpoints").stream()
            .map(Event::name)
            .filter("checkpoint"::equals)
            .toList());
  }

  @Test
  void aFileThatCannotBeWrittenEndsTheRunBeforeItsFirstStep() throws IOException {
    Path none = folder.resolve("none").resolve("trace.json");
    RankFailedException failure =
        assertThrows(
            RankFailedException.class,
            () -> run(1, 1, 2).thatTraces(none).train(folder.resolve("run")));
    assertTrue(
        String.valueOf(failure.getMessage()).contains("there is no folder"), failure.getMessage());
    assertTrue(Files.notExists(folder.resolve("run")));
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(), left.toList());
    }
  }
}
