package io.github.megabert.backend.vector;

import io.github.megabert.backend.vector.attention.Attention;
import io.github.megabert.backend.vector.attention.AttentionAdjoint;
import io.github.megabert.backend.vector.gemm.Gemm;
import io.github.megabert.backend.vector.gemm.LinearGradients;
import io.github.megabert.backend.vector.gemm.ReadAhead;
import io.github.megabert.backend.vector.gemm.UnpackedGemm;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.memory.Slabs;
import io.github.megabert.backend.vector.rows.Embedding;
import io.github.megabert.backend.vector.rows.LayerNorm;
import io.github.megabert.backend.vector.rows.RowSoftmax;
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
import io.github.megabert.tensor.Workers;

/** What a computation needs beyond the parameters; computations use it one after the other. */
final class Workspace implements AutoCloseable {
  final Slabs slabs = new Slabs();
  private final KernelMemory memory = new KernelMemory();
  final Gemm gemm;
  final LinearGradients linearGradients;
  final Attention attention;
  final AttentionAdjoint attentionAdjoint;
  final LayerNorm layerNorm;
  final RowSoftmax softmax;
  final Embedding embedding;
  final Elements elements;
  final ElementActivation activation;
  final ElementDropout dropout;
  final LayerNormAdjoint layerNormAdjoint;
  final CrossEntropyAdjoint crossEntropyAdjoint;
  final ScatterAdd scatterAdd;
  final SquaredNorm squaredNorm;
  final AdamW adamW;

  Workspace(Workers workers, Forms forms, ReadAhead readAhead) {
    Team team = new Team(workers);
    UnpackedGemm unpacked = new UnpackedGemm(team, memory, forms);
    gemm = new Gemm(team, memory, forms, readAhead, unpacked);
    linearGradients = new LinearGradients(team, memory, forms, unpacked);
    attention = new Attention(team, memory, forms);
    attentionAdjoint = new AttentionAdjoint(team, memory, forms);
    layerNorm = new LayerNorm(team, memory, forms);
    softmax = new RowSoftmax(team, memory, forms);
    embedding = new Embedding(team, memory, forms);
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

  @Override
  public void close() {
    slabs.close();
    memory.close();
  }
}
