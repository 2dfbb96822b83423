// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointConverter;
import io.github.megabert.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;

final class CheckpointsExample {
  private CheckpointsExample() {}

  static void convert() throws IOException {
    try (Checkpoint input = Checkpoint.open(Path.of("megatron_bert_345m.zip"))) {
      new CheckpointConverter(input).dtype(DType.F32).toHuggingFace(Path.of("megatron-bert-345m"));
    }
  }
}
