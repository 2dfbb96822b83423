// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.checkpoint.torch.PickleWriter;
import io.github.megabert.checkpoint.torch.TorchWriter;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A rank's file in the making: tensors are announced for its tree, and read when it is written. */
final class MegatronFile {
  private final int rank;
  private final TorchWriter writer = new TorchWriter();
  private final List<Elements> elements = new ArrayList<>();

  /** Where a tensor's numbers come from. */
  private interface Elements {
    Tensor read(TensorSpec spec, Arena arena) throws IOException;
  }

  MegatronFile(int rank) {
    this.rank = rank;
  }

  /** This rank's part of a parameter. */
  PickleWriter.StoredTensor announce(MegatronSlices slices, MegatronPartition.Parameter parameter)
      throws IOException {
    elements.add((spec, arena) -> slices.read(parameter, spec, rank, arena));
    return writer.announce(slices.spec(parameter));
  }

  /** A number as a tensor without axes, as PyTorch's AdamW counts its updates. */
  PickleWriter.StoredTensor announce(String name, float value) {
    elements.add(
        (spec, arena) -> {
          Tensor tensor = Tensor.allocate(arena, DType.F32, spec.shape());
          tensor.segment().set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, value);
          return tensor;
        });
    return writer.announce(new TensorSpec(name, DType.F32, Shape.of()));
  }

  /**
   * Writes the file.
   *
   * @param tree with the tensors that were announced
   * @param written is told of each tensor before it is written
   */
  void write(Path file, Object tree, Consumer<TensorSpec> written) throws IOException {
    writer.write(
        file,
        tree,
        (index, spec, arena) -> {
          written.accept(spec);
          return elements.get(index).read(spec, arena);
        });
  }
}
