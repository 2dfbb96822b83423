// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.train.data.TrainingFixtures;
import io.github.megabert.train.data.indexed.IndexedDataset;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Parts are those that Megatron-LM cuts: bounds are rounded to even halves. */
class DataSplitTest {
  @Test
  void proportionsCutDocuments() throws IOException {
    try (IndexedDataset data = IndexedDataset.open(TrainingFixtures.corpus("text_sentence"))) {
      assertEquals(70, data.documents());
      DataSplit split = DataSplit.parse("949,50,1");
      assertEquals(Optional.of(new DocumentRange(0, 66)), split.range(DataSplit.Part.TRAIN, data));
      assertEquals(
          Optional.of(new DocumentRange(66, 70)), split.range(DataSplit.Part.VALIDATION, data));
      assertEquals(Optional.empty(), split.range(DataSplit.Part.TEST, data));
      DataSplit half = DataSplit.parse("0.5,.5");
      assertEquals(
          Optional.of(new DocumentRange(35, 70)), half.range(DataSplit.Part.VALIDATION, data));
      assertEquals(
          Optional.of(new DocumentRange(0, 2)),
          DataSplit.parse("2.5,67.5,0").range(DataSplit.Part.TRAIN, data));
    }
  }

  @Test
  void whatIsNoSplitIsRefused() {
    for (String text : new String[] {"", "a", "1,2,3,4", "-1,2", "0,0,0", "1,,2", "1e3"}) {
      assertThrows(IllegalArgumentException.class, () -> DataSplit.parse(text), text);
    }
  }
}
