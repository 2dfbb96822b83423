// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.tornado.kernels.BFloat16Kernels;
import io.github.megabert.tornado.kernels.DenseTasks;
import io.github.megabert.tornado.kernels.DeviceMath;
import io.github.megabert.tornado.kernels.FloatKernelSet;
import io.github.megabert.tornado.kernels.MatrixLibrary;
import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Temporary;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Which calls are left of a layer in bfloat16. */
class BFloat16FusionTest {
  private static final int ROWS = 32;
  private static final int HIDDEN = 64;

  private final Operand weight = new Operand.Resident(new FloatArray(1));
  private final Operand bias = new Operand.Resident(new FloatArray(1));
  private final Operand states = scratch(0, HIDDEN);
  private final Operand normalised = scratch(1, HIDDEN);
  private final Operand queryKeyValue = scratch(2, 3 * HIDDEN);
  private final Operand context = scratch(3, HIDDEN);
  private final List<Call> calls = new ArrayList<>();

  private static Operand scratch(int slot, int columns) {
    return new Operand.Scratch(slot, ROWS * columns, Element.FLOAT);
  }

  private void norm(Operand x, Operand out) {
    calls.add(
        new Call(
            FloatKernelSet.SET.layerNorm(),
            List.of(x, weight, bias, out, HIDDEN, 1e-12f),
            Grid.rows(ROWS, 128)));
  }

  private void linear(
      Operand x, int inputs, int outputs, int activation, Operand out, boolean sum) {
    Operand factor = Temporary.FACTOR.of(ROWS * inputs, Element.BFLOAT16);
    Operand product = Temporary.PRODUCT.of(ROWS * outputs, Element.BFLOAT16);
    calls.add(new Call(BFloat16Kernels.NARROW, List.of(x, factor, ROWS * inputs), null));
    calls.add(
        new Call(
            MatrixLibrary.BFLOAT16,
            List.of(weight, factor, product, ROWS, outputs, inputs, 0f),
            null));
    calls.add(
        new Call(
            BFloat16Kernels.COMPLETE,
            List.of(product, bias, out, out, activation, sum ? 1 : 0, outputs, ROWS * outputs),
            null));
  }

  private void attention(int... rows) {
    for (int group = 0; group < rows.length; group++) {
      Operand q = Temporary.QUERIES.of(group, 1, Element.HALF);
      Operand k = Temporary.KEYS.of(group, 1, Element.HALF);
      Operand v = Temporary.VALUES.of(group, 1, Element.HALF);
      Operand out = Temporary.CONTEXT.of(group, 1, Element.HALF);
      calls.add(
          new Call(
              DenseTasks.PACK_TOGETHER_FLOAT,
              List.of(
                  Operand.INTEGERS,
                  0,
                  -1,
                  queryKeyValue,
                  3 * HIDDEN,
                  0,
                  HIDDEN,
                  2 * HIDDEN,
                  q,
                  k,
                  v,
                  1,
                  ROWS,
                  HIDDEN,
                  HIDDEN,
                  1),
              null));
      calls.add(
          new Call(
              DenseTasks.ATTENTION, List.of(q, k, v, out, 1, 1, ROWS, ROWS, HIDDEN, 1f, 0), null));
      calls.add(
          new Call(
              DenseTasks.UNPACK_FLOAT,
              List.of(
                  Operand.INTEGERS,
                  0,
                  out,
                  context,
                  HIDDEN,
                  1,
                  ROWS,
                  HIDDEN,
                  HIDDEN,
                  ROWS * HIDDEN,
                  rows[group]),
              null));
    }
  }

  private void layer(int... rows) {
    norm(states, normalised);
    linear(normalised, HIDDEN, 3 * HIDDEN, DeviceMath.IDENTITY, queryKeyValue, false);
    attention(rows);
    linear(context, HIDDEN, HIDDEN, DeviceMath.IDENTITY, states, true);
  }

  private List<String> fused() {
    return BFloat16Fusion.fuse(calls).stream().map(call -> call.kernel().name()).toList();
  }

  @Test
  void aLayerKeepsItsSumInFloat32Only() {
    layer(DenseTasks.ALL_ROWS);
    layer(DenseTasks.ALL_ROWS);
    layer(DenseTasks.ALL_ROWS);
    List<String> fused = fused();
    assertEquals(
        List.of(
            "bfloat16Norm",
            "cublasBFloat16",
            "bfloat16Pack",
            "cudnnAttention",
            "bfloat16Unpack",
            "cublasBFloat16",
            "completeNorm",
            "cublasBFloat16",
            "bfloat16Pack",
            "cudnnAttention",
            "bfloat16Unpack",
            "cublasBFloat16"),
        fused.subList(0, 12));
    assertEquals(
        List.of(
            "complete",
            "layerNorm",
            "bfloat16Norm",
            "cublasBFloat16",
            "complete",
            "bfloat16Pack",
            "cudnnAttention",
            "unpackFloat",
            "bfloat16Unpack",
            "cublasBFloat16",
            "complete"),
        fused.subList(12, fused.size()),
        "what the last layer writes may be read later");
  }

  @Test
  void groupsOfSequencesAreRoundedTogether() {
    layer(DenseTasks.ALL_ROWS, DenseTasks.MORE_ROWS);
    layer(DenseTasks.ALL_ROWS, DenseTasks.MORE_ROWS);
    assertEquals(4, fused().stream().filter("bfloat16Unpack"::equals).count());
    assertEquals(2, fused().stream().filter("unpackFloat"::equals).count());
  }

  @Test
  void rowsBetweenSequencesStay() {
    layer(DenseTasks.SOME_ROWS);
    layer(DenseTasks.SOME_ROWS);
    assertEquals(0, fused().stream().filter("bfloat16Unpack"::equals).count());
    assertEquals(2, fused().stream().filter("unpackFloat"::equals).count());
  }

  @Test
  void whatHasChangedSinceIsNotReadAgain() {
    norm(states, normalised);
    linear(context, HIDDEN, HIDDEN, DeviceMath.IDENTITY, states, true);
    linear(normalised, HIDDEN, 3 * HIDDEN, DeviceMath.IDENTITY, queryKeyValue, false);
    assertEquals(
        List.of(
            "layerNorm",
            "narrow",
            "cublasBFloat16",
            "complete",
            "narrow",
            "cublasBFloat16",
            "complete"),
        fused());
  }

  @Test
  void otherPrecisionsAreLeftAlone() {
    norm(states, normalised);
    norm(states, normalised);
    assertEquals(calls, BFloat16Fusion.fuse(calls));
  }
}
