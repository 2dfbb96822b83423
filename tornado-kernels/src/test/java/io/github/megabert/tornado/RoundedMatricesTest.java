// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.tornado.kernels.BFloat16Kernels;
import io.github.megabert.tornado.kernels.DeviceMath;
import io.github.megabert.tornado.kernels.FloatKernelSet;
import io.github.megabert.tornado.kernels.MatrixLibrary;
import io.github.megabert.tornado.kernels.TrainingTasks;
import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Kernel;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Temporary;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Which calls are left of a feed-forward layer's training in bfloat16. */
class RoundedMatricesTest {
  private static final int ROWS = 32;
  private static final int HIDDEN = 64;
  private static final int COUNT = ROWS * HIDDEN;

  private final Operand weight = new Operand.Resident(new FloatArray(1));
  private final Operand bias = new Operand.Resident(new FloatArray(1));
  private final Operand words = Temporary.TICKET.of(1, 16, Element.INT);
  private final Operand states = scratch(0);
  private final Operand normalised = scratch(1);
  private final Operand product = scratch(2);
  private final Operand activated = scratch(3);
  private final Operand dropped = scratch(4);
  private final Operand sum = scratch(5);
  private final Operand gradient = scratch(6);
  private final Operand result = scratch(7);
  private final List<Call> calls = new ArrayList<>();

  private static Operand scratch(int slot) {
    return new Operand.Scratch(slot, COUNT, Element.FLOAT);
  }

  private void call(Kernel kernel, Object... arguments) {
    calls.add(new Call(kernel, List.of(arguments), Grid.elements(COUNT)));
  }

  private void norm(Operand x, Operand out) {
    call(FloatKernelSet.SET.layerNorm(), x, weight, bias, out, HIDDEN, 1e-12f);
  }

  private void linear(Operand x, Operand out) {
    Operand factor = Temporary.FACTOR.of(COUNT, Element.BFLOAT16);
    Operand whole = Temporary.PRODUCT.of(COUNT, Element.BFLOAT16);
    call(BFloat16Kernels.NARROW, x, factor, COUNT, COUNT / 4);
    call(MatrixLibrary.BFLOAT16, weight, factor, whole, ROWS, HIDDEN, HIDDEN, 0f);
    call(BFloat16Kernels.COMPLETE, whole, bias, out, out, DeviceMath.IDENTITY, 0, HIDDEN, COUNT);
  }

  private void weightGradient(Operand dOut, Operand x) {
    Operand factor = Temporary.FACTOR.of(COUNT, Element.BFLOAT16);
    Operand rounded = Temporary.GRADIENT_FACTOR.of(COUNT, Element.BFLOAT16);
    call(BFloat16Kernels.NARROW, x, factor, COUNT, COUNT / 4);
    call(BFloat16Kernels.NARROW, dOut, rounded, COUNT, COUNT / 4);
    mixed(factor, rounded, weight, 1f);
  }

  private void mixed(Operand left, Operand right, Operand out, float beta) {
    calls.add(
        new Call(
            MatrixLibrary.MIXED,
            MatrixLibrary.product(left, right, out, false, true, HIDDEN, HIDDEN, ROWS, beta),
            null));
  }

  private void discard(Operand... operands) {
    for (Operand operand : operands) {
      call(TrainingTasks.DISCARD, operand);
    }
  }

  private void forward() {
    norm(states, normalised);
    linear(normalised, product);
    call(TrainingTasks.ACTIVATE, product, activated, 1, COUNT);
    linear(activated, dropped);
    call(TrainingTasks.DROPOUT_OF_QUADS, words, dropped, states, sum, 1, COUNT);
    discard(dropped);
    norm(sum, result);
  }

  private void backward() {
    Operand rounded = Temporary.GRADIENT_FACTOR.of(COUNT, Element.BFLOAT16);
    weightGradient(gradient, activated);
    mixed(weight, rounded, dropped, 0f);
    discard(activated);
    call(TrainingTasks.ACTIVATION, product, dropped, dropped, 1, COUNT);
    weightGradient(dropped, normalised);
    discard(product, normalised, dropped);
  }

  private List<String> names() {
    return RoundedMatrices.round(calls).stream().map(call -> call.kernel().name()).toList();
  }

  @Test
  void whatIsReadRoundedIsWrittenRounded() {
    forward();
    call(TrainingTasks.DROPOUT_OF_QUADS, words, sum, sum, gradient, 0, COUNT);
    backward();
    discard(gradient);
    assertEquals(
        List.of(
            "bfloat16Norm",
            "cublasBFloat16",
            "completeActivate",
            "cublasBFloat16",
            "bfloat16Activate",
            "dropoutSum",
            "layerNorm",
            "roundedDropout",
            "cublasMixed",
            "cublasRounded",
            "roundedActivationGradient",
            "cublasMixed"),
        names());
  }

  @Test
  void whatALaterProgramMayReadStaysFloat() {
    forward();
    call(TrainingTasks.DISCARD, states);
    assertEquals(
        List.of(
            "layerNorm",
            "narrow",
            "cublasBFloat16",
            "complete",
            "activate",
            "narrow",
            "cublasBFloat16",
            "bfloat16Activate",
            "dropoutSum",
            "layerNorm"),
        names());
  }

  @Test
  void matrixOfAnEarlierProgramIsReadAsItIs() {
    backward();
    discard(gradient);
    assertEquals(
        List.of(
            "narrow",
            "narrow",
            "cublasMixed",
            "cublasMixed",
            "activationGradient",
            "narrow",
            "narrow",
            "cublasMixed"),
        names());
  }

  @Test
  void sumAndItsNormAreOneCall() {
    linear(activated, dropped);
    call(TrainingTasks.DROPOUT_OF_QUADS, words, dropped, states, sum, 1, COUNT);
    discard(dropped);
    norm(sum, dropped);
    linear(dropped, product);
    discard(dropped);
    assertEquals(
        List.of("narrow", "cublasBFloat16", "dropoutNorm", "cublasBFloat16", "complete"), names());
  }
}
