// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import io.github.megabert.parallel.Reduction;
import io.github.megabert.tornado.cuda.Nccl;
import io.github.megabert.tornado.cuda.NcclGroup;
import io.github.megabert.tornado.recording.Program;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Sums over ranks that compute on devices, between the programs of a computation: from GPU to GPU
 * by NCCL, or through host memory where a rank has none.
 *
 * <p>What is started in the background is carried out together when the first of it is waited for:
 * so the backward pass stays one program, and NCCL gets all gradients at once.
 */
final class Collectives {
  private final TornadoComputation computation;
  private final NcclGroups groups;

  /** Sums that have been started and not carried out, of each group. */
  private final Map<Communicator, List<TornadoMatrix>> started = new LinkedHashMap<>();

  /** Why sums were not carried out; those that were started with them end so too. */
  private @Nullable Throwable failed;

  Collectives(TornadoComputation computation, NcclGroups groups) {
    this.computation = computation;
    this.groups = groups;
  }

  /** Replaces numbers by their sums over all ranks. */
  void allReduce(Communicator group, TornadoMatrix x) {
    finish();
    allReduce(group, List.of(x));
  }

  /** Likewise, later. */
  Pending start(Communicator group, TornadoMatrix x) {
    started.computeIfAbsent(group, g -> new ArrayList<>()).add(x);
    return new Pending() {
      @Override
      public void await() {
        finish();
      }

      @Override
      public boolean isDone() {
        return !started.getOrDefault(group, List.of()).contains(x);
      }
    };
  }

  /**
   * Carries out what has been started, before the computation ends at the latest.
   *
   * @throws IllegalStateException if earlier sums have failed
   */
  void finish() {
    if (failed != null) {
      throw new IllegalStateException("sums over ranks have failed before", failed);
    }
    while (!started.isEmpty()) {
      Communicator group = started.keySet().iterator().next();
      try {
        allReduce(group, List.copyOf(started.get(group)));
      } catch (RuntimeException | Error failure) {
        failed = failure;
        throw failure;
      }
      started.remove(group);
    }
  }

  private void allReduce(Communicator group, List<TornadoMatrix> matrices) {
    if (group.size() == 1) {
      return;
    }
    Program program = computation.runUntilWritten(matrices);
    NcclGroup devices = groups.of(group, program.locate(computation.array(matrices.getFirst())));
    if (devices == null) {
      matrices.forEach(matrix -> throughHost(group, matrix));
      return;
    }
    List<Nccl.DeviceArray> arrays = new ArrayList<>();
    for (TornadoMatrix matrix : matrices) {
      Program.Location place =
          Objects.requireNonNull(program.locate(computation.array(matrix)), "no place of a sum");
      long count = (long) matrix.rows() * matrix.columns();
      arrays.add(new Nccl.DeviceArray(place.address(), count));
    }
    devices.allReduce(arrays);
  }

  private void throughHost(Communicator group, TornadoMatrix matrix) {
    int count = Math.multiplyExact(matrix.rows(), matrix.columns());
    MemorySegment numbers = computation.array(matrix).getSegment().asSlice(0, 4L * count);
    computation.read(matrix, numbers);
    group.allReduce(numbers, Reduction.SUM);
    computation.overwrite(matrix, numbers.toArray(ValueLayout.JAVA_FLOAT));
  }
}
