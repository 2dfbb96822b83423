// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.input.Quote;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a folder that sentence-transformers saved makes vectors of texts: {@code modules.json},
 * {@code sentence_bert_config.json}, {@code config_sentence_transformers.json} and the folders of
 * the modules, of any age.
 *
 * @param pooling the poolings, whose vectors are joined in this order; empty where the folder names
 *     one that is not known
 * @param steps what is done to the pooled vector, except for a last normalisation
 * @param normalize whether vectors get length 1 in the end
 * @param maxLength tokens at which texts are cut ({@code max_seq_length}); {@link
 *     Integer#MAX_VALUE} where the model's own limit is meant
 * @param lowerCase whether texts are put into lower case first, whatever the tokenizer does
 * @param prompts what may be put before a text
 * @param fromFiles whether the folder has such files at all
 * @param unknownPooling the pooling that is not known, as a part of a sentence; empty if none
 * @param unknown what else the folder asks for and is not computed; empty if nothing
 */
public record EmbeddingConfig(
    List<Pooling> pooling,
    List<EmbeddingStep> steps,
    boolean normalize,
    int maxLength,
    boolean lowerCase,
    Prompts prompts,
    boolean fromFiles,
    String unknownPooling,
    String unknown) {
  /**
   * Texts that are put before others, such as {@code "query: "}.
   *
   * @param texts by name
   * @param defaultName the one that is used where none is asked for, or null
   * @param pooled whether the prompt's own tokens count in the pooling
   */
  public record Prompts(Map<String, String> texts, @Nullable String defaultName, boolean pooled) {
    /** No prompts. */
    public static final Prompts NONE = new Prompts(Map.of(), null, true);

    /**
     * The prompt of that name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public String text(String name) {
      String text = texts.get(name);
      if (text == null) {
        throw new IllegalArgumentException(
            "the model has no prompt "
                + Quote.quote(name)
                + (texts.isEmpty()
                    ? "; it has none"
                    : "; it has " + Quote.list(texts.keySet().stream().sorted().toList())));
      }
      return text;
    }
  }

  /** Of a folder without such files. */
  public static final EmbeddingConfig NONE =
      new EmbeddingConfig(
          List.of(), List.of(), false, Integer.MAX_VALUE, false, Prompts.NONE, false, "", "");

  /**
   * Reads a folder's files; {@link #NONE} where there are none.
   *
   * @throws CheckpointException if one of them is malformed, or leads out of the folder
   */
  public static EmbeddingConfig of(Path folder) throws IOException {
    return new SentenceTransformersFolder(folder).read();
  }

  /**
   * The files of sentence-transformers in a folder, relative to it, which a copy of the model needs
   * as well.
   *
   * @throws CheckpointException if one of them is malformed, or leads out of the folder
   */
  public static List<Path> files(Path folder) throws IOException {
    return new SentenceTransformersFolder(folder).files();
  }

  /**
   * Options that make the vectors of sentence-transformers: long texts are cut. The usual options
   * where the folder says nothing.
   *
   * @throws IllegalArgumentException if the folder asks for what is not computed
   */
  public TextEmbedding.Options options() {
    if (!fromFiles) {
      return TextEmbedding.Options.DEFAULT;
    }
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          unknown + "; the modules Pooling, Dense and Normalize are computed");
    }
    if (pooling.isEmpty()) {
      throw new IllegalArgumentException(unknownPooling + "; choose one that is computed");
    }
    String name = prompts.defaultName();
    return TextEmbedding.Options.DEFAULT
        .withPooling(pooling)
        .withNormalize(normalize)
        .withLongText(LongText.TRUNCATE)
        .withPrompt(name == null ? "" : prompts.text(name));
  }

  /**
   * Options for the vectors of a search: those of {@link #options()} where the folder says how it
   * makes vectors, else the usual ones with vectors of length 1.
   *
   * @throws IllegalArgumentException if the folder asks for what is not computed
   */
  public TextEmbedding.Options searchOptions() {
    return fromFiles ? options() : TextEmbedding.Options.DEFAULT.withNormalize(true);
  }

  /**
   * Numbers of a vector.
   *
   * @param hiddenSize numbers of a token's vector
   * @throws IllegalArgumentException if a step does not take what the poolings of the options give
   */
  public int dimension(TextEmbedding.Options options, int hiddenSize) {
    int size = options.pooling().size() * hiddenSize;
    for (EmbeddingStep step : steps) {
      size = step.outputs(size);
    }
    return size;
  }

  /** The same with other poolings. */
  public EmbeddingConfig withPooling(List<Pooling> poolings) {
    return new EmbeddingConfig(
        poolings, steps, normalize, maxLength, lowerCase, prompts, fromFiles, "", unknown);
  }

  /** The same with texts cut at so many tokens. */
  public EmbeddingConfig withMaxLength(int tokens) {
    return new EmbeddingConfig(
        pooling, steps, normalize, tokens, lowerCase, prompts, fromFiles, unknownPooling, unknown);
  }

  /**
   * The same options with a prompt of the model, such as {@code query}.
   *
   * @throws IllegalArgumentException if the model has no prompt of that name
   */
  public TextEmbedding.Options options(String promptName) {
    return options().withPrompt(prompts.text(promptName));
  }
}
