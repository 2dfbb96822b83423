// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Fetches files of one model into the cache, several at a time. */
final class Transfers {
  private static final int AT_A_TIME = 4;

  /** How long a transfer that is told to end may take to do so. */
  private static final int SECONDS_TO_END = 5;

  private final HubClient client;
  private final HubCache cache;
  private final RemoteModel model;
  private final PullListener listener;

  /** Guarded by this, as the listener is. */
  private long present;

  private long total;
  private long fetched;

  Transfers(HubClient client, HubCache cache, RemoteModel model, PullListener listener) {
    this.client = client;
    this.cache = cache;
    this.model = model;
    this.listener = listener;
  }

  /** Fetches those that the snapshot lacks. */
  void fetch(Collection<String> paths) throws IOException {
    List<Callable<RemoteFile>> questions = new ArrayList<>();
    for (String path : paths) {
      if (!cache.has(model.commit(), path)) {
        questions.add(() -> model.file(client, path));
      }
    }
    List<RemoteFile> files = all(questions);
    // Equal contents of several files are fetched once.
    Map<String, RemoteFile> contents = new LinkedHashMap<>();
    for (RemoteFile file : files) {
      contents.putIfAbsent(file.etag(), file);
    }
    announce(contents.values());
    requireSpace(contents.values());
    List<Callable<Long>> downloads = new ArrayList<>();
    for (RemoteFile file : contents.values()) {
      downloads.add(download(file)::run);
    }
    for (long bytes : all(downloads)) {
      fetched += bytes;
    }
    for (RemoteFile file : files) {
      cache.link(model.commit(), file);
    }
  }

  private BlobDownload download(RemoteFile file) {
    return new BlobDownload(
        client,
        model.address(client, file.path()),
        file,
        file.path() + " of " + model.name(),
        cache.blob(file.etag()),
        this::progress);
  }

  private synchronized void announce(Collection<RemoteFile> contents) {
    for (RemoteFile file : contents) {
      total += Math.max(0, file.size());
    }
  }

  private synchronized void progress(long bytes) {
    present += bytes;
    listener.fetched(present, Math.max(total, present));
  }

  /** How much came over the network. */
  long fetchedBytes() {
    return fetched;
  }

  /** Before gigabytes are fetched that cannot be kept. */
  private void requireSpace(Collection<RemoteFile> contents) throws IOException {
    long missing = 0;
    for (RemoteFile file : contents) {
      missing = Math.addExact(missing, BlobDownload.missingBytes(file, cache.blob(file.etag())));
    }
    Path blobs = cache.blobs();
    long usable = Files.getFileStore(blobs).getUsableSpace();
    if (missing > usable) {
      throw new HubException(
          model.name()
              + " takes "
              + missing / 1_000_000
              + " MB more, but "
              + blobs
              + " has room for "
              + usable / 1_000_000
              + " MB");
    }
  }

  /** Runs tasks side by side; the first failure ends all. The results are in the tasks' order. */
  private static <T> List<T> all(List<Callable<T>> tasks) throws IOException {
    ExecutorService threads =
        Executors.newFixedThreadPool(
            AT_A_TIME, Thread.ofPlatform().daemon().name("megabert-pull-", 0).factory());
    try {
      CompletionService<Map.Entry<Integer, T>> running = new ExecutorCompletionService<>(threads);
      for (int i = 0; i < tasks.size(); i++) {
        int index = i;
        running.submit(() -> Map.entry(index, tasks.get(index).call()));
      }
      List<T> results = new ArrayList<>();
      Map<Integer, T> byIndex = new LinkedHashMap<>();
      for (int i = 0; i < tasks.size(); i++) {
        Map.Entry<Integer, T> done = running.take().get();
        byIndex.put(done.getKey(), done.getValue());
      }
      for (int i = 0; i < tasks.size(); i++) {
        results.add(byIndex.get(i));
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the pull was interrupted; another goes on from there");
    } finally {
      end(threads);
    }
  }

  /** Waits a little, so that nobody writes when the cache's lock is given back. */
  private static void end(ExecutorService threads) {
    threads.shutdownNow();
    boolean interrupted = Thread.interrupted();
    try {
      if (!threads.awaitTermination(SECONDS_TO_END, TimeUnit.SECONDS)) {
        System.getLogger(Transfers.class.getName())
            .log(System.Logger.Level.WARNING, "a transfer does not end; it is left behind");
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
