// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.checkpoint.torch.PickleAssembler;
import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForPreTraining;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.FileChangedException;
import io.github.megabert.tensor.MappedMemory;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A file that is cut short while it is open ends in an exception of the documented kind, and not in
 * the end of the JVM: wherever it is read, interpreted or compiled, on one thread or several. A
 * child JVM reads, and says what it got for each case.
 */
class CutFilesTest {
  private static final int ELEMENTS = 1 << 20;

  @TempDir private Path folder;

  @Test
  void everyReaderOfACutFileThrowsADocumentedException() throws Exception {
    Path errors = folder.resolve("err.txt");
    Process process =
        ChildJvm.start(
            errors,
            Cases.class,
            folder.toString(),
            Fixtures.transformers("MegatronBertForPreTraining").toString());
    assertEquals(
        List.of(
            "a tensor of a deflated storage: CheckpointException",
            "a tensor of a stored storage: CheckpointException",
            "a transposed tensor: CheckpointException",
            "a checkpoint that is opened: CheckpointException",
            "a conversion to Megatron-LM: CheckpointException",
            "a conversion of transformers' folder: CheckpointException",
            "a conversion to another dtype: CheckpointException",
            "a table that vector reads: FileChangedException",
            "a weight that vector does not pack: FileChangedException",
            "a weight that vector packs: FileChangedException",
            "a weight that scalar takes: FileChangedException",
            "an answer: FileChangedException",
            "float16 as floats: FileChangedException",
            "int32 as integers: FileChangedException",
            "int32 one by one: InternalError"),
        ChildJvm.lines(process, errors));
  }

  /** The cases, each as it prints itself. */
  static final class Cases {
    private final Path folder;
    private final Path model;
    private int files;

    private Cases(Path folder, Path model) {
      this.folder = folder;
      this.model = model;
    }

    public static void main(String[] arguments) throws Exception {
      new Cases(Path.of(arguments[0]), Path.of(arguments[1])).run();
    }

    private interface Body {
      void run() throws IOException;
    }

    private static void tell(String name, Body body) throws IOException {
      String result;
      try {
        body.run();
        result = "nothing thrown";
      } catch (CheckpointException | FileChangedException e) {
        boolean says = String.valueOf(e.getMessage()).matches(".*(cut short|changed in place).*");
        result = says ? e.getClass().getSimpleName() : e.toString();
      } catch (InternalError | RuntimeException e) {
        result = e.getClass().getSimpleName();
      }
      System.out.println(name + ": " + result);
    }

    private static void cut(Path file, long size) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(size);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    private Path next(String name) throws IOException {
      Path parent = Files.createDirectory(folder.resolve("case" + files++));
      Files.copy(model.resolve("config.json"), parent.resolve("config.json"));
      return parent.resolve(name);
    }

    private void run() throws IOException {
      torch();
      conversions();
      backends();
      tensors();
    }

    private static PickleAssembler tree(long[] stride) {
      return new PickleAssembler()
          .ops("}")
          .text("w")
          .tensor("0", ELEMENTS, 0, new long[] {1024, 1024}, stride)
          .ops("s");
    }

    private void torch() throws IOException {
      long[] plain = {1024, 1};
      byte[] numbers = new byte[ELEMENTS * 4];
      new Random(1).nextBytes(numbers);
      byte[] stored = PickleAssembler.zip("m/data.pkl", tree(plain).end(), "m/data/0", numbers);
      byte[] turned =
          PickleAssembler.zip("m/data.pkl", tree(new long[] {1, 1024}).end(), "m/data/0", numbers);
      byte[] deflated = Archives.deflated("m/data.pkl", tree(plain).end(), "m/data/0", numbers);
      cutAfterOpening("a tensor of a deflated storage", deflated);
      cutAfterOpening("a tensor of a stored storage", stored);
      cutAfterOpening("a transposed tensor", turned);
      tell(
          "a checkpoint that is opened",
          () -> {
            Path file = next("model.safetensors");
            Files.copy(model.resolve("model.safetensors"), file);
            try (Checkpoint checkpoint = Checkpoint.open(file)) {
              cut(file, 100);
              checkpoint.tensor(checkpoint.names().iterator().next());
            }
          });
    }

    private void cutAfterOpening(String name, byte[] content) throws IOException {
      Path file = next("pytorch_model.bin");
      Files.write(file, content);
      try (Checkpoint checkpoint = Checkpoint.open(file);
          Arena arena = Arena.ofConfined()) {
        tell(
            name,
            () -> {
              cut(file, 8192);
              checkpoint.tensor("w", arena);
            });
      }
    }

    private void conversions() throws IOException {
      tell(
          "a conversion to Megatron-LM",
          () -> converter((input, file) -> input.toMegatron(file.resolveSibling("out"), 1, 1)));
      tell(
          "a conversion of transformers' folder",
          () -> converter((input, file) -> input.toHuggingFace(file.resolveSibling("out"))));
      tell(
          "a conversion to another dtype",
          () ->
              converter(
                  (input, file) ->
                      input.dtype(DType.BF16).toHuggingFace(file.resolveSibling("out"))));
    }

    private interface Conversion {
      void run(CheckpointConverter converter, Path input) throws IOException;
    }

    private void converter(Conversion conversion) throws IOException {
      Path file = next("model.safetensors");
      Files.copy(model.resolve("model.safetensors"), file);
      try (Checkpoint checkpoint = Checkpoint.open(file)) {
        // A view that is taken before the file is cut is read after it.
        AtomicBoolean first = new AtomicBoolean(true);
        Checkpoint cutting =
            new ActsWhenRead(
                checkpoint,
                () -> {
                  if (first.getAndSet(false)) {
                    cut(file, 4096);
                  }
                });
        conversion.run(new CheckpointConverter(cutting), file);
      }
      if (Files.exists(file.resolveSibling("out"))) {
        throw new IllegalStateException("something was written");
      }
    }

    private void backends() throws IOException {
      BackendOptions options = BackendOptions.DEFAULT.withThreads(2);
      try (Backend vector = Backends.open("vector", options.withPacking(false))) {
        tell(
            "a table that vector reads",
            () -> {
              Path file = matrix(DType.F16);
              try (Safetensors tensors = Safetensors.open(file)) {
                Backend.Parameter table = vector.parameter(tensors.tensor("w"));
                for (int i = 0; i < 2000; i++) {
                  embed(vector, table);
                }
                cut(file, 4096);
                embed(vector, table);
              }
            });
        tell(
            "a weight that vector does not pack",
            () -> {
              Path file = matrix(DType.F32);
              try (Safetensors tensors = Safetensors.open(file)) {
                Backend.Linear linear = linear(vector, tensors.tensor("w"));
                for (int i = 0; i < 300; i++) {
                  multiply(vector, linear);
                }
                cut(file, 4096);
                multiply(vector, linear);
              }
            });
      }
      for (String name : new String[] {"vector", "scalar"}) {
        boolean packs = name.equals("vector");
        try (Backend backend = Backends.open(name, options)) {
          tell(
              packs ? "a weight that vector packs" : "a weight that scalar takes",
              () -> {
                Path file = matrix(DType.F32);
                try (Safetensors tensors = Safetensors.open(file)) {
                  Tensor weight = tensors.tensor("w");
                  cut(file, 4096);
                  linear(backend, weight);
                }
              });
        }
      }
      tell("an answer", this::answer);
    }

    private static Backend.Linear linear(Backend backend, Tensor weight) {
      List<@Nullable Tensor> none = Arrays.asList((Tensor) null);
      return MappedMemory.read("the weight", () -> backend.linear(List.of(weight), none));
    }

    private static void embed(Backend backend, Backend.Parameter table) {
      try (Computation computation = backend.begin()) {
        int[] ids = new int[64];
        Arrays.setAll(ids, i -> 256 + i);
        Matrix out = computation.matrix(ids.length, table.columns());
        computation.embed(ids, ids, ids, table, table, table, out);
      }
    }

    private static void multiply(Backend backend, Backend.Linear linear) {
      try (Computation computation = backend.begin()) {
        Matrix out = computation.matrix(2, linear.outputs());
        Matrix x = computation.matrix(2, linear.inputs());
        computation.linear(x, linear, Activation.IDENTITY, null, out);
      }
    }

    private Path matrix(DType dtype) throws IOException {
      Path file = next("t.safetensors");
      try (Arena arena = Arena.ofConfined()) {
        SafetensorsWriter.write(
            file, Map.of("w", Tensor.allocate(arena, dtype, Shape.of(512, 512))));
      }
      return file;
    }

    private void answer() throws IOException {
      Path file = next("model.safetensors");
      Files.copy(model.resolve("model.safetensors"), file);
      try (Checkpoint checkpoint = Checkpoint.open(file);
          Backend backend = Backends.open("vector", BackendOptions.DEFAULT)) {
        MegatronBertForPreTraining bert = MegatronBertForPreTraining.load(checkpoint, backend);
        int[][] tokens = {{1, 2, 3}};
        bert.forward(Batch.ofTokens(tokens), null, null, OutputOptions.NONE);
        cut(file, 4096);
        bert.forward(Batch.ofTokens(tokens), null, null, OutputOptions.NONE);
      }
    }

    private void tensors() throws IOException {
      tell(
          "float16 as floats",
          () -> {
            Path file = matrix(DType.F16);
            try (Safetensors tensors = Safetensors.open(file)) {
              Tensor tensor = tensors.tensor("w");
              cut(file, 4096);
              tensor.toFloatArray();
            }
          });
      tell(
          "int32 as integers",
          () -> {
            Path file = matrix(DType.I32);
            try (Safetensors tensors = Safetensors.open(file)) {
              Tensor tensor = tensors.tensor("w");
              // Once it is compiled.
              for (int i = 0; i < 20; i++) {
                tensor.toIntArray();
              }
              cut(file, 4096);
              tensor.toIntArray();
            }
          });
      tell(
          "int32 one by one",
          () -> {
            Path file = matrix(DType.I32);
            try (Safetensors tensors = Safetensors.open(file)) {
              Tensor tensor = tensors.tensor("w");
              sum(tensor);
              cut(file, 4096);
              sum(tensor);
              MappedMemory.settle();
            }
          });
    }

    private static long sum(Tensor tensor) {
      long sum = 0;
      for (int times = 0; times < 20; times++) {
        for (long i = 0; i < tensor.elements(); i++) {
          sum += tensor.getLong(i);
        }
      }
      return sum;
    }
  }
}
