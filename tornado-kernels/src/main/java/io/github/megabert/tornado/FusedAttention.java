// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.tornado.kernels.DenseKernels;
import io.github.megabert.tornado.kernels.DenseTasks;
import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Kernel;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Temporary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Attention by cuDNN on its matrix units: rows to dense tensors, one library task, and back. */
final class FusedAttention {
  private FusedAttention() {}

  /**
   * The calls of a group.
   *
   * @param index of the group
   * @param element what rows hold; the dense tensors hold binary16
   * @param sources queries, keys and values
   * @param columns their first columns
   */
  static List<Call> calls(
      DenseGroup group,
      int index,
      Element element,
      List<TornadoMatrix> sources,
      int[] columns,
      TornadoMatrix out) {
    AttentionLayout layout = group.layout();
    int queryElements = group.queryElements();
    int keyElements = group.keyElements();
    List<Operand> dense =
        List.of(
            Temporary.QUERIES.of(index, queryElements, Element.HALF),
            Temporary.KEYS.of(index, keyElements, Element.HALF),
            Temporary.VALUES.of(index, keyElements, Element.HALF),
            Temporary.CONTEXT.of(index, queryElements, Element.HALF));
    boolean half = element == Element.HALF;
    List<Call> calls = new ArrayList<>();
    if (together(layout, sources, columns)) {
      Kernel kernel = half ? DenseTasks.PACK_TOGETHER : DenseTasks.PACK_TOGETHER_FLOAT;
      calls.add(packTogether(kernel, group, sources.getFirst(), columns, dense));
    } else {
      Kernel kernel = half ? DenseTasks.PACK : DenseTasks.PACK_FLOAT;
      for (int role = DenseKernels.QUERY; role <= DenseKernels.VALUE; role++) {
        calls.add(pack(kernel, group, sources.get(role), columns[role], dense.get(role), role));
      }
    }
    calls.add(
        new Call(
            DenseTasks.ATTENTION,
            List.of(
                dense.get(0),
                dense.get(1),
                dense.get(2),
                dense.get(3),
                group.sequences(),
                layout.heads(),
                group.queries(),
                group.keys(),
                group.width(),
                (float) (1 / Math.sqrt(layout.headDim())),
                layout.causal() ? 1 : 0),
            null));
    int elements = out.capacity() * layout.heads() * layout.headDim();
    // Heads are multiples of 8 wide, so the array has four quarters of pairs.
    int each = half ? elements / 4 : elements;
    List<Object> unpacked =
        List.of(
            Operand.INTEGERS,
            group.linesAt(),
            dense.get(3),
            out.operand(),
            out.columns(),
            layout.heads(),
            group.queries(),
            layout.headDim(),
            group.width(),
            each);
    if (half) {
      calls.add(new Call(DenseTasks.UNPACK, unpacked, Grid.elements(each / 2)));
    } else {
      List<Object> arguments = new ArrayList<>(unpacked);
      boolean whole = Arrays.stream(layout.queryLength()).sum() == out.rows();
      arguments.add(
          !whole ? DenseTasks.SOME_ROWS : index == 0 ? DenseTasks.ALL_ROWS : DenseTasks.MORE_ROWS);
      calls.add(new Call(DenseTasks.UNPACK_FLOAT, List.copyOf(arguments), Grid.elements(each)));
    }
    return calls;
  }

  private static boolean together(
      AttentionLayout layout, List<TornadoMatrix> sources, int[] columns) {
    return Arrays.stream(columns).allMatch(column -> column % 2 == 0)
        && sources.getFirst().columns() % 2 == 0
        && sources.get(0).equals(sources.get(1))
        && sources.get(1).equals(sources.get(2))
        && Arrays.equals(layout.queryStart(), layout.keyStart())
        && Arrays.equals(layout.queryLength(), layout.keyLength());
  }

  private static Call packTogether(
      Kernel kernel, DenseGroup group, TornadoMatrix source, int[] columns, List<Operand> dense) {
    int count = group.queryElements() / 2;
    return new Call(
        kernel,
        List.of(
            Operand.INTEGERS,
            group.queriesAt(),
            group.maskAt(),
            source.operand(),
            source.columns(),
            columns[0],
            columns[1],
            columns[2],
            dense.get(0),
            dense.get(1),
            dense.get(2),
            group.layout().heads(),
            group.queries(),
            group.layout().headDim(),
            group.width(),
            count),
        Grid.elements(count));
  }

  private static Call pack(
      Kernel kernel, DenseGroup group, TornadoMatrix source, int column, Operand dense, int role) {
    boolean query = role == DenseKernels.QUERY;
    int count = query ? group.queryElements() : group.keyElements();
    return new Call(
        kernel,
        List.of(
            Operand.INTEGERS,
            query ? group.queriesAt() : group.keysAt(),
            group.maskAt(),
            source.operand(),
            source.columns(),
            column,
            dense,
            group.layout().heads(),
            query ? group.queries() : group.keys(),
            group.layout().headDim(),
            group.width(),
            role,
            count),
        Grid.elements(count));
  }
}
