// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.cuda;

import uk.ac.manchester.tornado.api.TornadoTaskGraphInterface;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** Copies between an array's host memory and the device, without a task graph, while none runs. */
public final class DirectCopies {
  private final CudaDriver driver;
  private final TornadoDevice device;
  private final long context;
  private final long stream;

  /** Copies on the stream of a plan. */
  public DirectCopies(CudaDriver driver, TornadoDevice device, long plan) {
    this.driver = driver;
    this.device = device;
    try {
      context = CapturedGraphs.context(device, plan);
      stream = CapturedGraphs.stream(device, plan);
    } catch (ReflectiveOperationException changed) {
      throw new IllegalStateException(
          "this TornadoVM is not the version that MegaBERT was built for, 5.2.0-jdk25", changed);
    }
  }

  /**
   * Copies a part of an array to the device and waits.
   *
   * @param graph one that uses the array
   * @param from the first byte of the part
   */
  public void toDevice(
      TornadoTaskGraphInterface graph, TornadoNativeArray array, long from, long bytes) {
    long target = CapturedGraphs.address(device, graph, array);
    driver.enter(context);
    driver.copyToDevice(target + from, array.getSegment().address() + from, bytes, stream);
    await();
  }

  /** Copies a part of an array from the device and waits. */
  public void toHost(
      TornadoTaskGraphInterface graph, TornadoNativeArray array, long from, long bytes) {
    long source = CapturedGraphs.address(device, graph, array);
    driver.enter(context);
    driver.copyToHost(array.getSegment().address() + from, source + from, bytes, stream);
    await();
  }

  /** Where the numbers of an array lie. */
  public DeviceAddress address(TornadoTaskGraphInterface graph, TornadoNativeArray array) {
    long address = CapturedGraphs.address(device, graph, array);
    return new DeviceAddress(driver, context, address);
  }

  private void await() {
    while (!driver.isDone(stream)) {
      Thread.onSpinWait();
    }
  }
}
