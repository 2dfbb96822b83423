// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.DeviceFailedException;
import io.github.megabert.backend.TestBackends;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run leaves that fails. */
class FailedRunTest {
  private static final MegatronBertConfig CONFIG = MegatronBertConfig.ofSizes(1, 8, 2, 8, 11, 8);

  @TempDir private Path parent;

  /** Good examples, but for the one that fails. */
  private record Texts(int failing) implements Dataset {
    @Override
    public int size() {
      return 4;
    }

    @Override
    public Part batch(int epoch, int[] examples) {
      if (examples[0] == failing) {
        throw new IllegalArgumentException("a text that does not fit");
      }
      return new Part(Batch.ofTokens(new int[] {1, 2}), new Labels.OfTokens(new int[] {3, 4}));
    }
  }

  private TrainingResult train(Path output, int failing) throws IOException {
    try (Backend backend = Backends.open("scalar", TestBackends.options());
        RandomCheckpoint weights = RandomCheckpoint.of(CONFIG, ModelClass.MASKED_LM, 1);
        TrainableModel model =
            TrainableModel.load(weights, backend, LoadOptions.DEFAULT, spec -> false)) {
      TrainingOptions options = TrainingOptions.DEFAULT.withBatchSize(1).withEpochs(1);
      return new Trainer(model, new Texts(failing), options.inOrder()).run(output);
    }
  }

  @Test
  void aRunThatFailsBeforeItsFirstStepLeavesNoFolder() throws IOException {
    Path output = parent.resolve("run");
    assertThrows(IllegalArgumentException.class, () -> train(output, 0));
    assertFalse(Files.exists(output));
    assertEquals(4, train(output, -1).steps());
  }

  @Test
  void whatALaterFailureLeavesStays() {
    Path output = parent.resolve("run");
    assertThrows(IllegalArgumentException.class, () -> train(output, 2));
    assertTrue(Files.exists(output.resolve("metrics.jsonl")));
  }

  /** The same object, but for computations, which fail in the middle once the device is lost. */
  private static <T> T losing(Class<T> type, T real, AtomicBoolean isLost) {
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          if (real instanceof Computation && method.getName().equals("layerNorm") && isLost.get()) {
            throw new DeviceFailedException(
                "the accelerator", "error 700", new IllegalStateException());
          }
          try {
            Object result = method.invoke(real, arguments);
            return result instanceof Computation computation
                ? losing(Computation.class, computation, isLost)
                : result;
          } catch (InvocationTargetException failure) {
            throw failure.getCause();
          }
        };
    return type.cast(
        Proxy.newProxyInstance(
            FailedRunTest.class.getClassLoader(), new Class<?>[] {type}, handler));
  }

  /**
   * The losses of all steps, of a run or the rest of one.
   *
   * @param last the step after which the device is lost, or -1
   */
  private List<Double> losses(Path output, int last, boolean resumes) throws IOException {
    List<Double> losses = new ArrayList<>();
    AtomicBoolean isLost = new AtomicBoolean(last == 0);
    try (Backend backend =
            losing(Backend.class, Backends.open("scalar", TestBackends.options()), isLost);
        RandomCheckpoint weights = RandomCheckpoint.of(CONFIG, ModelClass.MASKED_LM, 1);
        TrainableModel model =
            TrainableModel.load(weights, backend, LoadOptions.DEFAULT, spec -> false)) {
      TrainingOptions options = TrainingOptions.DEFAULT.withBatchSize(1).withEpochs(2).inOrder();
      Trainer trainer =
          new Trainer(model, new Texts(-1), options)
              .listener(
                  new TrainingListener() {
                    @Override
                    public void stepped(MetricsLine.Step step) {
                      losses.add(step.loss());
                      isLost.set(step.step() == last);
                    }
                  });
      TrainingResult _ = resumes ? trainer.resume(output) : trainer.run(output);
      return losses;
    }
  }

  @Test
  void aRunThatLosesItsDeviceSaysFromWhereItGoesOn() throws IOException {
    Path output = parent.resolve("run");
    TrainingException lost = assertThrows(TrainingException.class, () -> losses(output, 6, false));
    assertEquals(
        "the accelerator failed after step 6, so the run ends: error 700; its last checkpoint, "
            + output.resolve("checkpoints").resolve("step-4")
            + ", is whole: resume the run (--resume), in a new process",
        lost.getMessage());
    List<Double> all = losses(parent.resolve("other"), -1, false);
    assertEquals(all.subList(4, 8), losses(output, -1, true));
  }

  @Test
  void aRunThatLosesItsDeviceAtOnceHasNoCheckpoint() {
    TrainingException lost =
        assertThrows(TrainingException.class, () -> losses(parent.resolve("run"), 0, false));
    assertEquals(
        "the accelerator failed after step 0, so the run ends: error 700; it has no checkpoint yet:"
            + " begin it anew, in a new process",
        lost.getMessage());
    assertFalse(Files.exists(parent.resolve("run")));
  }
}
