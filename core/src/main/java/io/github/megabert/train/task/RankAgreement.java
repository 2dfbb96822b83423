// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.tensor.MappedMemory;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.train.Dataset;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * Ranks that train together must begin with the same: each tells a short form of what it has, and a
 * run in which one differs is refused. Of models and data, samples are compared.
 */
final class RankAgreement {
  /** Bytes at the beginning, in the middle and at the end of a tensor. */
  private static final long SAMPLE_BYTES = 256;

  private static final int SAMPLE_EXAMPLES = 16;

  private RankAgreement() {}

  /**
   * Compares all ranks; all call it.
   *
   * @throws io.github.megabert.parallel.RanksDisagreeException on all ranks if one differs
   */
  static void require(PreparedRun run, Communicator world) throws IOException {
    Ranks.requireSame(
        world,
        "options",
        run.options()
            + ", "
            + run.load().modelClass()
            + ", sequence parallel "
            + run.load().sequenceParallel()
            + ", "
            + run.load().stagesPerRank()
            + " stages a rank, "
            + run.dataParallel()
            + ", checkpoints "
            + run.format()
            + ", validates "
            + (run.validating() != null)
            + ", tests "
            + (run.testing() != null)
            + ", best by "
            + run.best().name()
            + ", traced "
            + (run.trace() != null));
    Ranks.requireSame(world, "models", model(run.model()));
    Ranks.requireSame(world, "data", data(run.data()));
  }

  /** Likewise, what is trained: messages are of trained parameters. */
  static void requireTrained(List<ParameterSpec> trained, Communicator world) {
    List<String> names = trained.stream().map(ParameterSpec::name).toList();
    String value = String.format(Locale.ROOT, "%d (%08x)", names.size(), names.hashCode());
    Ranks.requireSame(world, "trained parameters", value);
  }

  private static String model(Checkpoint model) throws IOException {
    CRC32C sum = new CRC32C();
    // Random weights come from the configuration and the seed, which is an option.
    if (!(model instanceof RandomCheckpoint)) {
      for (String name : model.names()) {
        try (Arena arena = Arena.ofShared()) {
          MappedMemory.<String, IOException>read(
              model.source(),
              () -> {
                add(sum, name, model.tensor(name, arena));
                return name;
              });
        }
      }
    }
    return String.format(Locale.ROOT, "%s (%08x)", model.config(), sum.getValue());
  }

  private static void add(CRC32C sum, String name, Tensor tensor) {
    sum.update((name + tensor.shape()).getBytes(StandardCharsets.UTF_8));
    MemorySegment bytes = tensor.segment();
    long length = Math.min(SAMPLE_BYTES, bytes.byteSize());
    long last = bytes.byteSize() - length;
    for (long from : new long[] {0, last / 2, last}) {
      sum.update(bytes.asSlice(from, length).asByteBuffer());
    }
  }

  private static String data(Dataset data) {
    int count = Math.min(SAMPLE_EXAMPLES, data.size());
    int[] examples = new int[count];
    for (int i = 0; i < count; i++) {
      examples[i] = Math.toIntExact((long) i * (data.size() - 1) / Math.max(1, count - 1));
    }
    Dataset.Part part = data.batch(0, examples);
    return String.format(
        Locale.ROOT, "%s (%08x)", data.description(), hash(part.batch(), part.labels()));
  }

  private static int hash(Batch batch, Labels labels) {
    int learnt =
        switch (labels) {
          case Labels.OfTokens(int[] classes) -> Arrays.hashCode(classes);
          case Labels.OfSequences(int[] classes) -> Arrays.hashCode(classes);
          case Labels.Values(Tensor values) -> Arrays.hashCode(values.toFloatArray());
          case Labels.OfPreTraining(int[] tokens, int[] sequences) ->
              31 * Arrays.hashCode(tokens) + Arrays.hashCode(sequences);
          case Labels.Spans(int[] starts, int[] ends) ->
              31 * Arrays.hashCode(starts) + Arrays.hashCode(ends);
        };
    return 31 * batch.hashCode() + learnt;
  }
}
