// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.megatron.MegatronCheckpoint;
import io.github.megabert.checkpoint.megatron.MegatronRun;
import io.github.megabert.checkpoint.megatron.MegatronTrainingState;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.model.TrainableParameters.Parameter;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.optim.AdamW;
import io.github.megabert.train.optim.Schedule;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Checkpoints that PyTorch 1.13 wrote, with parameters, groups and states as Megatron-LM has them,
 * and the step of its AdamW that follows: {@code legacy_fp16} in the names of Megatron-LM's own
 * model, in half precision with masters, updates counted by group as FusedAdam does; {@code
 * core_tp2} in Megatron core's, of two tensor-parallel ranks.
 */
class MegatronTrainingStateTest {
  private static final Path FIXTURES =
      Path.of("src", "test", "resources", "fixtures", "training", "megatron_state");
  private static final int STEPS = 20;
  private static final int BATCH = 4;

  @TempDir private Path folder;

  private static MegatronCheckpoint open(String fixture) throws IOException {
    return (MegatronCheckpoint) Checkpoint.open(FIXTURES.resolve(fixture));
  }

  private static TrainingOptions options() {
    return TrainingOptions.DEFAULT.withMaxSteps(STEPS).withBatchSize(BATCH);
  }

  @ParameterizedTest
  @ValueSource(strings = {"legacy_fp16", "core_tp2"})
  void theNextStepIsThatOfPyTorch(String fixture) throws IOException {
    try (MegatronCheckpoint checkpoint = open(fixture);
        Safetensors next = Safetensors.open(FIXTURES.resolve(fixture).resolve("next.safetensors"));
        Backend backend = Backends.open("scalar", BackendOptions.DEFAULT);
        TrainableModel model =
            TrainableModel.load(
                checkpoint, backend, LoadOptions.ofClass(ModelClass.PRE_TRAINING), spec -> false)) {
      MegatronTrainingState origin = checkpoint.trainingState();
      Schedule schedule = MegatronNumbers.schedule(origin, STEPS);
      TrainingOptions options = MegatronNumbers.options(options(), origin, STEPS);
      int iteration = (int) origin.run().iteration();
      try (AdamW optimizer = new AdamW(model.parameters(), options.optimizer())) {
        RunFolder.restore(model.parameters(), optimizer, origin);
        assertValues(next, "before.", model, 0);
        for (Parameter parameter : model.parameters().parameters()) {
          model
              .parameters()
              .write(
                  next.tensor("gradient." + parameter.spec().name()),
                  parameter,
                  parameter.block().gradient());
        }
        try (Computation computation = backend.begin()) {
          assertTrue(optimizer.step(computation, schedule.factor(iteration)) > 0);
          computation.finish();
        }
        assertEquals(iteration + 1, optimizer.updates());
        assertValues(next, "after.", model, 2e-7f);
      }
    }
  }

  private static void assertValues(
      Safetensors next, String prefix, TrainableModel model, float tolerance) {
    assertEquals(46, model.parameters().parameters().size());
    for (Parameter parameter : model.parameters().parameters()) {
      String name = parameter.spec().name();
      try (Arena arena = Arena.ofShared()) {
        float[] actual =
            model.parameters().read(parameter, parameter.block().value(), arena).toFloatArray();
        assertArrayEquals(next.tensor(prefix + name).toFloatArray(), actual, tolerance, name);
      }
    }
  }

  @Test
  void numbersAreThoseOfTheRun() throws IOException {
    try (MegatronCheckpoint checkpoint = open("legacy_fp16")) {
      MegatronTrainingState origin = checkpoint.trainingState();
      assertEquals(
          new MegatronRun(
              5,
              5,
              BATCH,
              STEPS * BATCH,
              true,
              new MegatronRun.Adam(0.9, 0.98, 1e-7, 0.05, 0),
              new MegatronRun.Course(2e-3, 2e-4, "linear", 8, 40)),
          origin.run());
      assertEquals(
          new Schedule(Schedule.Decay.LINEAR, 2, 10, 0.1), MegatronNumbers.schedule(origin, STEPS));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "20 | 8 | has 4 samples a step, this run 8; set its global batch size",
        "5 | 4 | has done 5 steps, and all of this run are 5; set more"
      })
  void aRunThatCannotGoOnIsRefused(int steps, int batch, String reason) throws IOException {
    TrainingOptions other = TrainingOptions.DEFAULT.withBatchSize(batch);
    try (MegatronCheckpoint checkpoint = open("legacy_fp16")) {
      MegatronTrainingState origin = checkpoint.trainingState();
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class, () -> MegatronNumbers.options(other, origin, steps));
      assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused.getMessage());
    }
  }

  /** As {@code OptimizerParamScheduler.get_lr}: behind the decay the rate is the least. */
  @Test
  void anInverseSquareRootThatEndsAtZeroIsNotGoneOnWithBehindItsEnd() throws IOException {
    try (MegatronCheckpoint checkpoint = open("legacy_fp16")) {
      MegatronTrainingState fixture = checkpoint.trainingState();
      MegatronRun run = fixture.run();
      MegatronRun.Course course = new MegatronRun.Course(2e-3, 0, "inverse-square-root", 8, 40);
      MegatronTrainingState origin =
          new MegatronTrainingState(
              "a run",
              new MegatronRun(5, 5, BATCH, run.samplesOfRun(), true, run.adam(), course),
              fixture.moments(),
              fixture.masters());
      assertEquals(
          new Schedule(Schedule.Decay.INVERSE_SQRT, 2, 10, 0),
          MegatronNumbers.schedule(origin, 11));
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> MegatronNumbers.schedule(origin, 12));
      assertEquals(
          "a run has an inverse-square-root schedule whose rate is 0 after step 10, and all steps"
              + " of this run are 12; set at most 11",
          refused.getMessage());
    }
  }

  @Test
  void aCountOfUpdatesInAStorageOfAnotherSizeIsRefused() throws IOException {
    Path run = folder.resolve("iter_0000003");
    for (String rank : new String[] {"mp_rank_00", "mp_rank_01"}) {
      Files.createDirectories(run.resolve(rank));
      Path file = Path.of("iter_0000003", rank, "model_optim_rng.pt");
      Files.copy(FIXTURES.resolve("core_tp2").resolve(file), folder.resolve(file));
    }
    Path forged = run.resolve("mp_rank_00").resolve("model_optim_rng.pt");
    byte[] bytes = Files.readAllBytes(forged);
    // The first 'step' is in storage '38', of one float: here of two.
    int at = indexOf(bytes, new byte[] {'X', 2, 0, 0, 0, '3', '8'}, 0) + 7 + 5 + 2;
    assertEquals("K\1", new String(bytes, at, 2, StandardCharsets.ISO_8859_1));
    bytes[at + 1] = 2;
    int directory = indexOf(bytes, new byte[] {'P', 'K', 1, 2}, at);
    Arrays.fill(bytes, directory + 16, directory + 20, (byte) 0); // no checksum
    Files.write(forged, bytes);
    try (Checkpoint checkpoint = Checkpoint.open(run)) {
      CheckpointException refused =
          assertThrows(
              CheckpointException.class, () -> ((MegatronCheckpoint) checkpoint).trainingState());
      assertEquals(
          forged + ": storage '38' has 4 bytes, its tensors expect 8", refused.getMessage());
    }
  }

  private static int indexOf(byte[] bytes, byte[] sought, int from) {
    int at = from;
    while (!Arrays.equals(bytes, at, at + sought.length, sought, 0, sought.length)) {
      at++;
    }
    return at;
  }

  @Test
  void aModelWithoutStateIsRefused() throws IOException {
    Path file =
        Path.of("src/test/resources/fixtures/transformers/megatron_v2_args/model_optim_rng.pt");
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      CheckpointException refused =
          assertThrows(
              CheckpointException.class, () -> ((MegatronCheckpoint) checkpoint).trainingState());
      assertEquals(
          file
              + " has no 'optimizer'; a run that goes on needs one that was saved without"
              + " --no-save-optim",
          refused.getMessage());
    }
  }
}
