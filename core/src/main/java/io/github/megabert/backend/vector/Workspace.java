// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import io.github.megabert.backend.vector.attention.Attention;
import io.github.megabert.backend.vector.gemm.Gemm;
import io.github.megabert.backend.vector.gemm.ReadAhead;
import io.github.megabert.backend.vector.gemm.UnpackedGemm;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.memory.Slabs;
import io.github.megabert.backend.vector.rows.Embedding;
import io.github.megabert.backend.vector.rows.LayerNorm;
import io.github.megabert.backend.vector.rows.RowCrossEntropy;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.tensor.Workers;
import org.jspecify.annotations.Nullable;

/** What a computation needs beyond the parameters; computations use it one after the other. */
final class Workspace implements AutoCloseable {
  final Slabs slabs = new Slabs();
  private final KernelMemory memory = new KernelMemory();
  private final Team team;
  private final Forms forms;
  private final UnpackedGemm unpacked;
  final Gemm gemm;
  final Attention attention;
  final LayerNorm layerNorm;
  final RowCrossEntropy crossEntropy;
  final Embedding embedding;
  private @Nullable TrainingWorkspace training;

  Workspace(Workers workers, Forms forms, ReadAhead readAhead) {
    this.forms = forms;
    team = new Team(workers);
    unpacked = new UnpackedGemm(team, memory, forms);
    gemm = new Gemm(team, memory, forms, readAhead, unpacked);
    attention = new Attention(team, memory, forms);
    layerNorm = new LayerNorm(team, memory, forms);
    crossEntropy = new RowCrossEntropy(team, memory, forms);
    embedding = new Embedding(team, memory, forms);
  }

  TrainingWorkspace training() {
    TrainingWorkspace mine = training;
    if (mine == null) {
      mine = new TrainingWorkspace(team, memory, forms, unpacked);
      training = mine;
    }
    return mine;
  }

  @Override
  public void close() {
    slabs.close();
    memory.close();
    gemm.close();
  }
}
