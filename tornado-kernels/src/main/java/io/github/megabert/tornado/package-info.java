/**
 * A backend that records the operations of a computation, compiles them with TornadoVM into task
 * graphs, and replays the graphs for every later computation of the same shape.
 *
 * <pre>
 * TornadoComputation ─ records ─► Call, Call, …  ─ the same list as before? ─► Program (task graphs) ─► device
 *                                   │ names a Kernel, its Operands and a Grid         │
 *                                   ▼                                                 ▼
 *                     FloatKernels, HalfKernels, MatrixLibrary           DeviceMemory: weights, scratch
 * </pre>
 */
@NullMarked
package io.github.megabert.tornado;

import org.jspecify.annotations.NullMarked;
