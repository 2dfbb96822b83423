// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.optim;

import static java.util.Objects.requireNonNull;

import io.github.megabert.backend.AdamWStep;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Gradients;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.checkpoint.file.OwnedArena;
import io.github.megabert.model.TrainableParameters;
import io.github.megabert.model.TrainableParameters.Block;
import io.github.megabert.model.TrainableParameters.Parameter;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.parameters.ParameterSpec.Place;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.MappedMemory;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * AdamW (Loshchilov and Hutter 2019) over a model's parameters, with gradients clipped by their
 * common norm. Decay and layer-wise rates are decided by a parameter's kind and place.
 */
public final class AdamW implements AutoCloseable {
  static final String FIRST = "exp_avg.";
  static final String SECOND = "exp_avg_sq.";

  private record Moments(ResidentMatrix first, ResidentMatrix second) {}

  private final TrainableParameters parameters;
  private final AdamWOptions options;
  private final StateShare share;
  private final List<Parameter> trained;
  private final Map<Block, Moments> moments = new LinkedHashMap<>();
  private final int layers;
  private long updates;

  /** An optimizer that has done nothing yet, with all of the state. */
  public AdamW(TrainableParameters parameters, AdamWOptions options) {
    this(parameters, options, StateShare.WHOLE);
  }

  /**
   * An optimizer that has done nothing yet.
   *
   * @param share what this rank has of the state and updates; all ranks that divide it call each
   *     method but {@link #updates} and {@link #close} together
   */
  public AdamW(TrainableParameters parameters, AdamWOptions options, StateShare share) {
    this.parameters = parameters;
    this.share = share;
    this.options = options;
    trained = parameters.parameters().stream().filter(p -> !p.isFrozen()).toList();
    for (Parameter parameter : trained) {
      moments.computeIfAbsent(
          parameter.block(),
          block -> {
            int rows = share.count(block.value().rows());
            int columns = block.value().columns();
            return new Moments(
                parameters.backend().resident(rows, columns),
                parameters.backend().resident(rows, columns));
          });
    }
    layers = 1 + parameters.trained().stream().mapToInt(p -> layer(p.place())).max().orElse(-1);
  }

  private static int layer(Place place) {
    return place instanceof Place.Layer(int index) ? index : -1;
  }

  /** Updates done. */
  public long updates() {
    return updates;
  }

  /**
   * Updates every parameter by its gradient.
   *
   * @param factor of the schedule, times the peak rate
   * @return the L2 norm of all gradients, before clipping; where it is not finite nothing has been
   *     updated
   */
  public double step(Computation computation, double factor) {
    Gradients gradients = computation.gradients();
    List<Gradients.Rows> parts = new ArrayList<>();
    for (Parameter parameter : trained) {
      if (!parameters.share().isCopy(parameter.spec())) {
        Matrix gradient = share.of(computation, gradient(parameter));
        StateShare.Range range = share.range(parameter);
        parts.add(new Gradients.Rows(gradient, range.first(), range.rows()));
      }
    }
    double norm = update(gradients, parts, updates(computation, factor));
    if (!Double.isFinite(norm)) {
      return norm;
    }
    updates++;
    share.gather(computation, moments.keySet());
    return norm;
  }

  /** Each parameter's next update, of gradients as they are. */
  private List<Gradients.Update> updates(Computation computation, double factor) {
    List<Gradients.Update> next = new ArrayList<>();
    for (Parameter parameter : trained) {
      Moments moment = moments.get(parameter.block());
      StateShare.Range range = share.range(parameter);
      AdamWStep step =
          new AdamWStep(
              options.learningRate() * factor * layerFactor(parameter.spec().place()),
              options.beta1(),
              options.beta2(),
              options.eps(),
              parameter.spec().kind().decays() ? options.weightDecay() : 0,
              1,
              updates + 1);
      next.add(
          new Gradients.Update(
              step,
              share.of(computation, parameter.block().value()),
              share.of(computation, gradient(parameter)),
              moment.first(),
              moment.second(),
              range.first(),
              range.rows()));
    }
    return next;
  }

  /** Clips and updates, and returns the norm of the gradients that all ranks have together. */
  private double update(
      Gradients gradients, List<Gradients.Rows> parts, List<Gradients.Update> updates) {
    if (share.copies() == null && parameters.share().isWhole()) {
      return gradients.clippedAdamW(parts, options.clip(), updates);
    }
    double squares = gradients.squaredNorm(parts);
    double norm = Math.sqrt(parameters.share().sum(Ranks.sum(share.copies(), squares)));
    if (Double.isFinite(norm)) {
      double scale = AdamWStep.clipFactor(norm, options.clip());
      gradients.adamW(updates.stream().map(update -> update.scaled(scale)).toList());
    }
    return norm;
  }

  private static Matrix gradient(Parameter parameter) {
    Matrix gradient = parameter.block().gradient();
    if (gradient == null) {
      throw new IllegalStateException(parameter.spec().name() + " is frozen");
    }
    return gradient;
  }

  /** 1 for the head, the decay once more for each layer below, and for the embeddings. */
  private double layerFactor(Place place) {
    return switch (place) {
      case Place.Head() -> 1;
      case Place.Layer(int index) -> Math.pow(options.layerDecay(), layers - index);
      case Place.Embeddings() -> Math.pow(options.layerDecay(), layers + 1.0);
    };
  }

  /**
   * Writes the moments, {@code exp_avg.NAME} and {@code exp_avg_sq.NAME} for each parameter, one at
   * a time. Where ranks share the model or the state, the first writes it, and all others {@link
   * #giveState}.
   */
  public void writeState(Path file) throws IOException {
    List<TensorSpec> specs = new ArrayList<>();
    for (ParameterSpec spec : parameters.trained()) {
      specs.add(new TensorSpec(FIRST + spec.name(), DType.F32, spec.shape()));
      specs.add(new TensorSpec(SECOND + spec.name(), DType.F32, spec.shape()));
    }
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
      for (ParameterSpec spec : parameters.trained()) {
        try (Arena arena = Arena.ofShared()) {
          writer.write(FIRST + spec.name(), requireNonNull(whole(spec, Moments::first, arena)));
          writer.write(SECOND + spec.name(), requireNonNull(whole(spec, Moments::second, arena)));
        }
      }
      writer.commit();
    }
  }

  /** Gives the first rank this rank's part of what it writes. */
  public void giveState() {
    for (ParameterSpec spec : parameters.trained()) {
      try (Arena arena = Arena.ofShared()) {
        Tensor unused = whole(spec, Moments::first, arena);
        unused = whole(spec, Moments::second, arena);
      }
    }
  }

  /**
   * The moments as tensors, {@code exp_avg.NAME} and {@code exp_avg_sq.NAME}, while nothing is
   * updated: for the ranks that share the model's layers to write together, each of which reads the
   * same ones in the same order. Where copies of the model divide the state, the others {@link
   * #giveState}.
   *
   * @param isOfStage whether each stage of a pipeline has those of its own parameters; otherwise
   *     the first rank has all, and the other ranks of a pipeline {@link #giveState}
   */
  public MomentTensors state(boolean isOfStage) {
    OwnedArena owned = new OwnedArena();
    Map<String, Tensor> kept = new LinkedHashMap<>();
    if (parameters.share().isPipeline() && !isOfStage) {
      for (ParameterSpec spec : parameters.trained()) {
        Arena arena = owned.arena();
        kept.put(FIRST + spec.name(), requireNonNull(whole(spec, Moments::first, arena)));
        kept.put(SECOND + spec.name(), requireNonNull(whole(spec, Moments::second, arena)));
      }
      return new MomentTensors(
          parameters, (name, spec, to) -> requireNonNull(kept.get(name)), owned);
    }
    if (share.copies() != null) {
      for (Parameter parameter : trained) {
        Moments moment = moments.get(parameter.block());
        String name = parameter.spec().name();
        kept.put(FIRST + name, part(parameter, moment.first(), owned.arena()));
        kept.put(SECOND + name, part(parameter, moment.second(), owned.arena()));
      }
    }
    return new MomentTensors(
        parameters, (name, spec, to) -> gathered(name, spec, kept.get(name), to), owned);
  }

  /** A moment of a whole parameter, on every rank that shares the layers. */
  private Tensor gathered(String name, ParameterSpec spec, @Nullable Tensor known, Arena arena) {
    Parameter parameter = parameters.parameter(spec.name());
    Moments moment = moments.get(parameter.block());
    Tensor part = known;
    if (part == null) {
      part =
          parameter.isFrozen()
              ? Tensor.allocate(arena, DType.F32, parameter.shape())
              : parameters.read(
                  parameter, name.startsWith(FIRST) ? moment.first() : moment.second(), arena);
    }
    return parameters.share().wholeOnAll(parameter.spec(), part, arena);
  }

  /** A moment of a whole parameter, on the first rank; all ranks call it. */
  private @Nullable Tensor whole(
      ParameterSpec spec, Function<Moments, ResidentMatrix> which, Arena arena) {
    Parameter given = parameters.given(spec);
    Tensor whole =
        given == null ? null : whole(given, which.apply(moments.get(given.block())), arena);
    return parameters.share().toFirstStage(spec, whole, arena);
  }

  private Tensor whole(Parameter parameter, ResidentMatrix moment, Arena arena) {
    return share.copies() == null
        ? parameters.gather(parameter, moment, arena)
        : parameters.share().whole(parameter.spec(), part(parameter, moment, arena), arena);
  }

  /** A moment of what this rank has of a parameter, from all copies of the model. */
  private Tensor part(Parameter parameter, ResidentMatrix moment, Arena arena) {
    Communicator copies = requireNonNull(share.copies());
    StateShare.Range range = share.range(parameter);
    Tensor own = Tensor.allocate(arena, DType.F32, Shape.of(range.rows(), moment.columns()));
    try (Computation computation = parameters.backend().begin()) {
      computation.read(computation.rows(moment, range.first(), range.rows()), own.segment());
    }
    Tensor part = Tensor.allocate(arena, DType.F32, parameter.shape());
    copies.allGather(own.segment(), part.segment(), share.partition(parameter));
    return part;
  }

  /**
   * Goes on from moments that {@link #writeState} wrote.
   *
   * @param done updates that had been done
   * @throws IOException if the file is damaged, or lacks a moment
   */
  public void readState(Path file, long done) throws IOException {
    try (Safetensors state = Safetensors.open(file)) {
      readState(state, done);
    }
  }

  /** Likewise, from tensors of the same names. */
  public void readState(NamedTensors state, long done) throws IOException {
    for (Parameter parameter : trained) {
      Moments moment = moments.get(parameter.block());
      read(parameter, state, FIRST, moment.first());
      read(parameter, state, SECOND, moment.second());
    }
    updates = done;
  }

  private void read(Parameter parameter, NamedTensors state, String prefix, ResidentMatrix moment)
      throws IOException {
    String name = prefix + parameter.spec().name();
    if (!state.names().contains(name)
        || !state.shape(name).equals(parameter.spec().shape())
        || state.dtype(name) != DType.F32) {
      throw new IOException(
          state.source()
              + " has no F32 "
              + name
              + " of shape "
              + parameter.spec().shape()
              + "; resume with the options that the run began with");
    }
    try (Arena arena = Arena.ofShared()) {
      MappedMemory.<String, IOException>read(
          state.source(),
          () -> {
            write(parameter, state.tensor(name, arena), moment);
            return name;
          });
    }
  }

  private void write(Parameter parameter, Tensor whole, ResidentMatrix moment) {
    StateShare.Range range = share.range(parameter);
    if (range.rows() == 0) {
      return;
    }
    Tensor part = parameters.part(parameter, whole);
    parameters
        .backend()
        .write(moment, range.first(), part.rows(range.skipped(), range.skipped() + range.rows()));
  }

  @Override
  public void close() {
    moments
        .values()
        .forEach(
            moment -> {
              moment.first().close();
              moment.second().close();
            });
  }
}
