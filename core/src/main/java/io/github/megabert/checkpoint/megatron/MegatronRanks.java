// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.OwnedArena;
import io.github.megabert.checkpoint.torch.PickleValues;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.input.InputFile;
import io.github.megabert.input.UnreadableFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of a Megatron-LM run: one for each tensor-parallel rank of each pipeline stage, in
 * folders {@code mp_rank_TT} or {@code mp_rank_TT_PPP}.
 *
 * @param tensorParallel number of ranks that share a layer
 * @param pipelineParallel number of stages that share the layers
 * @param files the file of each rank, stage after stage
 */
public record MegatronRanks(int tensorParallel, int pipelineParallel, List<TorchFile> files)
    implements AutoCloseable {
  private static final Pattern RANK = Pattern.compile("mp_rank_(\\d{2,5})(?:_(\\d{3,5}))?");
  private static final int LONGEST_TRACKER = 64;
  private static final String TRACKER = "latest_checkpointed_iteration.txt";

  public static MegatronRanks ofFile(TorchFile file) {
    return new MegatronRanks(1, 1, List.of(file));
  }

  /** The ranks in a run's folder, an iteration's folder or a rank's folder; null if it is none. */
  public static @Nullable Map<List<Integer>, Path> find(Path folder) throws IOException {
    Path iteration = folder;
    if (Files.isRegularFile(folder.resolve(TRACKER))) {
      iteration = latestIteration(folder);
    }
    Map<List<Integer>, Path> found = new TreeMap<>(MegatronRanks::stageBeforeRank);
    Path own = weights(folder);
    if (own != null) {
      found.put(List.of(0, 0), own);
      return found;
    }
    List<Path> entries;
    try (Stream<Path> stream = Files.list(iteration)) {
      entries = stream.filter(Files::isDirectory).sorted().toList();
    }
    for (Path entry : entries) {
      Matcher name = RANK.matcher(entry.getFileName().toString());
      Path file = weights(entry);
      if (name.matches() && file != null) {
        String stage = name.group(2);
        int pipeline = stage == null ? 0 : Integer.parseInt(stage);
        Path twin = found.put(List.of(Integer.parseInt(name.group(1)), pipeline), file);
        if (twin != null) {
          throw new CheckpointException(
              twin + " and " + file + " are of the same rank; keep the one that belongs here");
        }
      }
    }
    return found.isEmpty() ? null : found;
  }

  private static int stageBeforeRank(List<Integer> a, List<Integer> b) {
    int byStage = Integer.compare(a.get(1), b.get(1));
    return byStage != 0 ? byStage : Integer.compare(a.get(0), b.get(0));
  }

  private static @Nullable Path weights(Path folder) {
    for (String name : new String[] {"model_optim_rng.pt", "model_rng.pt"}) {
      if (Files.isRegularFile(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    return null;
  }

  private static Path latestIteration(Path folder) throws IOException {
    Path tracker = folder.resolve(TRACKER);
    String text;
    try (InputStream in = InputFile.stream(tracker, LONGEST_TRACKER)) {
      text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1).strip();
    } catch (UnreadableFileException e) {
      throw new CheckpointException(e.getMessage(), e);
    }
    if (!text.matches("release|\\d{1,9}")) {
      throw new CheckpointException(
          tracker + " holds " + quote(text) + ", a number or 'release' was expected");
    }
    String name =
        text.equals("release")
            ? text
            : String.format(Locale.ROOT, "iter_%07d", Integer.parseInt(text));
    Path iteration = folder.resolve(name);
    if (!Files.isDirectory(iteration)) {
      throw new CheckpointException(
          tracker + " names iteration " + text + ", but there is no folder " + iteration);
    }
    return iteration;
  }

  /** Opens the files found; together they must be all ranks of all stages. */
  static MegatronRanks open(Map<List<Integer>, Path> found) throws IOException {
    int tensorParallel = 0;
    int pipelineParallel = 0;
    for (List<Integer> rank : found.keySet()) {
      tensorParallel = Math.max(tensorParallel, rank.get(0) + 1);
      pipelineParallel = Math.max(pipelineParallel, rank.get(1) + 1);
    }
    Path example = found.values().iterator().next();
    if ((long) tensorParallel * pipelineParallel != found.size()) {
      throw new CheckpointException(
          "beside "
              + example
              + " are "
              + found.size()
              + " rank files, but "
              + tensorParallel
              + " tensor-parallel ranks in "
              + pipelineParallel
              + " pipeline stages need "
              + (long) tensorParallel * pipelineParallel
              + "; is the copy complete?");
    }
    List<TorchFile> files = new ArrayList<>();
    MegatronRanks ranks = new MegatronRanks(tensorParallel, pipelineParallel, files);
    try {
      for (Path path : found.values()) {
        files.add(TorchFile.open(path));
      }
      ranks.requireOneRun();
      return ranks;
    } catch (IOException | RuntimeException e) {
      ranks.close();
      throw e;
    }
  }

  /** Files of one run, saved together, say the same where they speak of the whole model. */
  private void requireOneRun() throws CheckpointException {
    for (TorchFile file : files.subList(1, files.size())) {
      requireSame(file, "checkpoint_version");
      requireSame(file, "iteration");
      MegatronArguments.of(file).requireSame(MegatronArguments.of(files.getFirst()));
    }
  }

  private void requireSame(TorchFile file, String name) throws CheckpointException {
    TorchFile first = files.getFirst();
    Object wanted = PickleValues.member(first.root(), name);
    Object found = PickleValues.member(file.root(), name);
    if (!same(wanted, found)) {
      throw new CheckpointException(
          file.source()
              + " has "
              + name
              + " "
              + shown(found)
              + ", "
              + first.source()
              + " has "
              + shown(wanted)
              + "; all ranks must be of one run and one iteration");
    }
  }

  /** Whether two values are the same number or text; values of other kinds are not compared. */
  static boolean same(@Nullable Object one, @Nullable Object other) {
    if (one instanceof Number a && other instanceof Number b) {
      return a.doubleValue() == b.doubleValue();
    }
    return (!isPlain(one) && !isPlain(other)) || Objects.equals(one, other);
  }

  private static boolean isPlain(@Nullable Object value) {
    return value instanceof Number || value instanceof String || value instanceof Boolean;
  }

  /** A value as a message has it. */
  static String shown(@Nullable Object value) {
    return switch (value) {
      case null -> "none";
      case String text -> quote(text);
      case Number number -> number.toString();
      case Boolean truth -> truth.toString();
      default -> "of another kind";
    };
  }

  /** What a rank's file has, and why no run goes on with it. */
  static CheckpointException refused(TorchFile file, String found, String reason) {
    return new CheckpointException(file.source() + " has " + found + "; " + reason);
  }

  TorchFile file(int stage, int rank) {
    return files.get(stage * tensorParallel + rank);
  }

  @Override
  public void close() {
    OwnedArena.closeAll(files);
  }
}
