package io.github.megabert.tornado;

import io.github.megabert.backend.Matrix;
import org.jspecify.annotations.Nullable;

/**
 * A matrix on the device.
 *
 * @param owner the computation that it belongs to, null for one that outlives computations
 * @param capacity rows that there is room for; kernels compute that many
 */
record TornadoMatrix(
    @Nullable TornadoComputation owner, Operand operand, int rows, int columns, int capacity)
    implements Matrix {}
