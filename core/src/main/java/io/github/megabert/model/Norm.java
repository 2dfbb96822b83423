// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;

/** A LayerNorm with its parameters. */
record Norm(Backend.Parameter weight, Backend.Parameter bias, float eps) {
  void apply(Computation computation, Matrix x, Matrix out) {
    computation.layerNorm(x, weight, bias, eps, out);
  }
}
