// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import io.github.megabert.backend.AdamWStep;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/** AdamW (Loshchilov and Hutter 2019), in float32 as PyTorch computes it, a block a task. */
public final class AdamW implements ElementBlocks.Operation {
  private final ElementBlocks blocks;
  private final Forms forms;
  private AdamWKernel.Constants step = constants(new AdamWStep(0, 0, 0, 1, 0, 1, 1));
  private MemorySegment value = MemorySegment.NULL;
  private MemorySegment gradient = MemorySegment.NULL;
  private MemorySegment first = MemorySegment.NULL;
  private MemorySegment second = MemorySegment.NULL;

  public AdamW(ElementBlocks blocks, Forms forms) {
    this.blocks = blocks;
    this.forms = forms;
  }

  private static AdamWKernel.Constants constants(AdamWStep step) {
    return new AdamWKernel.Constants(
        (float) step.gradientScale(),
        (float) step.beta1(),
        (float) (1 - step.beta1()),
        (float) step.beta2(),
        (float) (1 - step.beta2()),
        (float) (1 - step.learningRate() * step.weightDecay()),
        (float) (-step.learningRate() / step.firstCorrection()),
        (float) (1 / Math.sqrt(step.secondCorrection())),
        (float) step.eps());
  }

  /** One step on {@code rows} rows from {@code firstRow} on, of matrices of one shape. */
  public void update(
      AdamWStep numbers,
      HostMatrix x,
      HostMatrix g,
      HostMatrix m,
      HostMatrix v,
      int firstRow,
      int rows) {
    step = constants(numbers);
    value = x.segment();
    gradient = g.segment();
    first = m.segment();
    second = v.segment();
    blocks.run((long) firstRow * x.columns(), (long) rows * x.columns(), this);
  }

  @Override
  public void run(long from, int count, int slot) {
    AdamWKernel.update(forms, step, value, gradient, first, second, from * Float.BYTES, count);
  }
}
