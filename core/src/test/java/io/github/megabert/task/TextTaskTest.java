// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TextClassification.Classification;
import java.io.IOException;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TextTaskTest {
  private static final List<String> TEXTS =
      List.of("no", "The hotel was wonderful.", "Angela Merkel visited Paris in 2015.");

  @Test
  void aTaskIsAFunctionOfATextAListAndAStream() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("text_classification", "scalar")) {
      TextClassification task = bert.textClassification();
      Function<List<String>, List<Classification>> many = task::applyAll;
      Function<Stream<String>, Stream<Classification>> any = task::stream;
      List<Classification> expected = TEXTS.stream().map(task).toList();
      assertEquals(3, expected.size());
      assertEquals(labels(expected), labels(many.apply(TEXTS)));
      assertEquals(labels(expected), labels(any.apply(TEXTS.stream()).toList()));
    }
  }

  private static List<String> labels(List<Classification> results) {
    return results.stream().map(result -> result.best().label()).toList();
  }

  @Test
  void tokensAreThoseThatTheModelReads() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("text_classification", "scalar")) {
      TextClassification task = bert.textClassification();
      // [CLS] no [SEP], and with a second text: no [SEP].
      assertEquals(3, task.tokens("no", TextClassification.Options.DEFAULT));
      TextPair pair = TextPair.of("no", "no");
      assertEquals(5, task.pairs().tokens(pair, TextClassification.Options.DEFAULT));
      assertEquals(task.apply(pair), task.pairs().applyAll(List.of(pair)).getFirst());
      assertThrows(
          IllegalArgumentException.class,
          () -> task.tokens("a ".repeat(70), TextClassification.Options.DEFAULT));
      TextEmbedding embedding = bert.textEmbedding();
      // 64 tokens a window: 62 of the text, then 8.
      assertEquals(74, embedding.tokens("a ".repeat(70), TextEmbedding.Options.DEFAULT));
    }
  }
}
