package io.github.megabert.backend.vector;

import io.github.megabert.backend.vector.attention.AttentionAdjoint;
import io.github.megabert.backend.vector.gemm.LinearGradients;
import io.github.megabert.backend.vector.gemm.UnpackedGemm;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.training.AdamW;
import io.github.megabert.backend.vector.training.CrossEntropyAdjoint;
import io.github.megabert.backend.vector.training.ElementActivation;
import io.github.megabert.backend.vector.training.ElementBlocks;
import io.github.megabert.backend.vector.training.ElementDropout;
import io.github.megabert.backend.vector.training.Elements;
import io.github.megabert.backend.vector.training.LayerNormAdjoint;
import io.github.megabert.backend.vector.training.ScatterAdd;
import io.github.megabert.backend.vector.training.SquaredNorm;
import io.github.megabert.backend.vector.warmup.Forms;

/**
 * What a computation needs for training beyond a {@link Workspace}; made when it is first asked
 * for, so that inference does not load it.
 */
final class TrainingWorkspace {
  final LinearGradients linearGradients;
  final AttentionAdjoint attentionAdjoint;
  final Elements elements;
  final ElementActivation activation;
  final ElementDropout dropout;
  final LayerNormAdjoint layerNormAdjoint;
  final CrossEntropyAdjoint crossEntropyAdjoint;
  final ScatterAdd scatterAdd;
  final SquaredNorm squaredNorm;
  final AdamW adamW;

  TrainingWorkspace(Team team, KernelMemory memory, Forms forms, UnpackedGemm unpacked) {
    linearGradients = new LinearGradients(team, memory, forms, unpacked);
    attentionAdjoint = new AttentionAdjoint(team, memory, forms);
    ElementBlocks blocks = new ElementBlocks(team);
    elements = new Elements(blocks, forms);
    activation = new ElementActivation(blocks, forms);
    dropout = new ElementDropout(blocks, memory, forms);
    layerNormAdjoint = new LayerNormAdjoint(team, memory, forms);
    crossEntropyAdjoint = new CrossEntropyAdjoint(team, memory, forms);
    scatterAdd = new ScatterAdd(team, forms);
    squaredNorm = new SquaredNorm(blocks, memory, forms);
    adamW = new AdamW(blocks, forms);
  }
}
