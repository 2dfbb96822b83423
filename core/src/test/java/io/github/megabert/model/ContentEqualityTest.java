// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.model.generation.GeneratedSequence;
import io.github.megabert.task.QuestionAnswering.WindowLogits;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.EncodingOptions;
import io.github.megabert.tokenizer.TokenizerConfig;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Records that hold arrays are values: they compare, hash and print by what the arrays hold. */
class ContentEqualityTest {
  private static void assertValues(Supplier<?> same, List<?> others, String text) {
    assertEquals(same.get(), same.get());
    assertEquals(same.get().hashCode(), same.get().hashCode());
    for (Object other : others) {
      assertNotEquals(same.get(), other);
      assertNotEquals(other, same.get());
    }
    assertEquals(text, same.get().toString());
  }

  private static GeneratedSequence sequence(int length, double score, int... ids) {
    return new GeneratedSequence(ids, length, score, GeneratedSequence.Reason.END_TOKEN);
  }

  @Test
  void generatedSequences() {
    assertValues(
        () -> sequence(1, 0.5, 4, 2),
        List.of(sequence(1, 0.5, 4, 3), sequence(2, 0.5, 4, 2), sequence(1, 0.25, 4, 2)),
        "GeneratedSequence[tokenIds=[4, 2], promptLength=1, score=0.5, reason=END_TOKEN]");
  }

  @Test
  void encodings() {
    List<String> words = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "dog");
    BertTokenizer tokenizer = BertTokenizer.of(words, TokenizerConfig.UNCASED);
    Encoding other = tokenizer.encode("dog");
    assertValues(
        () -> tokenizer.encode("a"),
        // Equal ids at other places of the text differ too.
        List.of(other, tokenizer.encode(" a"), tokenizer.encode("a", "a", EncodingOptions.DEFAULT)),
        "Encoding[ids=[2, 5, 3], typeIds=[0, 0, 0], attentionMask=[1, 1, 1],"
            + " specialTokensMask=[1, 0, 1], wordIds=[-1, 0, -1], sequenceIds=[-1, 0, -1],"
            + " charStart=[0, 0, 0], charEnd=[0, 1, 0], codePointStart=[0, 0, 0],"
            + " codePointEnd=[0, 1, 0], tokens=[[CLS], a, [SEP]], overflow=[], truncatedTokens=0]");
  }

  @Test
  void layoutsOfAttention() {
    assertValues(
        () -> AttentionLayout.self(2, 16, false, new int[] {0, 2, 5}, new byte[] {1, 1, 1, 0, 1}),
        List.of(
            AttentionLayout.self(2, 16, false, new int[] {0, 3, 5}, new byte[] {1, 1, 1, 0, 1}),
            AttentionLayout.self(2, 16, false, new int[] {0, 2, 5}, null),
            AttentionLayout.self(2, 16, true, new int[] {0, 2, 5}, new byte[] {1, 1, 1, 0, 1}),
            AttentionLayout.self(2, 8, false, new int[] {0, 2, 5}, new byte[] {1, 1, 1, 0, 1})),
        "AttentionLayout[heads=2, headDim=16, causal=false, queryStart=[0, 2],"
            + " queryLength=[2, 3], keyStart=[0, 2], keyLength=[2, 3], keyMask=[1, 1, 1, 0, 1]]");
  }

  @Test
  void batches() {
    assertValues(
        () -> Batch.ofTokens(new int[] {5, 6}, new int[] {7}),
        List.of(Batch.ofTokens(new int[] {5}, new int[] {6, 7}), Batch.ofTokens(new int[] {5})),
        "Batch[offsets=[0, 2, 3], tokenIds=[5, 6, 7], tokenTypeIds=[0, 0, 0],"
            + " positionIds=[0, 1, 0], attentionMask=null, inputsEmbeds=null, encoder=null]");
  }

  private static Batch withEmbeddings(Tensor embeddings) {
    return new Batch(
        new int[] {0, 2}, null, new int[2], new int[] {0, 1}, new byte[] {1, 0}, embeddings, null);
  }

  @Test
  void tensorsOfBatchesAndLabelsCompareByTheirNumbers() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor one = Tensor.allocate(arena, DType.F32, Shape.of(2, 1));
      Tensor twin = Tensor.allocate(arena, DType.F32, Shape.of(2, 1));
      Tensor other = Tensor.allocate(arena, DType.F32, Shape.of(2, 1));
      Tensor turned = Tensor.allocate(arena, DType.F32, Shape.of(1, 2));
      one.setFloat(1, 3);
      twin.setFloat(1, 3);
      turned.setFloat(1, 3);
      assertValues(
          () -> withEmbeddings(one),
          List.of(withEmbeddings(other), Batch.ofTokens(new int[] {0, 1})),
          "Batch[offsets=[0, 2], tokenIds=null, tokenTypeIds=[0, 0], positionIds=[0, 1],"
              + " attentionMask=[1, 0], inputsEmbeds=F32 [2, 1], encoder=null]");
      assertEquals(withEmbeddings(one), withEmbeddings(twin));
      assertEquals(new Labels.Values(one), new Labels.Values(twin));
      assertEquals(new Labels.Values(one).hashCode(), new Labels.Values(twin).hashCode());
      assertNotEquals(new Labels.Values(one), new Labels.Values(other));
      assertNotEquals(new Labels.Values(one), new Labels.Values(turned));
      assertEquals(
          new Batch.EncoderInput(one, new int[] {0, 2}, null),
          new Batch.EncoderInput(twin, new int[] {0, 2}, null));
      assertValues(
          () -> new Batch.EncoderInput(one, new int[] {0, 2}, new byte[] {1, 0}),
          List.of(
              new Batch.EncoderInput(other, new int[] {0, 2}, new byte[] {1, 0}),
              new Batch.EncoderInput(one, new int[] {0, 1, 2}, new byte[] {1, 0}),
              new Batch.EncoderInput(one, new int[] {0, 2}, null)),
          "EncoderInput[hiddenStates=F32 [2, 1], offsets=[0, 2], attentionMask=[1, 0]]");
    }
  }

  private static WindowLogits logits(float start, float end) {
    return new WindowLogits(new float[] {start, 2}, new float[] {end});
  }

  @Test
  void logitsOfWindows() {
    assertValues(
        () -> logits(1, 3),
        List.of(logits(4, 3), logits(1, 4)),
        "WindowLogits[start=[1.0, 2.0], end=[3.0]]");
  }

  @Test
  void labels() {
    assertValues(
        () -> new Labels.OfTokens(new int[] {1, -100}),
        List.of(new Labels.OfTokens(new int[] {1}), new Labels.OfSequences(new int[] {1, -100})),
        "OfTokens[classes=[1, -100]]");
    assertValues(
        () -> new Labels.OfSequences(new int[] {1, 2}),
        List.of(new Labels.OfSequences(new int[] {2, 1})),
        "OfSequences[classes=[1, 2]]");
    assertValues(
        () -> new Labels.OfPreTraining(new int[] {7, 8}, new int[] {0}),
        List.of(new Labels.OfPreTraining(new int[] {7, 8}, new int[] {1})),
        "OfPreTraining[tokens=[7, 8], sequences=[0]]");
    assertValues(
        () -> new Labels.Spans(new int[] {1}, new int[] {2}),
        List.of(new Labels.Spans(new int[] {2}, new int[] {1})),
        "Spans[starts=[1], ends=[2]]");
  }
}
