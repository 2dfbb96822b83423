// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import io.github.megabert.checkpoint.TensorSpec;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a PyTorch file in the zip format: the tree first, then one tensor at a time.
 *
 * <p>Announce the tensors with {@link #announce}, put what it returns into the tree, and give the
 * elements when they are asked for, in the same order.
 */
public final class TorchWriter {
  private final List<PickleWriter.StoredTensor> announced = new ArrayList<>();

  /** Gives the elements of a tensor that was announced; the tensor is dropped before the next. */
  @FunctionalInterface
  public interface Elements {
    Tensor of(int index, TensorSpec spec, Arena arena) throws IOException;
  }

  /** Announces a tensor. */
  public PickleWriter.StoredTensor announce(TensorSpec spec) {
    PickleWriter.StoredTensor tensor =
        new PickleWriter.StoredTensor(Integer.toString(announced.size()), spec);
    announced.add(tensor);
    return tensor;
  }

  /** Writes the file. */
  public void write(Path file, Object tree, Elements elements) throws IOException {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    String folder = (dot > 0 ? name.substring(0, dot) : name) + "/";
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ZipStoreWriter zip = new ZipStoreWriter(channel);
      zip.add(folder + "data.pkl", MemorySegment.ofArray(PickleWriter.pickle(tree)));
      zip.add(folder + "byteorder", text("little"));
      for (int i = 0; i < announced.size(); i++) {
        PickleWriter.StoredTensor tensor = announced.get(i);
        try (Arena arena = Arena.ofShared()) {
          zip.add(folder + "data/" + tensor.key(), elements.of(i, tensor.spec(), arena).segment());
        }
      }
      zip.add(folder + "version", text("3\n"));
      zip.finish();
    }
  }

  private static MemorySegment text(String text) {
    return MemorySegment.ofArray(text.getBytes(StandardCharsets.US_ASCII));
  }
}
