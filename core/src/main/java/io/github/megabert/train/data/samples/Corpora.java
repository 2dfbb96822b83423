// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.train.data.TrainingDataException;
import io.github.megabert.train.data.indexed.IndexedDataset;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The corpora that samples come from, open, and their weights: {@code --data-path} and {@code
 * BlendedMegatronDatasetBuilder} of Megatron-LM.
 */
public final class Corpora implements AutoCloseable {
  /** So much more is drawn from a corpus than its share: {@code mid_level_dataset_surplus}. */
  private static final double SURPLUS = 0.005;

  private static final int MOST = Short.MAX_VALUE - 1;

  private final List<IndexedDataset> data = new ArrayList<>();
  private final double @Nullable [] weights;

  /** Draws the samples of one corpus. */
  @FunctionalInterface
  public interface Drawing<S> {
    /**
     * Draws.
     *
     * @param samples how many at least; 0 for those of one epoch
     */
    SampleSource<S> draw(IndexedDataset corpus, DocumentRange documents, int samples)
        throws TrainingDataException;
  }

  /** Tells which documents of a corpus are taken; none if empty. */
  @FunctionalInterface
  public interface Selection {
    /** The documents. */
    Optional<DocumentRange> of(IndexedDataset corpus) throws TrainingDataException;
  }

  private Corpora(List<Path> prefixes, double @Nullable [] weights) throws IOException {
    this.weights = weights;
    try {
      for (Path prefix : prefixes) {
        IndexedDataset corpus = IndexedDataset.open(prefix);
        data.add(corpus);
        requireText(corpus);
      }
    } catch (IOException | RuntimeException | Error failure) {
      close();
      throw failure;
    }
  }

  private static void requireText(IndexedDataset corpus) throws TrainingDataException {
    if (corpus.hasModes()) {
      throw new TrainingDataException(
          IndexedDataset.indexFile(corpus.prefix()),
          "is of a multimodal corpus; one of text is expected");
    }
  }

  /**
   * Opens corpora.
   *
   * @param words prefixes, or weights and prefixes in turn, such as {@code 0.7 a 0.3 b}
   * @throws IllegalArgumentException if the words are neither
   * @throws IOException if a corpus cannot be read
   */
  public static Corpora open(List<String> words) throws IOException {
    if (words.isEmpty() || words.size() > 2 * MOST) {
      throw new IllegalArgumentException("from 1 to " + MOST + " corpora are expected");
    }
    boolean isWeighted = words.size() % 2 == 0;
    double[] numbers = new double[words.size() / 2];
    for (int i = 0; isWeighted && i < numbers.length; i++) {
      try {
        numbers[i] = Double.parseDouble(words.get(2 * i));
      } catch (NumberFormatException notANumber) {
        isWeighted = false;
      }
    }
    if (!isWeighted) {
      return new Corpora(words.stream().map(Path::of).toList(), null);
    }
    List<Path> prefixes = new ArrayList<>();
    for (int i = 0; i < numbers.length; i++) {
      if (!(numbers[i] > 0 && Double.isFinite(numbers[i]))) {
        throw new IllegalArgumentException(
            "the weight of a corpus must be above 0, not " + words.get(2 * i));
      }
      prefixes.add(Path.of(words.get(2 * i + 1)));
    }
    return new Corpora(prefixes, numbers);
  }

  /** The corpora, in order. */
  public List<IndexedDataset> data() {
    return List.copyOf(data);
  }

  /** Whether they have weights. */
  public boolean isWeighted() {
    return weights != null;
  }

  /**
   * Draws samples of all corpora.
   *
   * @param selection of documents
   * @param samples how many; 0 for those of one epoch, which weights do not allow. One corpus
   *     without a weight may give more
   * @return empty if no document is taken of any corpus
   * @throws TrainingDataException if a corpus has none of the documents, or too few samples
   */
  public <S> Optional<SampleSource<S>> draw(Selection selection, int samples, Drawing<S> drawing)
      throws TrainingDataException {
    List<DocumentRange> documents = new ArrayList<>();
    for (IndexedDataset corpus : data) {
      selection.of(corpus).ifPresent(documents::add);
    }
    if (documents.isEmpty()) {
      return Optional.empty();
    }
    for (IndexedDataset corpus : data) {
      if (selection.of(corpus).isEmpty()) {
        throw new TrainingDataException(
            IndexedDataset.indexFile(corpus.prefix()),
            "has too few documents (" + corpus.documents() + ") for every part of the split");
      }
    }
    if (weights == null && data.size() == 1) {
      return Optional.of(drawing.draw(data.getFirst(), documents.getFirst(), samples));
    }
    return Optional.of(
        weights == null
            ? unweighted(documents, samples, drawing)
            : weighted(BlendedSamples.normalized(weights), documents, samples, drawing));
  }

  private <S> SampleSource<S> weighted(
      double[] shares, List<DocumentRange> documents, int samples, Drawing<S> drawing)
      throws TrainingDataException {
    if (samples == 0) {
      throw new IllegalArgumentException(
          "weighted corpora have no epoch; say how many samples are wanted");
    }
    List<SampleSource<S>> sources = new ArrayList<>();
    int sum = 0;
    for (int i = 0; i < shares.length; i++) {
      double wanted = Math.ceil(samples * shares[i]);
      sum = Math.addExact(sum, (int) wanted);
      int drawn = (int) Math.ceil(wanted * (1 + SURPLUS));
      sources.add(drawing.draw(data.get(i), documents.get(i), drawn));
    }
    return BlendedSamples.of(sources, shares, sum);
  }

  private <S> SampleSource<S> unweighted(
      List<DocumentRange> documents, int samples, Drawing<S> drawing) throws TrainingDataException {
    List<SampleSource<S>> sources = new ArrayList<>();
    for (int i = 0; i < data.size(); i++) {
      sources.add(drawing.draw(data.get(i), documents.get(i), 0));
    }
    if (samples == 0) {
      return BlendedSamples.ofAll(sources);
    }
    double[] sizes = sources.stream().mapToDouble(SampleSource::size).toArray();
    int size = (int) Math.min(samples, Arrays.stream(sizes).sum());
    return BlendedSamples.of(sources, sizes, size);
  }

  /** A number that other contents have not. */
  public long checksum() {
    CRC32C crc = new CRC32C();
    for (IndexedDataset corpus : data) {
      long checksum = corpus.checksum();
      for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
        crc.update((int) (checksum >>> shift) & 0xFF);
      }
    }
    return crc.getValue();
  }

  /**
   * Looks whether all files are as they were when they were opened.
   *
   * @throws TrainingDataException if one is not
   */
  public void requireUnchanged() throws IOException {
    for (IndexedDataset corpus : data) {
      corpus.requireUnchanged();
    }
  }

  @Override
  public void close() {
    data.forEach(IndexedDataset::close);
  }
}
