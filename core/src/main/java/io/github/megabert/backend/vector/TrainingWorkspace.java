// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.vector.attention.Attention;
import io.github.megabert.backend.vector.attention.AttentionAdjoint;
import io.github.megabert.backend.vector.gemm.LinearGradients;
import io.github.megabert.backend.vector.gemm.UnpackedGemm;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.rows.LayerNormRow;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.rows.RowStatistics;
import io.github.megabert.backend.vector.training.ActivateRow;
import io.github.megabert.backend.vector.training.ActivationAdjoint;
import io.github.megabert.backend.vector.training.AdamW;
import io.github.megabert.backend.vector.training.AdamWKernel;
import io.github.megabert.backend.vector.training.CrossEntropyAdjoint;
import io.github.megabert.backend.vector.training.DropRow;
import io.github.megabert.backend.vector.training.DropoutFactors;
import io.github.megabert.backend.vector.training.ElementActivation;
import io.github.megabert.backend.vector.training.ElementBlocks;
import io.github.megabert.backend.vector.training.ElementDropout;
import io.github.megabert.backend.vector.training.ElementHalves;
import io.github.megabert.backend.vector.training.Elements;
import io.github.megabert.backend.vector.training.LayerNormAdjoint;
import io.github.megabert.backend.vector.training.LayerNormAdjointRow;
import io.github.megabert.backend.vector.training.PackHalves;
import io.github.megabert.backend.vector.training.ScatterAdd;
import io.github.megabert.backend.vector.training.SquaredNorm;
import io.github.megabert.backend.vector.training.SquaredSum;
import io.github.megabert.backend.vector.training.UnpackHalves;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What a computation needs for training beyond a {@link Workspace}; made when it is first asked
 * for, so that inference does not load it.
 */
final class TrainingWorkspace {
  final LinearGradients linearGradients;
  final AttentionAdjoint attentionAdjoint;
  final Elements elements;
  final ElementHalves halves;
  final ElementActivation activation;
  final ElementDropout dropout;
  final LayerNormAdjoint layerNormAdjoint;
  final CrossEntropyAdjoint crossEntropyAdjoint;
  final RowStatistics rowStatistics;
  final ScatterAdd scatterAdd;
  final SquaredNorm squaredNorm;
  final AdamW adamW;

  /** What the first steps of an encoder with GELU and dropout need, what takes longest first. */
  static Set<Kernel> kernels(Precision precision) {
    Set<Kernel> kernels = new LinkedHashSet<>(UnpackedGemm.kernels(precision));
    kernels.addAll(Attention.kernels());
    kernels.addAll(AttentionAdjoint.kernels());
    kernels.add(ActivateRow.of(Activation.GELU));
    kernels.add(ActivationAdjoint.of(Activation.GELU));
    if (MachineRows.get(Forms.WARMING) == null) {
      kernels.add(LayerNormRow.KERNEL);
    }
    kernels.add(LayerNormAdjointRow.KERNEL);
    kernels.add(DropoutFactors.KERNEL);
    kernels.add(DropRow.KERNEL);
    if (precision == Precision.BF16) {
      kernels.add(PackHalves.KERNEL);
      kernels.add(UnpackHalves.KERNEL);
    }
    kernels.add(AdamWKernel.KERNEL);
    kernels.add(SquaredSum.KERNEL);
    return kernels;
  }

  TrainingWorkspace(Team team, KernelMemory memory, Forms forms, UnpackedGemm unpacked) {
    linearGradients = new LinearGradients(team, memory, forms, unpacked);
    attentionAdjoint = new AttentionAdjoint(team, memory, forms);
    ElementBlocks blocks = new ElementBlocks(team);
    elements = new Elements(blocks, forms);
    halves = new ElementHalves(blocks, forms);
    activation = new ElementActivation(blocks, forms);
    dropout = new ElementDropout(blocks, memory, forms);
    layerNormAdjoint = new LayerNormAdjoint(team, memory, forms);
    crossEntropyAdjoint = new CrossEntropyAdjoint(team, memory, forms);
    rowStatistics = new RowStatistics(team, memory, forms);
    scatterAdd = new ScatterAdd(team, forms);
    squaredNorm = new SquaredNorm(blocks, memory, forms);
    adamW = new AdamW(blocks, forms);
  }
}
