// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A backend whose computations are those of a rank of a pipeline, for inference: hidden states go
 * from stage to stage, and every rank gets the results. All ranks compute the same, in the same
 * order.
 */
final class StageBackend implements Backend {
  private final Backend backend;
  private final PipelineRank pipeline;

  StageBackend(Backend backend, PipelineRank pipeline) {
    this.backend = backend;
    this.pipeline = pipeline;
  }

  @Override
  public Computation begin() {
    return new StageComputation(backend.begin(), new Messages(pipeline));
  }

  /** Hidden states are sent in the background, and received when they are needed. */
  private static final class Messages implements StageComputation.Passage {
    private final PipelineRank pipeline;
    private final Communicator group;
    private final List<Pending> sends = new ArrayList<>();

    Messages(PipelineRank pipeline) {
      this.pipeline = pipeline;
      group = requireNonNull(pipeline.group());
    }

    @Override
    public boolean isHere(int stage) {
      return pipeline.has(stage);
    }

    @Override
    public Matrix receive(Computation computation, int stage, int rows, int columns) {
      Tensor states = Tensor.allocate(Arena.ofAuto(), DType.F32, Shape.of(rows, columns));
      group.receive(
          states.segment(), pipeline.rankOf(stage - 1), PipelineRank.tagOfHiddenStates(stage));
      return computation.upload(states);
    }

    @Override
    public void send(Computation computation, int stage, Matrix hiddenStates) {
      MemorySegment states =
          Tensor.allocate(
                  Arena.ofAuto(), DType.F32, Shape.of(hiddenStates.rows(), hiddenStates.columns()))
              .segment();
      computation.read(hiddenStates, states);
      sends.add(
          group.startSend(states, pipeline.rankOf(stage), PipelineRank.tagOfHiddenStates(stage)));
    }

    @Override
    public void tell(MemorySegment results) {
      sends.forEach(Pending::await);
      sends.clear();
      group.broadcast(results, pipeline.rankOf(pipeline.lastStage()));
    }
  }

  @Override
  public String name() {
    return backend.name();
  }

  @Override
  public String device() {
    return backend.device();
  }

  @Override
  public Precision precision() {
    return backend.precision();
  }

  @Override
  public Parameter parameter(Tensor values) {
    return backend.parameter(values);
  }

  @Override
  public Linear linear(List<Tensor> weights, List<@Nullable Tensor> biases) {
    return backend.linear(weights, biases);
  }

  @Override
  public Parameter parameter(ResidentMatrix values) {
    return backend.parameter(values);
  }

  @Override
  public Linear linear(ResidentMatrix weight, ResidentMatrix bias) {
    return backend.linear(weight, bias);
  }

  @Override
  public ResidentMatrix resident(int rows, int columns) {
    return backend.resident(rows, columns);
  }

  @Override
  public double measurePeak() {
    return backend.measurePeak();
  }

  @Override
  public void requireRanks(Communicator group) {
    backend.requireRanks(group);
  }

  @Override
  public OptionalLong parameterBytes() {
    return backend.parameterBytes();
  }

  @Override
  public CompletableFuture<Void> warmUp() {
    return backend.warmUp();
  }

  @Override
  public void close() {
    backend.close();
  }
}
