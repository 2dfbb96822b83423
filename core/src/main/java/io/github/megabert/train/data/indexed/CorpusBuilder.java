// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.indexed;

import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.EncodingOptions;
import io.github.megabert.train.data.DocumentReader;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;

/**
 * Tokenizes documents and writes them in order, by several threads: {@code preprocess_data.py} of
 * Megatron-LM. A sentence without a token is left out, a document without a sentence is written
 * empty. The result does not depend on the threads. Not for several threads at once.
 */
public final class CorpusBuilder implements AutoCloseable {
  private static final EncodingOptions BARE = EncodingOptions.DEFAULT.withSpecialTokens(false);

  /** Characters that one thread tokenizes at a time: some milliseconds' work. */
  private static final int PART = 1 << 16;

  /** Parts under way for each thread, so that none waits for the one that reads and writes. */
  private static final int PARTS_A_WORKER = 4;

  private final IndexedDatasetWriter writer;
  private final BertTokenizer tokenizer;
  private final boolean splitSentences;
  private final boolean appendEnd;
  private final int mostParts;
  private final ExecutorService workers;
  private final Deque<Future<List<List<int[]>>>> parts = new ArrayDeque<>();

  /**
   * A builder.
   *
   * @param writer takes the documents; the caller commits and closes it
   * @param splitSentences whether sentences are found in the text; otherwise each line is one
   * @param appendEnd whether {@code [SEP]} is added to a document's last sentence
   * @param workers threads that tokenize
   */
  public CorpusBuilder(
      IndexedDatasetWriter writer,
      BertTokenizer tokenizer,
      boolean splitSentences,
      boolean appendEnd,
      int workers) {
    this.writer = writer;
    this.tokenizer = tokenizer;
    this.splitSentences = splitSentences;
    this.appendEnd = appendEnd;
    mostParts = Math.multiplyExact(workers, PARTS_A_WORKER);
    this.workers =
        Executors.newFixedThreadPool(
            workers, Thread.ofPlatform().name("megabert-tokenize-", 0).daemon().factory());
  }

  /**
   * Adds all documents that are left to read.
   *
   * @param progress told how many bytes have been read
   * @throws IOException if one cannot be read, or the corpus not be written
   */
  public void add(DocumentReader reader, LongConsumer progress) throws IOException {
    List<List<String>> part = new ArrayList<>();
    long characters = 0;
    for (List<String> document = reader.read(); document != null; document = reader.read()) {
      part.add(document);
      for (String line : document) {
        characters += line.length();
      }
      if (characters >= PART) {
        submit(part);
        part = new ArrayList<>();
        characters = 0;
        progress.accept(reader.bytes());
      }
    }
    submit(part);
    while (!parts.isEmpty()) {
      writeFirst();
    }
    progress.accept(reader.bytes());
  }

  private void submit(List<List<String>> documents) throws IOException {
    if (parts.size() == mostParts) {
      writeFirst();
    }
    parts.add(workers.submit(() -> tokenize(documents)));
  }

  private List<List<int[]>> tokenize(List<List<String>> documents) {
    SentenceSplitter splitter = new SentenceSplitter();
    List<List<int[]>> tokenized = new ArrayList<>(documents.size());
    for (List<String> lines : documents) {
      List<int[]> sentences = new ArrayList<>();
      for (String sentence : splitSentences ? splitter.sentences(lines) : lines) {
        int[] ids = tokenizer.encode(sentence, BARE).ids();
        if (ids.length > 0) {
          sentences.add(ids);
        }
      }
      if (appendEnd && !sentences.isEmpty()) {
        int[] last = sentences.removeLast();
        int[] ended = Arrays.copyOf(last, last.length + 1);
        ended[last.length] = tokenizer.sepId();
        sentences.add(ended);
      }
      tokenized.add(sentences);
    }
    return tokenized;
  }

  private void writeFirst() throws IOException {
    for (List<int[]> sentences : finished(parts.remove())) {
      for (int[] sentence : sentences) {
        writer.add(sentence, sentence.length);
      }
      writer.endDocument();
    }
  }

  private static <R> R finished(Future<R> work) throws IOException {
    try {
      return work.get();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while texts were tokenized", interrupted);
    } catch (ExecutionException failure) {
      switch (failure.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new IllegalStateException(failure);
      }
    }
  }

  /** Ends the threads. */
  @Override
  public void close() {
    workers.shutdownNow();
  }
}
