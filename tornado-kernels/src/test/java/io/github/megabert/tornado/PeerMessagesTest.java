// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** Messages by slots, which here lie in the memory of the process. */
class PeerMessagesTest {
  /** A handle is an address. */
  private static final class HostSlots implements PeerSlots {
    private final Arena arena = Arena.ofAuto();
    private int allocated;

    @Override
    public int handleBytes() {
      return Long.BYTES;
    }

    @Override
    public long allocate(long bytes) {
      allocated++;
      return arena.allocate(bytes, Long.BYTES).address();
    }

    @Override
    public byte[] export(long slot) {
      byte[] handle = new byte[Long.BYTES];
      MemorySegment.ofArray(handle).set(ValueLayout.JAVA_LONG_UNALIGNED, 0, slot);
      return handle;
    }

    @Override
    public long open(byte[] handle) {
      return MemorySegment.ofArray(handle).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
    }

    @Override
    public void leave(TornadoComputation computation, TornadoMatrix x, long slot) {
      computation.read(x, memory(slot, x));
    }

    @Override
    public void fetch(TornadoComputation computation, long slot, TornadoMatrix out) {
      computation.overwrite(out, memory(slot, out).toArray(ValueLayout.JAVA_FLOAT));
    }

    @SuppressWarnings("restricted") // The other rank's memory, which this process has.
    private static MemorySegment memory(long slot, TornadoMatrix matrix) {
      return MemorySegment.ofAddress(slot).reinterpret(PeerMessages.bytes(matrix));
    }
  }

  /**
   * Both send before they receive, two messages of a tag in order, and change what they sent. Later
   * messages are longer.
   */
  @Test
  void matricesArriveInOrderAndSlotsAreUsedAgain() throws InterruptedException {
    assumeTrue(TestedPrecision.options().precision() == Precision.F32, "messages are float32");
    var availability = new TornadoBackendProvider().availability();
    assumeTrue(availability.available(), availability.reason());
    assumeTrue(
        Devices.all().getFirst().getTornadoVMBackend() != TornadoVMBackendType.CUDA,
        "ranks with NVIDIA's GPUs are processes");
    ThreadRanks.run(
        2,
        world -> {
          int other = 1 - world.rank();
          HostSlots slots = new HostSlots();
          try (Backend backend = new TornadoBackendProvider().open(BackendOptions.DEFAULT)) {
            PeerMessages messages =
                new PeerMessages(world, slots, computation -> (TornadoComputation) computation);
            for (int step = 0; step < 3; step++) {
              int rows = 7 + step;
              try (Computation computation = backend.begin()) {
                Matrix x = computation.upload(filled(rows, 6, 10 * step + world.rank()));
                messages.send(computation, x, other, 2);
                computation.gatherRows(
                    computation.upload(filled(rows, 6, 5)), IntStream.range(0, rows).toArray(), x);
                messages.send(computation, x, other, 2);
                messages.send(computation, computation.upload(filled(3, 6, 8)), other, 3);
              }
              try (Computation computation = backend.begin()) {
                assertArrayEquals(
                    filled(3, 6, 8).toFloatArray(), received(messages, computation, 3, other, 3));
                float[] first = received(messages, computation, rows, other, 2);
                assertArrayEquals(filled(rows, 6, 10 * step + other).toFloatArray(), first);
                float[] second = received(messages, computation, rows, other, 2);
                assertArrayEquals(filled(rows, 6, 5).toFloatArray(), second);
                assertThrows(
                    IllegalArgumentException.class,
                    () -> received(messages, computation, 3, other, PeerMessages.ANSWERS - 1),
                    "an answer would have no tag");
              }
              messages.finish();
            }
            assertEquals(3, slots.allocated);
          }
        });
  }

  @Test
  void ranksOfSeveralHostsOrWithoutMemoryAreRefused() {
    assertEquals("", CudaSlots.refused(List.of("a:00", "a:01")));
    assertEquals("the ranks are on several hosts", CudaSlots.refused(List.of("a:00", "b:01")));
    assertEquals("no memory", CudaSlots.refused(List.of("a:00", "?no memory")));
  }

  private static float[] received(
      PeerMessages messages, Computation computation, int rows, int from, int tag) {
    Matrix out = computation.matrix(rows, 6);
    messages.receive(computation, from, tag, out);
    float[] values = new float[rows * 6];
    computation.read(out, MemorySegment.ofArray(values));
    return values;
  }

  private static Tensor filled(int rows, int columns, float value) {
    float[] values = new float[rows * columns];
    Arrays.fill(values, value);
    return Tensor.wrap(MemorySegment.ofArray(values), DType.F32, Shape.of(rows, columns));
  }
}
