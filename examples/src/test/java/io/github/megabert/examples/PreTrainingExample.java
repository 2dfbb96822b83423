// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.data.samples.Corpora;
import io.github.megabert.train.data.samples.SampleOptions;
import io.github.megabert.train.task.PreTraining;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

final class PreTrainingExample {
  private PreTrainingExample() {}

  static void maskedWords(BertTokenizer tokenizer) throws IOException {
    try (Corpora corpora = Corpora.open(List.of("corpus"))) {
      PreTraining.begin(MegatronBertConfig.ofSizes(6, 256, 4, 1024, 8192, 512), tokenizer)
          .samples(SampleOptions.DEFAULT.withSequenceLength(128))
          .options(TrainingOptions.DEFAULT.withMaxSteps(10_000).withLearningRate(1e-4))
          .run(corpora, Path.of("my-model"));
    }
  }
}
