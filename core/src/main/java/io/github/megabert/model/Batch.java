// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.Encoding;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Token sequences of any lengths, one after the other, without padding between them.
 *
 * <p>Row {@code t} of a result belongs to token {@code t} of the batch; sequence {@code b} has the
 * rows {@code offsets[b] … offsets[b + 1] - 1}. The arrays are not copied and must not be changed.
 *
 * @param offsets {@code sequences + 1} row offsets, the first 0
 * @param tokenIds token id of each row, or null if {@code inputsEmbeds} takes their place
 * @param tokenTypeIds token type of each row
 * @param positionIds position of each row
 * @param attentionMask 0 for rows that nothing attends to, or null if there are none
 * @param inputsEmbeds {@code [tokens, hidden]} in place of word embeddings, or null
 * @param encoder what cross-attention attends to, or null
 */
public record Batch(
    int[] offsets,
    int @Nullable [] tokenIds,
    int[] tokenTypeIds,
    int[] positionIds,
    byte @Nullable [] attentionMask,
    @Nullable Tensor inputsEmbeds,
    @Nullable EncoderInput encoder) {

  /**
   * Hidden states of an encoder, for the cross-attention of a decoder; packed like a batch.
   *
   * @param hiddenStates {@code [encoder tokens, hidden]}
   * @param offsets row offsets of the sequences, as many as the batch has
   * @param attentionMask 0 for rows that nothing attends to, or null if there are none
   */
  public record EncoderInput(Tensor hiddenStates, int[] offsets, byte @Nullable [] attentionMask) {
    /** Whether the other has the same numbers in the same sequences. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof EncoderInput that
          && hiddenStates.contentEquals(that.hiddenStates)
          && Arrays.equals(offsets, that.offsets)
          && Arrays.equals(attentionMask, that.attentionMask);
    }

    @Override
    public int hashCode() {
      return Objects.hash(hiddenStates.shape(), Arrays.hashCode(offsets));
    }

    @Override
    public String toString() {
      return "EncoderInput[hiddenStates="
          + hiddenStates
          + ", offsets="
          + Arrays.toString(offsets)
          + ", attentionMask="
          + Arrays.toString(attentionMask)
          + "]";
    }
  }

  /** Checks that the arrays fit each other. */
  public Batch {
    int tokens = offsets.length == 0 ? -1 : offsets[offsets.length - 1];
    if (offsets.length < 2 || offsets[0] != 0) {
      throw new IllegalArgumentException(
          "a batch needs at least one sequence and offsets that begin with 0");
    }
    for (int b = 1; b < offsets.length; b++) {
      if (offsets[b] <= offsets[b - 1]) {
        throw new IllegalArgumentException("sequence " + (b - 1) + " of the batch is empty");
      }
    }
    requireLength("token_type_ids", tokenTypeIds.length, tokens);
    requireLength("position_ids", positionIds.length, tokens);
    if (attentionMask != null) {
      requireLength("attention_mask", attentionMask.length, tokens);
    }
    if ((tokenIds == null) == (inputsEmbeds == null)) {
      throw new IllegalArgumentException(
          "a batch has either input_ids or inputs_embeds, "
              + (tokenIds == null ? "not neither" : "not both"));
    }
    if (tokenIds != null) {
      requireLength("input_ids", tokenIds.length, tokens);
    }
    if (inputsEmbeds != null
        && (inputsEmbeds.shape().rank() != 2 || inputsEmbeds.shape().extent(0) != tokens)) {
      throw new IllegalArgumentException(
          "inputs_embeds has shape "
              + inputsEmbeds.shape()
              + ", ["
              + tokens
              + ", hidden] is expected");
    }
    if (encoder != null && encoder.offsets().length != offsets.length) {
      throw new IllegalArgumentException(
          "encoder_hidden_states has "
              + (encoder.offsets().length - 1)
              + " sequences, the batch has "
              + (offsets.length - 1));
    }
  }

  private static void requireLength(String name, int length, int tokens) {
    if (length != tokens) {
      throw new IllegalArgumentException(
          name + " has " + length + " entries for " + tokens + " tokens");
    }
  }

  /** Tokenized texts. Padding in them is left out. */
  public static Batch of(List<Encoding> encodings) {
    int[] offsets = new int[encodings.size() + 1];
    for (int b = 0; b < encodings.size(); b++) {
      offsets[b + 1] = offsets[b] + count(encodings.get(b).attentionMask());
    }
    int[] tokenIds = new int[offsets[encodings.size()]];
    int[] typeIds = new int[tokenIds.length];
    for (int b = 0; b < encodings.size(); b++) {
      Encoding encoding = encodings.get(b);
      int row = offsets[b];
      for (int t = 0; t < encoding.ids().length; t++) {
        if (encoding.attentionMask()[t] != 0) {
          tokenIds[row] = encoding.ids()[t];
          typeIds[row++] = encoding.typeIds()[t];
        }
      }
    }
    return new Batch(offsets, tokenIds, typeIds, positions(offsets), null, null, null);
  }

  private static int count(int[] mask) {
    int count = 0;
    for (int value : mask) {
      count += value != 0 ? 1 : 0;
    }
    return count;
  }

  /** Token ids of one or more sequences, all of token type 0. */
  public static Batch ofTokens(int[]... sequences) {
    int[] offsets = new int[sequences.length + 1];
    for (int b = 0; b < sequences.length; b++) {
      offsets[b + 1] = offsets[b] + sequences[b].length;
    }
    int[] tokenIds = new int[offsets[sequences.length]];
    for (int b = 0; b < sequences.length; b++) {
      System.arraycopy(sequences[b], 0, tokenIds, offsets[b], sequences[b].length);
    }
    return new Batch(
        offsets, tokenIds, new int[tokenIds.length], positions(offsets), null, null, null);
  }

  /**
   * A rectangle of sequences as transformers takes them, every row kept, padding too, so that each
   * number equals transformers'.
   *
   * @param sequences number of sequences
   * @param length tokens of each, padding included
   * @param tokenIds {@code sequences × length} ids, or null with {@code inputsEmbeds}
   * @param tokenTypeIds as many types; null stands for zeros
   * @param positionIds as many positions, or {@code length} for all sequences; null stands for 0,
   *     1, …
   * @param attentionMask as many 0 or 1; null stands for ones
   * @param inputsEmbeds {@code [sequences × length, hidden]}, or null
   */
  public static Batch rectangle(
      int sequences,
      int length,
      int @Nullable [] tokenIds,
      int @Nullable [] tokenTypeIds,
      int @Nullable [] positionIds,
      int @Nullable [] attentionMask,
      @Nullable Tensor inputsEmbeds) {
    int[] offsets = rectangleOffsets(sequences, length);
    int tokens = offsets[sequences];
    int[] positions = positionIds == null ? positions(offsets) : positionIds;
    if (positionIds != null && positionIds.length == length && sequences > 1) {
      positions = new int[tokens];
      for (int t = 0; t < tokens; t++) {
        positions[t] = positionIds[t % length];
      }
    }
    int[] types = tokenTypeIds == null ? new int[tokens] : tokenTypeIds;
    return new Batch(
        offsets, tokenIds, types, positions, byteMask(attentionMask), inputsEmbeds, null);
  }

  /** Row offsets of sequences of one length. */
  static int[] rectangleOffsets(int sequences, int length) {
    int[] offsets = new int[sequences + 1];
    for (int b = 0; b <= sequences; b++) {
      offsets[b] = Math.multiplyExact(b, length);
    }
    return offsets;
  }

  /** A mask as bytes; null if nothing is masked. */
  static byte @Nullable [] byteMask(int @Nullable [] mask) {
    if (mask == null) {
      return null;
    }
    byte[] bytes = new byte[mask.length];
    boolean masked = false;
    for (int i = 0; i < mask.length; i++) {
      bytes[i] = (byte) (mask[i] != 0 ? 1 : 0);
      masked |= mask[i] == 0;
    }
    return masked ? bytes : null;
  }

  /** Positions 0, 1, … of every sequence. */
  static int[] positions(int[] offsets) {
    int[] positions = new int[offsets[offsets.length - 1]];
    for (int b = 0; b + 1 < offsets.length; b++) {
      for (int t = offsets[b]; t < offsets[b + 1]; t++) {
        positions[t] = t - offsets[b];
      }
    }
    return positions;
  }

  /**
   * This batch with hidden states of an encoder, a rectangle {@code [sequences, length, hidden]}.
   *
   * @param attentionMask {@code sequences × length} of 0 or 1, or null for ones
   */
  public Batch withEncoder(Tensor hiddenStates, int @Nullable [] attentionMask) {
    Shape shape = hiddenStates.shape();
    if (shape.rank() != 3 || hiddenStates.dtype() != DType.F32) {
      throw new IllegalArgumentException(
          "encoder_hidden_states is "
              + hiddenStates
              + ", F32 [sequences, length, hidden] is expected");
    }
    int length = shape.intExtent(1);
    if (attentionMask != null && attentionMask.length != shape.extent(0) * length) {
      throw new IllegalArgumentException(
          "encoder_attention_mask has " + attentionMask.length + " entries for shape " + shape);
    }
    Tensor rows = hiddenStates.reshape(Shape.of(shape.extent(0) * length, shape.extent(2)));
    EncoderInput input =
        new EncoderInput(
            rows, rectangleOffsets(shape.intExtent(0), length), byteMask(attentionMask));
    return new Batch(
        offsets, tokenIds, tokenTypeIds, positionIds, this.attentionMask, inputsEmbeds, input);
  }

  /**
   * Some rows of this batch, which keep their positions; the usual use is to leave padding out.
   *
   * @param rows ascending; at least one of every sequence
   * @throws IllegalArgumentException if a sequence would be empty, or the batch has {@code
   *     inputsEmbeds}
   */
  public Batch keepRows(int[] rows) {
    int[] ids = tokenIds;
    if (ids == null) {
      throw new IllegalArgumentException("rows of a batch with inputs_embeds cannot be left out");
    }
    int[] keptOffsets = new int[offsets.length];
    int[] keptIds = new int[rows.length];
    int[] keptTypes = new int[rows.length];
    int[] keptPositions = new int[rows.length];
    byte[] keptMask = attentionMask == null ? null : new byte[rows.length];
    int sequence = 0;
    for (int i = 0; i < rows.length; i++) {
      while (rows[i] >= offsets[sequence + 1]) {
        keptOffsets[++sequence] = i;
      }
      keptIds[i] = ids[rows[i]];
      keptTypes[i] = tokenTypeIds[rows[i]];
      keptPositions[i] = positionIds[rows[i]];
      if (keptMask != null && attentionMask != null) {
        keptMask[i] = attentionMask[rows[i]];
      }
    }
    while (sequence < sequences()) {
      keptOffsets[++sequence] = rows.length;
    }
    return new Batch(keptOffsets, keptIds, keptTypes, keptPositions, keptMask, null, encoder);
  }

  /** Number of sequences. */
  public int sequences() {
    return offsets.length - 1;
  }

  /** Number of rows, all sequences together. */
  public int tokens() {
    return offsets[offsets.length - 1];
  }

  /** Rows of the first token of every sequence. */
  int[] firstRows() {
    return Arrays.copyOf(offsets, sequences());
  }

  /**
   * Checks ids and lengths against a configuration.
   *
   * @throws IllegalArgumentException naming the sequence, the token and the limit
   */
  void requireFits(MegatronBertConfig config) {
    boolean fits =
        (tokenIds == null || within(tokenIds, config.vocabSize()))
            && within(tokenTypeIds, config.typeVocabSize())
            && within(positionIds, config.maxPositionEmbeddings());
    for (int b = 0; !fits && b < sequences(); b++) {
      int length = offsets[b + 1] - offsets[b];
      for (int t = offsets[b]; t < offsets[b + 1]; t++) {
        if (tokenIds != null) {
          requireRange(
              "token id", tokenIds[t], config.vocabSize(), "vocab_size", b, t - offsets[b]);
        }
        requireRange(
            "token type id",
            tokenTypeIds[t],
            config.typeVocabSize(),
            "type_vocab_size",
            b,
            t - offsets[b]);
        if (positionIds[t] < 0 || positionIds[t] >= config.maxPositionEmbeddings()) {
          throw new IllegalArgumentException(
              "sequence "
                  + b
                  + " has "
                  + length
                  + " tokens and reaches position "
                  + positionIds[t]
                  + ", the model has max_position_embeddings "
                  + config.maxPositionEmbeddings()
                  + "; truncate the text or split it into windows");
        }
      }
    }
    Tensor embeds = inputsEmbeds;
    if (embeds != null && embeds.shape().extent(1) != config.hiddenSize()) {
      throw new IllegalArgumentException(
          "inputs_embeds has "
              + embeds.shape().extent(1)
              + " columns, the model's hidden_size is "
              + config.hiddenSize());
    }
    if (encoder != null && encoder.hiddenStates().shape().extent(-1) != config.hiddenSize()) {
      throw new IllegalArgumentException(
          "encoder_hidden_states has "
              + encoder.hiddenStates().shape().extent(-1)
              + " columns, the model's hidden_size is "
              + config.hiddenSize());
    }
  }

  /** Whether all are from 0 to below the limit, in a loop that the JVM turns into vectors. */
  private static boolean within(int[] values, int limit) {
    int outside = 0;
    for (int value : values) {
      outside |= value | (limit - 1 - value);
    }
    return outside >= 0;
  }

  private static void requireRange(
      String what, int value, int limit, String limitName, int sequence, int token) {
    if (value < 0 || value >= limit) {
      throw new IllegalArgumentException(
          what
              + " "
              + value
              + " of token "
              + token
              + " in sequence "
              + sequence
              + " is outside 0 … "
              + (limit - 1)
              + " ("
              + limitName
              + " "
              + limit
              + ")");
    }
  }

  /** Whether the other has the same rows in the same sequences. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Batch that
        && Arrays.equals(offsets, that.offsets)
        && Arrays.equals(tokenIds, that.tokenIds)
        && Arrays.equals(tokenTypeIds, that.tokenTypeIds)
        && Arrays.equals(positionIds, that.positionIds)
        && Arrays.equals(attentionMask, that.attentionMask)
        && (inputsEmbeds == null
            ? that.inputsEmbeds == null
            : inputsEmbeds.contentEquals(that.inputsEmbeds))
        && Objects.equals(encoder, that.encoder);
  }

  @Override
  public int hashCode() {
    return Objects.hash(Arrays.hashCode(offsets), Arrays.hashCode(tokenIds), encoder);
  }

  @Override
  public String toString() {
    return "Batch[offsets="
        + Arrays.toString(offsets)
        + ", tokenIds="
        + Arrays.toString(tokenIds)
        + ", tokenTypeIds="
        + Arrays.toString(tokenTypeIds)
        + ", positionIds="
        + Arrays.toString(positionIds)
        + ", attentionMask="
        + Arrays.toString(attentionMask)
        + ", inputsEmbeds="
        + inputsEmbeds
        + ", encoder="
        + encoder
        + "]";
  }
}
