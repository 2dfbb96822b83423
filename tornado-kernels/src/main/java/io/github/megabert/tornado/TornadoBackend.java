// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.DeviceMessages;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.UnsupportedOptionException;
import io.github.megabert.backend.spi.LinearShapes;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tornado.kernels.FloatKernelSet;
import io.github.megabert.tornado.kernels.HalfKernelSet;
import io.github.megabert.tornado.kernels.KernelSet;
import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Programs;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * One device. Matrices are float32 there, or binary16 with {@link Precision#F16}; one computation
 * runs at a time.
 */
final class TornadoBackend implements Backend {
  private final String device;
  private final Precision precision;
  private final TornadoVMBackendType type;
  private final KernelSet kernels;
  private final Products products;
  private final Programs programs;
  private final Map<Integer, Deque<Operand>> freeResidents = new HashMap<>();
  private final NcclGroups ncclGroups = new NcclGroups();
  private volatile @Nullable DensePlan latestPlan;

  private TornadoBackend(TornadoDevice device, Precision precision) {
    this.device = Devices.name(device);
    this.precision = precision;
    type = device.getTornadoVMBackend();
    kernels = precision == Precision.F16 ? HalfKernelSet.SET : FloatKernelSet.SET;
    products = new Products(kernels, type == TornadoVMBackendType.CUDA, precision);
    programs = new Programs(device, this.device, TornadoBackend::joined);
  }

  private static List<Call> joined(List<Call> calls) {
    return BFloat16Fusion.fuse(RoundedMatrices.round(calls));
  }

  /**
   * Opens a device.
   *
   * @throws UnsupportedOptionException if it does not know the precision
   */
  static TornadoBackend open(TornadoDevice device, Precision precision) {
    boolean cuda = device.getTornadoVMBackend() == TornadoVMBackendType.CUDA;
    boolean known =
        switch (precision) {
          case F32, F16 -> true;
          case TF32, BF16 -> cuda;
          case INT8 -> false;
        };
    if (!known) {
      throw new UnsupportedOptionException(
          UnsupportedOptionException.Option.PRECISION,
          Devices.name(device)
              + " computes in f32 and f16"
              + (cuda ? ", tf32 and bf16" : " (TornadoVM's CUDA driver also in tf32 and bf16)")
              + ", not in "
              + precision.optionName()
              + ".");
    }
    return new TornadoBackend(device, precision);
  }

  @Override
  public String name() {
    return "tornado";
  }

  @Override
  public String device() {
    return device;
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public void requireRanks(Communicator group) {
    if (programs.isCuda() && group.size() > 1 && group.isOfThreads()) {
      throw new IllegalArgumentException(
          "ranks that are threads of one process cannot have NVIDIA's GPUs, of which TornadoVM's"
              + " driver serves one at a time; start a process for each: mpirun -n "
              + group.size());
    }
  }

  @Override
  public Parameter parameter(Tensor values) {
    programs.requireOpen();
    int rank = values.shape().rank();
    if (rank != 1 && rank != 2) {
      throw new IllegalArgumentException(
          "a parameter is a vector or a table, not of shape " + values.shape());
    }
    return TornadoParameter.of(programs.memory(), element(), values);
  }

  @Override
  public Linear linear(List<Tensor> weights, List<@Nullable Tensor> biases) {
    programs.requireOpen();
    LinearShapes shapes = LinearShapes.check(weights, biases);
    return TornadoLinear.of(programs.memory(), precision, shapes, weights, biases);
  }

  @Override
  public Parameter parameter(ResidentMatrix values) {
    requireTraining();
    return TornadoParameter.live(resident(values));
  }

  @Override
  public Linear linear(ResidentMatrix weight, ResidentMatrix bias) {
    requireTraining();
    long biases = (long) bias.rows() * bias.columns();
    if (biases != weight.rows()) {
      throw new IllegalArgumentException(
          "a weight of "
              + weight.rows()
              + " outputs needs as many biases, not "
              + bias.rows()
              + " x "
              + bias.columns());
    }
    Operand master = resident(weight).operand();
    Operand vector = resident(bias).operand();
    int inputs = weight.columns();
    int outputs = weight.rows();
    if (Products.element(precision, inputs, outputs) != Element.BFLOAT16) {
      return new TornadoLinear(inputs, outputs, master, vector, null, null);
    }
    TornadoNativeArray rounded = Element.BFLOAT16.allocate(Math.multiplyExact(inputs, outputs));
    Operand working = new Operand.Resident(programs.memory().add(rounded));
    return new TornadoLinear(inputs, outputs, working, vector, null, master);
  }

  private static TornadoMatrix resident(ResidentMatrix matrix) {
    if (matrix instanceof TornadoResidentMatrix own) {
      return own.matrix();
    }
    throw new IllegalArgumentException("the matrix belongs to another backend: " + matrix);
  }

  /** Throws {@link UnsupportedOperationException} in a precision that is not trained in. */
  void requireTraining() {
    if (precision == Precision.F16) {
      throw new UnsupportedOptionException(
          UnsupportedOptionException.Option.PRECISION,
          "the tornado backend trains in f32, tf32 and bf16, not in f16, whose gradients would need"
              + " loss scaling; train in bf16");
    }
    if (multipliesBFloat16()) {
      programs.useCublas();
    }
  }

  @Override
  public ResidentMatrix resident(int rows, int columns) {
    programs.requireOpen();
    int capacity = Buckets.rows(rows);
    int elements = Math.multiplyExact(capacity, Math.max(1, columns));
    Operand operand = takeResident(elements);
    TornadoMatrix matrix = new TornadoMatrix(null, operand, rows, columns, capacity);
    return new TornadoResidentMatrix(matrix, () -> giveResident(elements, operand));
  }

  /** Straight into the array: a program for each parameter of a model took longer than a step. */
  @Override
  public void write(ResidentMatrix matrix, int firstRow, Tensor values) {
    TornadoMatrix target = resident(matrix);
    Objects.checkFromIndexSize(firstRow, values.shape().intExtent(0), target.rows());
    TornadoMatrix.requireShape(target, "matrix", target.rows(), values.shape().intExtent(1));
    long first = (long) firstRow * target.columns();
    TornadoNativeArray array = array(target);
    boolean isWritten =
        programs.alone(
            () -> {
              HostCopies.fill(array, first, values);
              return programs.memory().write(array, first, values.elements());
            });
    if (!isWritten) {
      Backend.super.write(matrix, firstRow, values);
    }
  }

  @Override
  public void read(ResidentMatrix matrix, int firstRow, int rows, MemorySegment destination) {
    TornadoMatrix source = resident(matrix);
    Objects.checkFromIndexSize(firstRow, rows, source.rows());
    long first = (long) firstRow * source.columns();
    long count = (long) rows * source.columns();
    TornadoNativeArray array = array(source);
    programs.alone(
        () -> {
          programs.memory().read(array, first, count);
          HostCopies.copy(array, first, count, destination);
        });
  }

  private static TornadoNativeArray array(TornadoMatrix matrix) {
    return array(matrix.operand());
  }

  private static TornadoNativeArray array(Operand operand) {
    if (operand instanceof Operand.Resident resident) {
      return resident.array();
    }
    throw new IllegalStateException("a resident matrix lies in scratch memory");
  }

  /**
   * Arrays of closed resident matrices are used again: a program is compiled for the arrays that it
   * reads, so a new cache of an old size finds its programs compiled.
   */
  private Operand takeResident(int elements) {
    Operand free;
    synchronized (freeResidents) {
      free = freeResidents.computeIfAbsent(elements, e -> new ArrayDeque<>()).poll();
    }
    if (free == null) {
      return new Operand.Resident(programs.memory().add(element().allocate(elements)));
    }
    clear(free, elements);
    return free;
  }

  private void giveResident(int elements, Operand operand) {
    synchronized (freeResidents) {
      freeResidents.computeIfAbsent(elements, e -> new ArrayDeque<>()).push(operand);
    }
  }

  private void clear(Operand operand, int elements) {
    try (TornadoComputation computation = new TornadoComputation(this)) {
      computation.clear(operand, elements);
      computation.finish();
    }
  }

  @Override
  public @Nullable DeviceMessages deviceMessages(Communicator group) {
    programs.requireOpen();
    if (element() != Element.FLOAT) {
      return null;
    }
    Operand some = takeResident(1);
    try {
      CudaSlots slots = CudaSlots.of(group, programs, array(some));
      return slots == null
          ? null
          : new PeerMessages(group, slots, computation -> (TornadoComputation) computation);
    } finally {
      giveResident(1, some);
    }
  }

  @Override
  public Computation begin() {
    programs.requireOpen();
    return new TornadoComputation(this);
  }

  /** Whether training multiplies in bfloat16, by cuBLAS. */
  boolean multipliesBFloat16() {
    return type == TornadoVMBackendType.CUDA && precision == Precision.BF16;
  }

  /** What matrices hold. */
  Element element() {
    return precision == Precision.F16 ? Element.HALF : Element.FLOAT;
  }

  KernelSet kernels() {
    return kernels;
  }

  Products products() {
    return products;
  }

  /** Whether the kernels over pairs run here: on CUDA, in binary16. */
  boolean hasPairs() {
    return type == TornadoVMBackendType.CUDA && precision == Precision.F16;
  }

  /** Whether cuDNN can serve attention: on CUDA, where binary16 is exact enough for the scores. */
  boolean fusesAttention() {
    return type == TornadoVMBackendType.CUDA && precision != Precision.F32;
  }

  /** The groups of ranks that NCCL connects. */
  NcclGroups ncclGroups() {
    return ncclGroups;
  }

  /** The device's memory and what runs on it. */
  Programs programs() {
    return programs;
  }

  /** How the attention of the last computation was grouped; null before the first. */
  @Nullable DensePlan latestPlan() {
    return latestPlan;
  }

  /** Keeps a plan in place of the one before. */
  void keep(DensePlan plan) {
    latestPlan = plan;
  }

  @Override
  public void close() {
    try {
      ncclGroups.close();
    } finally {
      programs.close();
    }
  }
}
