// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Fetches models into the cache, and finds those that are there. Nothing is fetched but by {@link
 * #pull}. Immutable, thread-safe; several processes may pull at once.
 */
public final class Hub {
  /** The revision that is meant where none is named. */
  public static final String MAIN = "main";

  private final HubSettings settings;
  private final Patience patience;
  private final HubCache.Links links;

  /** A hub with its cache. */
  public Hub(HubSettings settings) {
    this(settings, Patience.DEFAULT, HubCache.SYMBOLIC);
  }

  Hub(HubSettings settings, Patience patience, HubCache.Links links) {
    this.settings = settings;
    this.patience = patience;
    this.links = links;
  }

  /**
   * The hub that the environment names; see {@link HubSettings#ofEnvironment}.
   *
   * @throws IllegalArgumentException if the environment has a value that is none
   * @throws IOException if the token's file cannot be read
   */
  public static Hub ofEnvironment() throws IOException {
    return new Hub(HubSettings.ofEnvironment());
  }

  /**
   * Where a model lies that is named by its path or as {@code ORGANIZATION/NAME}: the path itself
   * unless it can only be a name ({@link ModelName#of}), else the model's folder in the cache that
   * the environment names. Asks nobody.
   *
   * @throws HubException if the cache has no such model
   * @throws IllegalArgumentException if the environment has a value that is none
   * @throws IOException if the cache cannot be read
   */
  public static Path locate(Path path) throws IOException {
    Optional<ModelName> name = ModelName.of(path);
    if (name.isEmpty()) {
      return path;
    }
    Hub hub = ofEnvironment();
    Optional<Path> cached = hub.cached(name.get());
    if (cached.isEmpty()) {
      throw new HubException(
          "there is no folder "
              + path
              + ", and no such model in the cache "
              + hub.settings.cache()
              + "; megabert pull "
              + name.get()
              + " (MegaBertBuilder.pull) fetches it");
    }
    return cached.get();
  }

  /** Where models come from and where they are kept. */
  public HubSettings settings() {
    return settings;
  }

  /** The folder of a model's main revision, if it is in the cache. Asks nobody. */
  public Optional<Path> cached(ModelName name) throws IOException {
    return cached(name, MAIN);
  }

  /**
   * The folder of a model's revision, if it is in the cache. Asks nobody.
   *
   * @param revision a branch, a tag or a commit's whole hash
   */
  public Optional<Path> cached(ModelName name, String revision) throws IOException {
    HubCache cache = cache(name);
    return cache.commit(RemoteName.revision(revision)).map(cache::snapshot);
  }

  private HubCache cache(ModelName name) {
    return new HubCache(settings.cache(), name, links);
  }

  /**
   * Fetches the main revision of a model.
   *
   * @throws IOException as {@link #pull(ModelName, String, PullListener)}
   */
  public PulledModel pull(ModelName name) throws IOException {
    return pull(name, MAIN, (bytes, total) -> {});
  }

  /**
   * Fetches what is missing of a model: configuration, tokenizer and one form of the weights,
   * safetensors where there are any. Sizes and hashes are checked; what an earlier attempt left is
   * gone on from. The revision counts as fetched once all is there.
   *
   * @param revision a branch, a tag or a commit's whole hash
   * @throws HubException if the hub does not give the model, gives something else than it
   *     announced, or cannot be reached
   * @throws IOException if the cache cannot be written
   */
  public PulledModel pull(ModelName name, String revision, PullListener listener)
      throws IOException {
    HubCache cache = cache(name);
    RemoteName.revision(revision);
    if (settings.offline()) {
      return offline(cache, name, revision);
    }
    cache.create();
    try (HubCache.Lock _ = cache.lock();
        HubClient client = new HubClient(settings, patience)) {
      RemoteModel model = RemoteModel.of(client, name, revision);
      Transfers transfers = new Transfers(client, cache, model, listener);
      NeededFiles needed = new NeededFiles(name, model.files());
      transfers.fetch(needed.first());
      Set<String> all = needed.all(cache.snapshot(model.commit()));
      transfers.fetch(all);
      cache.note(revision, model.commit());
      return new PulledModel(
          name,
          model.commit(),
          cache.snapshot(model.commit()),
          List.copyOf(all),
          transfers.fetchedBytes());
    }
  }

  private PulledModel offline(HubCache cache, ModelName name, String revision) throws IOException {
    String commit =
        cache
            .commit(revision)
            .orElseThrow(
                () ->
                    new HubException(
                        "HF_HUB_OFFLINE is set, and "
                            + name
                            + " is not in the cache "
                            + settings.cache()
                            + "; unset it to fetch the model"));
    Path folder = cache.snapshot(commit);
    List<String> files;
    try (var all = Files.walk(folder)) {
      files =
          all.filter(Files::isRegularFile)
              .map(file -> folder.relativize(file).toString().replace('\\', '/'))
              .sorted()
              .toList();
    }
    return new PulledModel(name, commit, folder, files, 0);
  }
}
