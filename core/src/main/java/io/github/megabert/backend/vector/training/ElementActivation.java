// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/** An activation of every element, and its adjoint. */
public final class ElementActivation {
  private final ElementBlocks blocks;
  private final Forms forms;
  private final ElementBlocks.Operation applying = this::apply;
  private final ElementBlocks.Operation walkingBack = this::walkBack;
  private Activation activation = Activation.IDENTITY;
  private MemorySegment x = MemorySegment.NULL;
  private MemorySegment dOut = MemorySegment.NULL;
  private MemorySegment target = MemorySegment.NULL;

  public ElementActivation(ElementBlocks blocks, Forms forms) {
    this.blocks = blocks;
    this.forms = forms;
  }

  /** {@code out = function(input)}. */
  public void apply(Activation function, HostMatrix input, HostMatrix out) {
    activation = function;
    x = input.segment();
    target = out.segment();
    blocks.run(0, input.elements(), applying);
  }

  /** {@code dX = gradient ⊙ function′(input)}; dX may be the gradient. */
  public void adjoint(Activation function, HostMatrix input, HostMatrix gradient, HostMatrix dX) {
    activation = function;
    x = input.segment();
    dOut = gradient.segment();
    target = dX.segment();
    blocks.run(0, input.elements(), walkingBack);
  }

  private void apply(long first, int count, int slot) {
    ActivateRow.apply(forms, activation, x, target, first * Float.BYTES, count);
  }

  private void walkBack(long first, int count, int slot) {
    ActivationAdjoint.multiply(forms, activation, x, dOut, target, first * Float.BYTES, count);
  }
}
