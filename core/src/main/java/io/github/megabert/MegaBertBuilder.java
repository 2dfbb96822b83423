// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.hub.Hub;
import io.github.megabert.hub.ModelName;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.task.Batching;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Options of an open model, by name.
 *
 * <pre>{@code
 * MegaBert bert = MegaBert.builder().backend(Backends.VECTOR).threads(4).load(Path.of("my-model"));
 * }</pre>
 */
public final class MegaBertBuilder {
  private String backend = Backends.AUTO;
  private BackendOptions options = BackendOptions.DEFAULT;
  private @Nullable Path tokenizer;
  private @Nullable Path config;
  private LoadOptions loadOptions = LoadOptions.DEFAULT;
  private Batching batching = Batching.DEFAULT;
  private int maxLength = Integer.MAX_VALUE;
  private @Nullable LoadingProgress loading;
  private boolean warm;

  MegaBertBuilder() {}

  /**
   * {@link Backends#AUTO} (the default), {@link Backends#VECTOR}, {@link Backends#SCALAR}, {@link
   * Backends#TORNADO}, or the name of another provider.
   */
  public MegaBertBuilder backend(String name) {
    backend = name;
    return this;
  }

  /** CPU threads for one call, the caller included; all processors by default. */
  public MegaBertBuilder threads(int count) {
    options = options.withThreads(count);
    return this;
  }

  /** How weights are stored; float32 by default. */
  public MegaBertBuilder precision(Precision precision) {
    options = options.withPrecision(precision);
    return this;
  }

  /**
   * Whether weights are packed for the kernels of the {@code vector} backend; they are by default.
   * Without packing, a large model gives its first answers sooner and later ones more slowly; see
   * {@link BackendOptions#packing}.
   */
  public MegaBertBuilder packing(boolean value) {
    options = options.withPacking(value);
    return this;
  }

  /** Index of the device, for backends that have several. */
  public MegaBertBuilder device(int index) {
    options = options.withDevice(index);
    return this;
  }

  /**
   * The device of a rank for which none is named; see {@link BackendOptions#withDeviceOfRank}.
   *
   * @param before ranks before it on its host
   */
  public MegaBertBuilder deviceOfRank(int before) {
    options = options.withDeviceOfRank(before);
    return this;
  }

  /** Tokenizer files or a {@code vocab.txt}, in place of those beside the checkpoint. */
  public MegaBertBuilder tokenizer(Path path) {
    tokenizer = path;
    return this;
  }

  /** A {@code config.json}, in place of the checkpoint's own. */
  public MegaBertBuilder config(Path file) {
    config = file;
    return this;
  }

  /** The transformers class of {@link MegaBert#model()}, in place of the checkpoint's. */
  public MegaBertBuilder modelClass(ModelClass modelClass) {
    loadOptions = loadOptions.withClass(modelClass);
    return this;
  }

  /**
   * Makes it one of several ranks that share the model: each loads its part of every layer and of
   * the vocabulary, and each asks the same of it in the same order, on one thread. Answers are
   * those of one rank.
   */
  public MegaBertBuilder tensorParallel(Communicator ranks) {
    loadOptions = loadOptions.withTensorParallel(ranks);
    return this;
  }

  /** Gives a head that the checkpoint lacks random weights, in order to train it. */
  public MegaBertBuilder allowMissingHead(long seed) {
    loadOptions = loadOptions.withMissingHead(seed);
    return this;
  }

  /**
   * The most tokens of a text, below what the model takes.
   *
   * @throws IllegalArgumentException unless it is positive
   */
  public MegaBertBuilder maxLength(int tokens) {
    if (tokens < 1) {
      throw new IllegalArgumentException("the greatest length must be positive, not " + tokens);
    }
    maxLength = tokens;
    return this;
  }

  /** How pipelines pack many texts into batches. */
  public MegaBertBuilder batching(Batching value) {
    batching = value;
    return this;
  }

  /**
   * Sets a listener for every tensor that is loaded. Weights are loaded when a pipeline first needs
   * them, not when the model is opened.
   */
  public MegaBertBuilder loading(LoadingProgress listener) {
    loading = listener;
    return this;
  }

  /**
   * Whether opening waits for {@link MegaBert#warmUp}, so that the first answers come as quickly as
   * later ones; off by default.
   */
  public MegaBertBuilder warmUp(boolean value) {
    warm = value;
    return this;
  }

  /** Opens a checkpoint; see {@link MegaBert#load(Path)}. */
  public MegaBert load(Path path) throws IOException {
    return open(OpenModel.load(path, config, tokenizer, backend, options, loadOptions, loading));
  }

  /**
   * Fetches the main revision of a model from a hub into the cache, where it is not there yet, and
   * opens it; see {@link Hub#pull(ModelName)}. Asks the hub at every call: {@link Hub#cached} finds
   * what is there without.
   *
   * @param name {@code ORGANIZATION/NAME}
   * @throws IllegalArgumentException if the name is not of that form
   * @throws IOException if the model cannot be fetched, as {@link Hub#pull(ModelName)}, or not be
   *     opened
   */
  public MegaBert pull(String name) throws IOException {
    return pull(name, Hub.MAIN);
  }

  /**
   * As {@link #pull(String)}, another revision.
   *
   * @param revision a branch, a tag or a commit's whole hash
   */
  public MegaBert pull(String name, String revision) throws IOException {
    Hub hub = Hub.ofEnvironment();
    return load(hub.pull(ModelName.parse(name), revision, (bytes, total) -> {}).folder());
  }

  /** Opens the demo model; see {@link MegaBert#demo}. */
  public MegaBert demo() throws IOException {
    BertTokenizer words = tokenizer == null ? DemoModel.tokenizer() : BertTokenizer.load(tokenizer);
    return open(
        OpenModel.open(DemoModel.open(config), words, backend, options, loadOptions, loading));
  }

  private MegaBert open(OpenModel model) {
    MegaBert bert = new MegaBert(model, maxLength, batching);
    if (warm) {
      bert.warmUp().join();
    }
    return bert;
  }
}
