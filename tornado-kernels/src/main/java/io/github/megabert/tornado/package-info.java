// SPDX-License-Identifier: Apache-2.0
/**
 * A backend that records the operations of a computation, compiles them with TornadoVM into task
 * graphs, and replays the graphs for every later computation of the same shape.
 *
 * <pre>
 * TornadoComputation ─► Recording: Call, Call, … ─ the same as before? ─► Program ─► device
 *   Products, AttentionCalls:     │ a Call names a Kernel,    BFloat16Fusion │
 *   the calls of an operation     ▼ its Operands and a Grid   joins some     ▼
 *              kernels: Float*, Half*, BFloat16*      DeviceMemory: weights, scratch
 * </pre>
 *
 * <p>The rooms inside, each of which uses only those below it: {@code kernels} (what runs on the
 * device, and the tasks that name it), {@code recording} (lists of calls, their task graphs and
 * their memory; knows no kernel), {@code cuda} (NVIDIA's driver).
 */
@NullMarked
package io.github.megabert.tornado;

import org.jspecify.annotations.NullMarked;
