// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What calls do, which JMH prints a second: GFLOP/s and GB/s. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Work {
  /** Thousand millions of floating-point operations. */
  public double gflop;

  /** Thousand millions of bytes of operands and results, each counted once. */
  public double gbyte;

  /**
   * Counts a call.
   *
   * @param operations floating-point operations
   * @param floats float32 numbers read and written
   */
  void add(double operations, double floats) {
    gflop += operations / 1e9;
    gbyte += floats * Float.BYTES / 1e9;
  }
}
