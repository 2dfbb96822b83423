// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.MegaBert;
import io.github.megabert.MegaBertBuilder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import picocli.CommandLine.Mixin;

/** The model of a task, with its words and its head. */
public final class TaskOptions {
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private VocabOption vocab = new VocabOption();
  @Mixin private ClassOption head = new ClassOption();

  /**
   * Opens the model.
   *
   * @param texts how many it is for
   * @param more what other options say about it
   */
  public MegaBert open(int texts, List<Consumer<MegaBertBuilder>> more) throws IOException {
    List<Consumer<MegaBertBuilder>> all = new ArrayList<>(List.of(vocab, head));
    all.addAll(more);
    return model.open(texts, all);
  }
}
