// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.RankFailedException;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.parameters.ModelClass;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What a backend says of ranks that it cannot serve is heard before a model is loaded. */
class RefusedRanksTest {
  private static final String REASON = "no ranks of threads here";

  @Test
  void aTensorParallelModelIsNotLoaded() {
    assertRefused(LoadOptions.DEFAULT::withTensorParallel);
  }

  @Test
  void aPipelineParallelModelIsNotLoaded() {
    assertRefused(world -> LoadOptions.DEFAULT.withPipelineParallel(world, 1));
  }

  private static void assertRefused(Function<Communicator, LoadOptions> options) {
    RankFailedException failure =
        assertThrows(
            RankFailedException.class,
            () ->
                ThreadRanks.run(
                    2,
                    world -> {
                      MegatronBertConfig config = MegatronBertConfig.ofSizes(2, 32, 4, 50, 101, 32);
                      try (RandomCheckpoint weights =
                              RandomCheckpoint.of(config, ModelClass.MASKED_LM, 1);
                          Backend backend = refusing()) {
                        MegatronBert.load(weights, backend, options.apply(world));
                      }
                    }));
    assertEquals("rank " + failure.rank() + " failed: " + REASON, failure.getMessage());
  }

  private static Backend refusing() {
    Backend scalar = Backends.open("scalar", BackendOptions.DEFAULT);
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("requireRanks")) {
                throw new IllegalArgumentException(REASON);
              }
              try {
                return method.invoke(scalar, arguments);
              } catch (InvocationTargetException thrown) {
                throw thrown.getCause();
              }
            });
  }
}
