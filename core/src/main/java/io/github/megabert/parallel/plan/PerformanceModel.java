// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.plan;

import io.github.megabert.parallel.ParallelPlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Predicts a training step in half precision on GPUs, as a sum of products, of what memory limits,
 * and of messages.
 *
 * <ul>
 *   <li>Products: operations of {@link ModelShape} at the cluster's share of its peak.
 *   <li>What memory limits, bytes that a forward pass moves in a layer: 22·s·b·h of LayerNorms,
 *       dropouts and residuals, which T divides with sequence parallelism alone; 16·s·b·h of the
 *       activation and 14·a·s²·b of softmax and its dropout, divided by T. Backward moves twice as
 *       much.
 *   <li>Tensor-parallel messages: two all-reduces of 2·s·b·h bytes a layer forward and two backward
 *       (Shoeybi et al. 2019, section 3), two more with recomputation. Sequence parallelism sends
 *       as much (Korthikanti et al. 2022, section 4.2.2).
 *   <li>Pipeline: the bubble is (P − 1) passes (Narayanan et al. 2021, section 2.2.1), and a pass
 *       sends 2·s·b·h bytes forward and as many back.
 *   <li>Data-parallel messages: an all-reduce of 2 bytes a parameter once a step.
 * </ul>
 */
public final class PerformanceModel {
  private static final double HALF = 2;

  /** Sequences of a pass that are tried. */
  private static final int MOST_SEQUENCES = 64;

  private final ModelShape model;
  private final Cluster cluster;

  /** A model on a cluster. */
  public PerformanceModel(ModelShape model, Cluster cluster) {
    this.model = model;
    this.cluster = cluster;
  }

  /** Predicts a layout. */
  public Prediction predict(TrainingLayout layout) {
    int pipeline = layout.plan().pipeline();
    int passes = layout.passes();
    double layers = (double) model.layers() / pipeline;
    double stage = layers * layerSeconds(layout) + (pipeline > 1 ? sendSeconds(layout) : 0);
    double last = stage + logitSeconds(layout);
    double passesSeconds = passes * last + (pipeline - 1) * stage;
    double gradients = gradientSeconds(layout);
    double hidden = layout.overlap() ? 2.0 / 3 * stage : 0;
    double seconds = passesSeconds + Math.max(0, gradients - hidden) + optimizerSeconds(layout);
    double gpus = layout.plan().ranks();
    return new Prediction(
        layout,
        seconds,
        model.stepOperations(layout.globalBatch(), layout.recompute()) / seconds / gpus,
        model.stepOperations(layout.globalBatch(), false) / seconds / gpus / cluster.peak(),
        memory(layout));
  }

  /** Numbers of a pass's hidden states, s·b·h. */
  private double states(TrainingLayout layout) {
    return (double) model.sequence() * layout.microBatch() * model.hidden();
  }

  /** Forward passes that a pass is worth: one, twice that backward, and one again. */
  private static double passesOf(TrainingLayout layout) {
    return layout.recompute() ? 4 : 3;
  }

  private double layerSeconds(TrainingLayout layout) {
    int tensor = layout.plan().tensor();
    double states = states(layout);
    double products =
        passesOf(layout)
            * layout.microBatch()
            * model.layerOperations()
            / tensor
            / (cluster.peak() * cluster.productShare());
    double scores =
        (double) model.heads() * model.sequence() * model.sequence() * layout.microBatch();
    double moved =
        22 * states / (layout.sequenceParallel() ? tensor : 1)
            + (16 * states + 14 * scores) / tensor;
    double messages =
        (layout.recompute() ? 6 : 4)
            * cluster.allReduceSeconds(
                tensor, Math.min(tensor, cluster.gpusPerNode()), HALF * states);
    return products + passesOf(layout) * moved / cluster.memoryRate() + messages;
  }

  private double logitSeconds(TrainingLayout layout) {
    return 3
        * layout.microBatch()
        * model.logitOperations()
        / layout.plan().tensor()
        / (cluster.peak() * cluster.productShare());
  }

  /** A stage's neighbour is in another node unless both fit into one. */
  private double sendSeconds(TrainingLayout layout) {
    double rate =
        layout.plan().ranks() <= cluster.gpusPerNode()
            ? cluster.nodeLink()
            : cluster.networkLink() / cluster.gpusPerNode();
    // Each of T ranks sends its part; the other stage's NVLink gathers them.
    double bytes = HALF * states(layout) / layout.plan().tensor();
    return 2 * (bytes / (rate * cluster.linkShare()) + cluster.latency());
  }

  /** Parameters of the GPU that has the most: its share of a stage and of the words. */
  private double parametersHere(TrainingLayout layout) {
    ParallelPlan plan = layout.plan();
    return (model.layers() / (double) plan.pipeline() * model.layerParameters()
            + model.embeddingParameters())
        / plan.tensor();
  }

  private double gradientSeconds(TrainingLayout layout) {
    ParallelPlan plan = layout.plan();
    int inNode = Math.max(1, Math.min(plan.data(), cluster.gpusPerNode() / plan.tensor()));
    return cluster.allReduceSeconds(plan.data(), inNode, HALF * parametersHere(layout));
  }

  /** AdamW reads and writes its state, 18 bytes a parameter, once each. */
  private double optimizerSeconds(TrainingLayout layout) {
    int share = layout.distributedOptimizer() ? layout.plan().data() : 1;
    return 2 * 18 * parametersHere(layout) / share / cluster.memoryRate();
  }

  /**
   * Bytes of a GPU: 2 of a parameter, 4 of its gradient and 12 of its state; and of a layer's
   * activations for each pass under way, of which the first stage has P (Korthikanti et al. 2022,
   * equations 2, 4 and table 2): s·b·h·(10 + 24/T), (34/T) with sequence parallelism, or 2 where
   * all is recomputed, and then those of one layer more.
   */
  private double memory(TrainingLayout layout) {
    ParallelPlan plan = layout.plan();
    double tensor = plan.tensor();
    double state =
        parametersHere(layout) * (6 + 12.0 / (layout.distributedOptimizer() ? plan.data() : 1));
    double states = states(layout);
    double kept = states * (layout.sequenceParallel() ? 34 / tensor : 10 + 24 / tensor);
    double underWay = Math.min(layout.passes(), plan.pipeline());
    double layers = (double) model.layers() / plan.pipeline();
    double scores =
        5.0 * model.heads() * model.sequence() * model.sequence() * layout.microBatch() / tensor;
    double activations =
        layout.recompute()
            ? underWay * layers * 2 * states + kept + scores
            : underWay * layers * kept + scores;
    double logits =
        6
            * model.logitShare()
            * model.sequence()
            * layout.microBatch()
            * model.vocabulary()
            / tensor;
    return state + activations + logits;
  }

  /**
   * All layouts that fit into memory, the quickest first. Layers are shared within a node, by ranks
   * that the node and the heads are divisible by, with sequence parallelism; stages are equal; the
   * optimizer's state is cut over the copies.
   *
   * @param gpus all of them
   * @param globalBatch sequences of a step
   */
  public List<Prediction> plan(int gpus, int globalBatch) {
    List<Prediction> all = new ArrayList<>();
    for (int tensor = 1; tensor <= Math.min(gpus, cluster.gpusPerNode()); tensor++) {
      for (int pipeline = 1; pipeline <= model.layers(); pipeline++) {
        if (model.heads() % tensor == 0
            && (gpus <= cluster.gpusPerNode() || cluster.gpusPerNode() % tensor == 0)
            && model.layers() % pipeline == 0
            && gpus % (tensor * pipeline) == 0) {
          addAll(all, ParallelPlan.of(gpus, tensor, pipeline), globalBatch);
        }
      }
    }
    all.sort(Comparator.comparingDouble(Prediction::stepSeconds));
    return all;
  }

  private void addAll(List<Prediction> all, ParallelPlan plan, int globalBatch) {
    if (globalBatch % plan.data() != 0) {
      return;
    }
    int each = globalBatch / plan.data();
    for (int sequences = 1; sequences <= Math.min(each, MOST_SEQUENCES); sequences *= 2) {
      if (each % sequences == 0) {
        for (boolean recompute : new boolean[] {false, true}) {
          Prediction one =
              predict(
                  new TrainingLayout(
                      plan, sequences, globalBatch, plan.tensor() > 1, recompute, true, true));
          if (one.memory() <= cluster.memory()) {
            all.add(one);
          }
        }
      }
    }
  }
}
