// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.ElementConversion;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.huggingface.HuggingFaceWriter;
import io.github.megabert.checkpoint.huggingface.IncompleteFolder;
import io.github.megabert.checkpoint.megatron.MegatronCheckpoint;
import io.github.megabert.checkpoint.megatron.MegatronPartition;
import io.github.megabert.checkpoint.megatron.MegatronRun;
import io.github.megabert.checkpoint.megatron.MegatronTrainingState;
import io.github.megabert.checkpoint.megatron.MegatronWriter;
import io.github.megabert.input.Difference;
import io.github.megabert.input.Quote;
import io.github.megabert.model.TrainableParameters;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.tensor.MappedMemory;
import io.github.megabert.train.optim.AdamW;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A run's folder: the model at its best, {@code metrics.jsonl}, and {@code checkpoints/step-N}, of
 * which each holds all that a run goes on from. Checkpoints appear whole.
 */
final class RunFolder {
  private static final String PREFIX = "step-";
  private static final String OPTIMIZER = "optimizer.safetensors";
  private static final String STATE = "state.json";
  private static final String MODEL = "model.safetensors";
  private static final String CONFIG = "config.json";
  private static final long ONE_SHARD = Long.MAX_VALUE;

  private final Path folder;
  private final Map<String, Path> alongside;
  private final CheckpointFormat format;

  /**
   * @param alongside files that are copied beside a model, such as its tokenizer's, by name
   * @param format of checkpoints
   */
  RunFolder(Path folder, Map<String, Path> alongside, CheckpointFormat format) {
    this.folder = folder;
    this.alongside = alongside;
    this.format = format;
  }

  /**
   * Makes the folder of a new run.
   *
   * @throws CheckpointException if it holds a run already, or anything else
   */
  void create() throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> entries = Files.list(folder)) {
        if (entries.findAny().isPresent()) {
          throw new CheckpointException(
              folder
                  + " is not empty; name a new folder"
                  + (checkpoints().isEmpty() ? "" : ", or resume the run in it"));
        }
      }
    }
    Files.createDirectories(folder.resolve("checkpoints"));
  }

  /**
   * Checks, on a rank that does not write, that it sees what the first one writes.
   *
   * @throws CheckpointException if it does not
   */
  void requireSeen() throws IOException {
    if (!Files.isDirectory(folder.resolve("checkpoints"))) {
      throw new CheckpointException(
          folder
              + ", which rank 0 has made, is not seen on this host; name a folder that all hosts"
              + " share");
    }
  }

  /**
   * Removes the folder again after a failure, if the run has left nothing in it: the next try finds
   * no folder in its way.
   */
  void discardIfEmpty() throws IOException {
    if (!Files.exists(metrics()) || Files.size(metrics()) == 0) {
      try {
        Files.deleteIfExists(folder.resolve("checkpoints"));
        Files.deleteIfExists(metrics());
        Files.deleteIfExists(folder);
      } catch (DirectoryNotEmptyException kept) {
        // Something else has been put there meanwhile.
      }
    }
  }

  /** Whether it is a run's folder that has no checkpoint yet. */
  boolean hasOnlyBegun() throws IOException {
    return Files.isDirectory(folder.resolve("checkpoints")) && checkpoints().isEmpty();
  }

  Path metrics() {
    return folder.resolve("metrics.jsonl");
  }

  private Path checkpoint(int step) {
    return folder.resolve("checkpoints").resolve(PREFIX + step);
  }

  /** Checkpoints by step. */
  private SortedMap<Integer, Path> checkpoints() throws IOException {
    SortedMap<Integer, Path> found = new TreeMap<>();
    Path all = folder.resolve("checkpoints");
    if (Files.isDirectory(all)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(all, PREFIX + "*")) {
        for (Path entry : entries) {
          String step = entry.getFileName().toString().substring(PREFIX.length());
          if (step.matches("[0-9]{1,9}")) {
            found.put(Integer.valueOf(step), entry);
          }
        }
      }
    }
    return found;
  }

  /** How to go on after a failure, and from where. */
  String remedy() throws IOException {
    SortedMap<Integer, Path> whole = checkpoints();
    return whole.isEmpty()
        ? "it has no checkpoint yet: begin it anew, in a new process"
        : "its last checkpoint, "
            + whole.lastEntry().getValue()
            + ", is whole: resume the run (--resume), in a new process";
  }

  /** Whether there is a whole checkpoint of a step. */
  boolean has(int step) {
    return Files.exists(checkpoint(step).resolve(STATE));
  }

  /** Writes a model's files into a folder. */
  private interface ModelWriter {
    void write(Path target) throws IOException;
  }

  /** Writes a checkpoint, and removes those before the last {@code keep}. */
  Path save(Checkpoint parameters, AdamW optimizer, RunState state, int keep) throws IOException {
    return save(
        target -> {
          writer(parameters).write(target, alongside);
          optimizer.writeState(target.resolve(OPTIMIZER));
        },
        state,
        keep);
  }

  /** What a rank writes of a checkpoint that Megatron-LM goes on with. */
  record MegatronPart(
      Checkpoint parameters, MegatronPartition partition, MegatronRun run, NamedTensors moments) {
    MegatronWriter writer() {
      return new MegatronWriter(parameters, partition, run, moments);
    }
  }

  /** Likewise, as one rank of Megatron-LM. */
  Path save(MegatronPart part, RunState state, int keep) throws IOException {
    return save(
        target -> {
          part.writer().write(target);
          copyAlongside(target);
        },
        state,
        keep);
  }

  /**
   * Likewise, on the first of the ranks that share the model and write their files themselves; all
   * others {@link #writeRank}.
   */
  Path saveRanks(MegatronPart part, ParallelGroups ranks, RunState state, int keep)
      throws IOException {
    return save(
        target -> {
          writeRank(part, ranks, tell(target.toAbsolutePath().toString(), ranks));
          part.writer().finish(target);
          copyAlongside(target);
        },
        state,
        keep);
  }

  /** Writes this rank's file of a checkpoint that the first one saves. */
  static void writeRank(MegatronPart part, ParallelGroups ranks) throws IOException {
    writeRank(part, ranks, tell("", ranks));
  }

  /** A path of the first rank, on all that share the model. */
  private static Path tell(String path, ParallelGroups ranks) {
    byte[] bytes = ranks.tensor().broadcastBytes(path.getBytes(StandardCharsets.UTF_8), 0);
    // Ranks of the first stage have it now, and tell their likes in the others.
    return Path.of(new String(ranks.pipeline().broadcastBytes(bytes, 0), StandardCharsets.UTF_8));
  }

  private static void writeRank(MegatronPart part, ParallelGroups ranks, Path target)
      throws IOException {
    part.writer().writeRank(target, ranks.pipeline().rank(), ranks.tensor().rank());
    ranks.tensor().barrier();
    ranks.pipeline().barrier();
  }

  private void copyAlongside(Path target) throws IOException {
    for (Map.Entry<String, Path> file : alongside.entrySet()) {
      Files.copy(file.getValue(), target.resolve(file.getKey()));
    }
  }

  private Path save(ModelWriter model, RunState state, int keep) throws IOException {
    Path target = checkpoint(state.step());
    if (Files.exists(target)) {
      // The process died while it was being removed.
      delete(target);
    }
    try (IncompleteFolder incomplete = IncompleteFolder.create(target)) {
      model.write(incomplete.path());
      state.write(incomplete.path().resolve(STATE));
      incomplete.commit();
    }
    List<Path> older = List.copyOf(checkpoints().values());
    for (Path old : older.subList(0, Math.max(0, older.size() - keep))) {
      delete(old);
    }
    return target;
  }

  private static HuggingFaceWriter writer(Checkpoint parameters) {
    return new HuggingFaceWriter(
        parameters, new ElementConversion(null), ONE_SHARD, (tensor, done, total) -> {});
  }

  private static void delete(Path checkpoint) throws IOException {
    // Without its state it is no checkpoint, should the process die half-way.
    Files.deleteIfExists(checkpoint.resolve(STATE));
    try (Stream<Path> entries = Files.walk(checkpoint)) {
      for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(entry);
      }
    }
  }

  /** Makes the present model the run's result. */
  void saveBest(Checkpoint parameters) throws IOException {
    Path fresh = folder.resolve("checkpoints").resolve("best");
    if (Files.exists(fresh)) {
      delete(fresh);
    }
    try (IncompleteFolder incomplete = IncompleteFolder.create(fresh)) {
      writer(parameters).write(incomplete.path(), alongside);
      incomplete.commit();
    }
    try (Stream<Path> entries = Files.list(fresh)) {
      for (Path entry : entries.sorted(Comparator.comparing(RunFolder::isModel)).toList()) {
        Files.move(
            entry,
            folder.resolve(entry.getFileName()),
            StandardCopyOption.REPLACE_EXISTING,
            StandardCopyOption.ATOMIC_MOVE);
      }
    }
    Files.delete(fresh);
  }

  private static boolean isModel(Path file) {
    return file.endsWith(MODEL);
  }

  /**
   * Brings back the last checkpoint.
   *
   * @throws CheckpointException if there is none, or it is of another run
   */
  RunState restore(TrainableParameters parameters, AdamW optimizer, String fingerprint)
      throws IOException {
    Path last = null;
    for (Path checkpoint : checkpoints().values()) {
      if (Files.exists(checkpoint.resolve(STATE))) {
        last = checkpoint;
      }
    }
    if (last == null) {
      throw new CheckpointException(
          folder + " has no checkpoint to resume from; begin the run anew");
    }
    RunState state = RunState.read(last.resolve(STATE));
    if (!state.fingerprint().equals(fingerprint)) {
      throw new CheckpointException(
          last
              + " is of a run with other options or data ("
              + Quote.escape(Difference.between(state.fingerprint(), fingerprint, ", now "))
              + "); resume with those that it began with");
    }
    if (format.dialect() == null) {
      try (NamedTensors values = Safetensors.open(last.resolve(MODEL))) {
        restoreValues(parameters, values);
      }
      optimizer.readState(last.resolve(OPTIMIZER), state.updates());
    } else {
      try (Checkpoint saved = Checkpoint.open(last)) {
        restore(parameters, optimizer, saved, state);
      }
    }
    return state;
  }

  private static void restore(
      TrainableParameters parameters, AdamW optimizer, Checkpoint saved, RunState state)
      throws IOException {
    if (!(saved instanceof MegatronCheckpoint ranks)) {
      throw new CheckpointException(
          saved.source()
              + " is no checkpoint of Megatron-LM; resume with the format it was saved in");
    }
    MegatronTrainingState origin = ranks.trainingState();
    // PyTorch counts in float32, which has not every number from 2^24 on.
    if (origin.run().updates() != (long) (float) state.updates()) {
      throw new CheckpointException(
          saved.source()
              + " counts "
              + origin.run().updates()
              + " updates, its "
              + STATE
              + " "
              + state.updates()
              + "; both must be of one checkpoint");
    }
    if (origin.masters() == null) {
      restoreValues(parameters, saved);
    }
    restore(parameters, optimizer, origin);
  }

  /** Puts a run's parameters and moments in the place of those there are. */
  static void restore(TrainableParameters parameters, AdamW optimizer, MegatronTrainingState origin)
      throws IOException {
    if (origin.masters() != null) {
      restoreValues(parameters, origin.masters());
    }
    optimizer.readState(origin.moments(), origin.run().updates());
  }

  /** Puts the values of a model's file into its parameters. */
  private static void restoreValues(TrainableParameters parameters, NamedTensors values)
      throws IOException {
    for (TrainableParameters.Parameter parameter : parameters.parameters()) {
      String name = parameter.spec().name();
      if (!values.names().contains(name) || !values.shape(name).equals(parameter.spec().shape())) {
        throw new CheckpointException(
            values.source() + " has no " + name + " of shape " + parameter.spec().shape());
      }
      try (Arena arena = Arena.ofShared()) {
        MappedMemory.<String, IOException>read(
            values.source(),
            () -> {
              parameters.write(values.tensor(name, arena), parameter, parameter.block().value());
              return name;
            });
      }
    }
  }

  /** Puts the best model back into the parameters, if one has been saved. */
  void restoreBest(TrainableParameters parameters) throws IOException {
    if (Files.exists(folder.resolve(MODEL)) && Files.exists(folder.resolve(CONFIG))) {
      try (Safetensors values = Safetensors.open(folder.resolve(MODEL))) {
        restoreValues(parameters, values);
      }
    }
  }
}
