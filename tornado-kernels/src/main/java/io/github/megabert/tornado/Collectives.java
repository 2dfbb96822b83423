// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.Matrix;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
import io.github.megabert.parallel.Pending;
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
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What ranks that compute on devices exchange, between the programs of a computation: from GPU to
 * GPU by NCCL, or through host memory where a rank has none.
 *
 * <p>What is started in the background is carried out together when the first of it is waited for:
 * so the backward pass stays one program, and NCCL gets all gradients at once.
 */
final class Collectives {
  private final TornadoComputation computation;
  private final Programs programs;
  private final NcclGroups groups;

  private record Started(Exchange exchange, TornadoMatrix matrix) {}

  /** What has been started and not carried out, of each group. */
  private final Map<Communicator, List<Started>> started = new LinkedHashMap<>();

  /** Why something was not carried out; what was started with it ends so too. */
  private @Nullable Throwable failed;

  Collectives(TornadoComputation computation, TornadoBackend backend) {
    this.computation = computation;
    programs = backend.programs();
    groups = backend.ncclGroups();
  }

  /** See {@link io.github.megabert.backend.Computation#allReduce}. */
  void allReduce(
      Communicator group, TornadoMatrix x, @Nullable Matrix residual, TornadoMatrix out) {
    exchange(group, Exchange.ALL_REDUCE, x);
    add(x, residual, out);
  }

  /** See {@link io.github.megabert.backend.Computation#reduceScatter}. */
  void reduceScatter(
      Communicator group, TornadoMatrix x, @Nullable Matrix residual, TornadoMatrix out) {
    int[] rows = ownRows(group, x.rows());
    exchange(group, Exchange.REDUCE_SCATTER, x);
    TornadoMatrix sum = out;
    if (residual != null) {
      sum = computation.own(computation.matrix(rows.length, x.columns()), "sum");
    }
    computation.gatherRows(x, rows, sum);
    add(sum, residual, out);
  }

  private void add(TornadoMatrix x, @Nullable Matrix residual, TornadoMatrix out) {
    computation.add(
        x,
        residual == null ? null : computation.own(residual, "residual", out.rows(), out.columns()),
        out);
  }

  /**
   * See {@link io.github.megabert.backend.Computation#allGather}.
   *
   * @param x this rank's rows, or a view of them in {@code all}
   */
  void allGather(Communicator group, Matrix x, TornadoMatrix all) {
    int[] rows = ownRows(group, all.rows());
    if (x instanceof TornadoRows(TornadoMatrix matrix, int first, int count)) {
      if (!matrix.equals(all) || count != rows.length || (count > 0 && first != rows[0])) {
        throw new IllegalArgumentException("a rank gathers its own rows of a matrix to it alone");
      }
    } else {
      computation.scatterRows(computation.own(x, "x", rows.length, all.columns()), 0, rows, all);
    }
    exchange(group, Exchange.ALL_GATHER, all);
  }

  /**
   * See {@link io.github.megabert.backend.Computation#gatherColumns}. On the way each rank's
   * columns lie together, as rows of a matrix that is as long as {@code all}.
   */
  void gatherColumns(Communicator group, TornadoMatrix x, TornadoMatrix all) {
    int[] columns = ownRows(group, all.columns());
    TornadoMatrix.requireShape(x, "x", all.rows(), columns.length);
    Matrix turned = computation.matrix(/* rows= */ all.columns(), /* columns= */ all.rows());
    TornadoMatrix parts = computation.own(turned, "parts");
    var own = new TornadoMatrix(x.owner(), x.operand(), columns.length, all.rows(), columns.length);
    computation.scatterRows(own, 0, columns, parts);
    exchange(group, Exchange.ALL_GATHER, parts);
    computation.sideBySide(parts, group.size(), all);
  }

  private static int[] ownRows(Communicator group, int rows) {
    Partition parts = Partition.even(rows, group.size());
    int first = (int) parts.start(group.rank());
    return IntStream.range(first, first + (int) parts.count(group.rank())).toArray();
  }

  /** Exchanges the numbers of a matrix, in place. */
  private void exchange(Communicator group, Exchange exchange, TornadoMatrix x) {
    finish();
    carryOut(group, List.of(new Started(exchange, x)));
  }

  /** Begins to exchange the numbers of a matrix, in place, with what else is begun. */
  Pending start(Communicator group, Exchange exchange, TornadoMatrix x) {
    Started one = new Started(exchange, x);
    started.computeIfAbsent(group, g -> new ArrayList<>()).add(one);
    return new Pending() {
      @Override
      public void await() {
        finish();
      }

      @Override
      public boolean isDone() {
        return failed != null || !started.getOrDefault(group, List.of()).contains(one);
      }
    };
  }

  /**
   * Carries out what has been started, before the computation ends at the latest.
   *
   * @throws IllegalStateException if earlier ones have failed
   */
  void finish() {
    if (failed != null) {
      throw new IllegalStateException("an exchange between ranks has failed before", failed);
    }
    while (!started.isEmpty()) {
      Communicator group = started.keySet().iterator().next();
      try {
        carryOut(group, List.copyOf(started.get(group)));
      } catch (RuntimeException | Error failure) {
        failed = failure;
        throw failure;
      }
      started.remove(group);
    }
  }

  private void carryOut(Communicator group, List<Started> all) {
    if (group.size() == 1) {
      return;
    }
    computation.settle();
    boolean isOnDevice = programs.alone(() -> exchange(group, all));
    if (!isOnDevice) {
      for (Started one : all) {
        computation.overwrite(one.matrix(), numbers(one.matrix()).toArray(ValueLayout.JAVA_FLOAT));
      }
    }
  }

  /**
   * Exchanges while nothing runs.
   *
   * @return whether the results are on the device; otherwise they are in the arrays' host memory
   */
  private boolean exchange(Communicator group, List<Started> all) {
    DeviceMemory memory = programs.memory();
    NcclGroup devices = groups.of(group, memory.locate(computation.array(all.getFirst().matrix())));
    if (devices != null) {
      List<Nccl.Step> steps = new ArrayList<>();
      for (Started one : all) {
        DeviceAddress place = requireNonNull(memory.locate(computation.array(one.matrix())));
        steps.addAll(one.exchange().steps(one.matrix(), place.address(), group.size()));
      }
      devices.exchange(steps);
      return true;
    }
    List<TornadoMatrix> matrices = all.stream().map(Started::matrix).toList();
    matrices.forEach(matrix -> memory.read(computation.array(matrix), 0, count(matrix)));
    all.forEach(one -> one.exchange().throughHost(group, one.matrix(), numbers(one.matrix())));
    return matrices.stream()
        .allMatch(matrix -> memory.write(computation.array(matrix), 0, count(matrix)));
  }

  private static long count(TornadoMatrix matrix) {
    return (long) matrix.rows() * matrix.columns();
  }

  /** The host's copy of a matrix, which is float32 in training. */
  private MemorySegment numbers(TornadoMatrix matrix) {
    return computation.array(matrix).getSegment().asSlice(0, Float.BYTES * count(matrix));
  }
}
