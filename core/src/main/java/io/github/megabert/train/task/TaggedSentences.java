// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.EncodingOptions;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.TaggedWords;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Tokenized sentences and the tag of each word's first piece. */
final class TaggedSentences implements Dataset {
  private static final EncodingOptions BARE = EncodingOptions.DEFAULT.withSpecialTokens(false);

  private final LabelNames labels;
  private final EncodedSequences sequences = new EncodedSequences();

  /** A class a token of each sequence, or {@link Labels#IGNORED}. */
  private final List<int[]> classes = new ArrayList<>();

  /** The number of the word that each token of a sequence begins in its sentence, or −1. */
  private final List<int[]> words = new ArrayList<>();

  /** The class of each word of each sentence. */
  private final List<int[]> tags = new ArrayList<>();

  /** The first sequence of each sentence, and the end. */
  private final List<Integer> firstSequences = new ArrayList<>(List.of(0));

  private TaggedSentences(LabelNames labels) {
    this.labels = labels;
  }

  static TaggedSentences read(
      LabelNames labels, ExampleSource<TaggedWords> examples, Preparation preparation)
      throws IOException {
    TaggedSentences sentences = new TaggedSentences(labels);
    Cut cut = sentences.new Cut(preparation);
    try (ExampleReader<TaggedWords> reader = examples.open()) {
      for (TaggedWords sentence = reader.read(); sentence != null; sentence = reader.read()) {
        sentences.tags.add(sentences.indices(sentence, reader));
        cut.sentence(sentence, sentences.tags.getLast());
        sentences.firstSequences.add(sentences.sequences.size());
      }
    }
    return sentences;
  }

  private int[] indices(TaggedWords sentence, ExampleReader<?> reader)
      throws TrainingDataException {
    int[] indices = new int[sentence.tags().size()];
    for (int i = 0; i < indices.length; i++) {
      indices[i] = labels.find(sentence.tags().get(i));
      if (indices[i] < 0) {
        throw reader.refusal(labels.refusal(sentence.tags().get(i)));
      }
    }
    return indices;
  }

  /** Divides sentences into sequences {@code [CLS] … [SEP]} of at most a length. */
  private final class Cut {
    private final BertTokenizer tokenizer;
    private final int[] tokens;
    private final int[] tokenClasses;
    private final int[] tokenWords;
    private int length;

    Cut(Preparation preparation) {
      tokenizer = preparation.tokenizer();
      tokens = new int[preparation.maxLength()];
      tokenClasses = new int[preparation.maxLength()];
      tokenWords = new int[preparation.maxLength()];
    }

    void sentence(TaggedWords sentence, int[] wordClasses) {
      begin();
      for (int word = 0; word < wordClasses.length; word++) {
        int[] pieces = tokenizer.encode(sentence.words().get(word), BARE).ids();
        int room = tokens.length - 2;
        if (pieces.length > tokens.length - 1 - length && length > 1) {
          end();
          begin();
        }
        // A word that is longer than a whole sequence loses its end, not its tag.
        for (int piece = 0; piece < Math.min(room, pieces.length); piece++) {
          put(
              pieces[piece],
              piece == 0 ? wordClasses[word] : Labels.IGNORED,
              piece == 0 ? word : -1);
        }
      }
      end();
    }

    private void begin() {
      length = 0;
      put(tokenizer.clsId(), Labels.IGNORED, -1);
    }

    private void put(int token, int tokenClass, int word) {
      tokens[length] = token;
      tokenClasses[length] = tokenClass;
      tokenWords[length++] = word;
    }

    private void end() {
      // Without a word there is nothing to learn.
      if (length > 1) {
        put(tokenizer.sepId(), Labels.IGNORED, -1);
        sequences.add(tokens, 0, length);
        classes.add(Arrays.copyOf(tokenClasses, length));
        words.add(Arrays.copyOf(tokenWords, length));
      }
    }
  }

  LabelNames labels() {
    return labels;
  }

  EncodedSequences sequences() {
    return sequences;
  }

  /** Number of sequences. */
  @Override
  public int size() {
    return sequences.size();
  }

  /** Number of sentences. */
  int sentences() {
    return tags.size();
  }

  int firstSequence(int sentence) {
    return firstSequences.get(sentence);
  }

  /** The class of each word of a sentence. */
  int[] tags(int sentence) {
    return tags.get(sentence);
  }

  /** A class a token of a sequence, or {@link Labels#IGNORED}. */
  int[] classes(int sequence) {
    return classes.get(sequence);
  }

  /** The word that each token of a sequence begins, or −1. */
  int[] words(int sequence) {
    return words.get(sequence);
  }

  @Override
  public Part batch(int epoch, int[] examples) {
    Batch batch = sequences.batch(examples);
    int[] all = new int[batch.tokens()];
    for (int b = 0; b < examples.length; b++) {
      int[] one = classes.get(examples[b]);
      System.arraycopy(one, 0, all, batch.offsets()[b], one.length);
    }
    return new Part(batch, new Labels.OfTokens(all));
  }
}
