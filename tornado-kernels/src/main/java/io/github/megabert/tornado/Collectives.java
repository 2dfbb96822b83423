// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static java.util.Objects.requireNonNull;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import io.github.megabert.parallel.Reduction;
import io.github.megabert.tornado.cuda.DeviceAddress;
import io.github.megabert.tornado.cuda.Nccl;
import io.github.megabert.tornado.cuda.NcclGroup;
import io.github.megabert.tornado.recording.DeviceMemory;
import io.github.megabert.tornado.recording.Programs;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Sums over ranks that compute on devices, between the programs of a computation: from GPU to GPU
 * by NCCL, or through host memory where a rank has none.
 *
 * <p>What is started in the background is carried out together when the first of it is waited for:
 * so the backward pass stays one program, and NCCL gets all gradients at once.
 */
final class Collectives {
  private final TornadoComputation computation;
  private final Programs programs;
  private final NcclGroups groups;

  /** Sums that have been started and not carried out, of each group. */
  private final Map<Communicator, List<TornadoMatrix>> started = new LinkedHashMap<>();

  /** Why sums were not carried out; those that were started with them end so too. */
  private @Nullable Throwable failed;

  Collectives(TornadoComputation computation, TornadoBackend backend) {
    this.computation = computation;
    programs = backend.programs();
    groups = backend.ncclGroups();
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
    computation.settle();
    boolean isOnDevice = programs.alone(() -> sum(group, matrices));
    if (!isOnDevice) {
      matrices.forEach(
          matrix -> computation.overwrite(matrix, numbers(matrix).toArray(ValueLayout.JAVA_FLOAT)));
    }
  }

  /**
   * Sums while nothing runs.
   *
   * @return whether the sums are on the device; otherwise they are in the arrays' host memory
   */
  private boolean sum(Communicator group, List<TornadoMatrix> matrices) {
    DeviceMemory memory = programs.memory();
    TornadoNativeArray first = computation.array(matrices.getFirst());
    NcclGroup devices = groups.of(group, memory.locate(first));
    if (devices != null) {
      devices.allReduce(matrices.stream().map(this::onDevice).toList());
      return true;
    }
    matrices.forEach(matrix -> memory.read(computation.array(matrix), 0, count(matrix)));
    matrices.forEach(matrix -> group.allReduce(numbers(matrix), Reduction.SUM));
    return matrices.stream()
        .allMatch(matrix -> memory.write(computation.array(matrix), 0, count(matrix)));
  }

  private Nccl.DeviceArray onDevice(TornadoMatrix matrix) {
    DeviceAddress place = programs.memory().locate(computation.array(matrix));
    return new Nccl.DeviceArray(requireNonNull(place, "no place").address(), count(matrix));
  }

  private static long count(TornadoMatrix matrix) {
    return (long) matrix.rows() * matrix.columns();
  }

  /** The host's copy of a matrix, which is float32 in training. */
  private MemorySegment numbers(TornadoMatrix matrix) {
    return computation.array(matrix).getSegment().asSlice(0, Float.BYTES * count(matrix));
  }
}
