// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A rank reads its part of a checkpoint without ever having more than a layer's matrices whole. */
class DividedLoadingTest {
  private static final MegatronBertConfig CONFIG =
      MegatronBertConfig.ofSizes(2, 16, 2, 50, 101, 32);

  /** A checkpoint whose tensors are copies, as those of several Megatron-LM ranks are. */
  private static final class Copies implements Checkpoint {
    private final Checkpoint checkpoint;
    private final List<Arena> arenas = new ArrayList<>();

    Copies(Checkpoint checkpoint) {
      this.checkpoint = checkpoint;
    }

    @Override
    public String source() {
      return checkpoint.source();
    }

    @Override
    public Map<String, @Nullable Object> config() {
      return checkpoint.config();
    }

    @Override
    public Set<String> names() {
      return checkpoint.names();
    }

    @Override
    public DType dtype(String name) {
      return checkpoint.dtype(name);
    }

    @Override
    public Shape shape(String name) {
      return checkpoint.shape(name);
    }

    @Override
    public Tensor tensor(String name) {
      throw new AssertionError(name + " is kept until the checkpoint is closed");
    }

    @Override
    public Tensor tensor(String name, Arena arena) throws IOException {
      arenas.stream()
          .filter(earlier -> !earlier.equals(arena))
          .forEach(earlier -> assertFalse(earlier.scope().isAlive(), name));
      arenas.add(arena);
      Tensor tensor = checkpoint.tensor(name);
      Tensor copy = Tensor.allocate(arena, tensor.dtype(), tensor.shape());
      MemorySegment.copy(tensor.segment(), 0, copy.segment(), 0, tensor.byteSize());
      return copy;
    }

    void assertNothingIsKept() {
      assertFalse(arenas.isEmpty());
      arenas.forEach(arena -> assertFalse(arena.scope().isAlive()));
    }

    @Override
    public void close() {}
  }

  private static float[] logits(MegatronBert model) {
    Batch batch = Batch.ofTokens(new int[][] {{5, 6, 7}, {8, 9}});
    return ((MegatronBertForPreTraining) model).logits(batch, new int[] {0, 3}).toFloatArray();
  }

  private static float[] loaded(Communicator world, boolean trained, Backend backend)
      throws IOException {
    LoadOptions load = LoadOptions.DEFAULT.withTensorParallel(world);
    try (RandomCheckpoint weights = RandomCheckpoint.of(CONFIG, ModelClass.PRE_TRAINING, 1);
        Copies copies = new Copies(weights)) {
      if (!trained) {
        MegatronBert model = MegatronBert.load(copies, backend, load);
        copies.assertNothingIsKept();
        return logits(model);
      }
      try (TrainableModel model = TrainableModel.load(copies, backend, load, spec -> false)) {
        copies.assertNothingIsKept();
        return logits(model.model());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void noRankKeepsMoreThanItsPart(boolean trained) throws Exception {
    List<float[]> all =
        ThreadRanks.call(
            2,
            world -> {
              try (Backend backend =
                      Backends.open("vector", BackendOptions.DEFAULT.withThreads(1));
                  RandomCheckpoint weights =
                      RandomCheckpoint.of(CONFIG, ModelClass.PRE_TRAINING, 1)) {
                float[] expected = logits(MegatronBert.load(weights, backend, LoadOptions.DEFAULT));
                float[] actual = loaded(world, trained, backend);
                for (int i = 0; i < expected.length; i++) {
                  assertEquals(expected[i], actual[i], 1e-5, "logit " + i);
                }
                return actual;
              }
            });
    assertEquals(2, all.size());
  }
}
