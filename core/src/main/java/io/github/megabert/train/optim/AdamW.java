package io.github.megabert.train.optim;

import io.github.megabert.backend.AdamWStep;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Gradients;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.model.TrainableParameters;
import io.github.megabert.model.TrainableParameters.Block;
import io.github.megabert.model.TrainableParameters.Parameter;
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

/**
 * AdamW (Loshchilov and Hutter 2019) over a model's parameters, with gradients clipped by their
 * common norm. Decay and layer-wise rates are decided by a parameter's kind and place.
 */
public final class AdamW implements AutoCloseable {
  /** As {@code torch.nn.utils.clip_grad_norm_} adds to the norm. */
  private static final double CLIP_EPS = 1e-6;

  private static final String FIRST = "exp_avg.";
  private static final String SECOND = "exp_avg_sq.";

  private record Moments(ResidentMatrix first, ResidentMatrix second) {}

  private final TrainableParameters parameters;
  private final AdamWOptions options;
  private final List<Parameter> trained;
  private final Map<Block, Moments> moments = new LinkedHashMap<>();
  private final int layers;
  private long updates;

  /** An optimizer that has done nothing yet. */
  public AdamW(TrainableParameters parameters, AdamWOptions options) {
    this.parameters = parameters;
    this.options = options;
    trained = parameters.parameters().stream().filter(p -> !p.isFrozen()).toList();
    for (Parameter parameter : trained) {
      moments.computeIfAbsent(
          parameter.block(),
          block ->
              new Moments(
                  parameters.backend().resident(block.value().rows(), block.value().columns()),
                  parameters.backend().resident(block.value().rows(), block.value().columns())));
    }
    layers = 1 + trained.stream().mapToInt(p -> layer(p.spec().place())).max().orElse(-1);
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
    double squares = 0;
    for (Parameter parameter : trained) {
      if (!parameters.isCopy(parameter)) {
        squares +=
            gradients.squaredNorm(gradient(parameter), parameter.firstRow(), parameter.rows());
      }
    }
    double norm = Math.sqrt(parameters.sumOverRanks(squares));
    if (!Double.isFinite(norm)) {
      return norm;
    }
    updates++;
    double scale = options.clip() == 0 ? 1 : Math.min(1, options.clip() / (norm + CLIP_EPS));
    for (Parameter parameter : trained) {
      Moments moment = moments.get(parameter.block());
      AdamWStep step =
          new AdamWStep(
              options.learningRate() * factor * layerFactor(parameter.spec().place()),
              options.beta1(),
              options.beta2(),
              options.eps(),
              parameter.spec().kind().decays() ? options.weightDecay() : 0,
              scale,
              updates);
      gradients.adamW(
          step,
          parameter.block().value(),
          gradient(parameter),
          moment.first(),
          moment.second(),
          parameter.firstRow(),
          parameter.rows());
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
   * a time. Where ranks share the model, the first writes it, and all others {@link #giveState}.
   */
  public void writeState(Path file) throws IOException {
    List<TensorSpec> specs = new ArrayList<>();
    for (Parameter parameter : trained) {
      Shape shape = parameter.spec().shape();
      specs.add(new TensorSpec(FIRST + parameter.spec().name(), DType.F32, shape));
      specs.add(new TensorSpec(SECOND + parameter.spec().name(), DType.F32, shape));
    }
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
      for (Parameter parameter : trained) {
        Moments moment = moments.get(parameter.block());
        try (Arena arena = Arena.ofShared()) {
          String name = parameter.spec().name();
          writer.write(FIRST + name, parameters.gather(parameter, moment.first(), arena));
          writer.write(SECOND + name, parameters.gather(parameter, moment.second(), arena));
        }
      }
      writer.commit();
    }
  }

  /** Gives the first rank this rank's part of what it writes. */
  public void giveState() {
    for (Parameter parameter : trained) {
      Moments moment = moments.get(parameter.block());
      try (Arena arena = Arena.ofShared()) {
        Tensor unused = parameters.gather(parameter, moment.first(), arena);
        unused = parameters.gather(parameter, moment.second(), arena);
      }
    }
  }

  /**
   * Goes on from moments that {@link #writeState} wrote.
   *
   * @param done updates that had been done
   * @throws IOException if the file is damaged, or lacks a moment
   */
  public void readState(Path file, long done) throws IOException {
    try (Safetensors state = Safetensors.open(file)) {
      for (Parameter parameter : trained) {
        Moments moment = moments.get(parameter.block());
        read(parameter, state, FIRST, moment.first());
        read(parameter, state, SECOND, moment.second());
      }
    }
    updates = done;
  }

  private void read(Parameter parameter, Safetensors state, String prefix, ResidentMatrix moment)
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
    MappedMemory.read(
        state.source(),
        () -> {
          parameters.write(state.tensor(name), parameter, moment);
          return name;
        });
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
