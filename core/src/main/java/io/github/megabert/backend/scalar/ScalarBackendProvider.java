// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.scalar;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.BackendProvider;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.UnsupportedOptionException;

/** Offers the scalar backend, which is always available. */
public final class ScalarBackendProvider implements BackendProvider {
  /** For {@link java.util.ServiceLoader}. */
  public ScalarBackendProvider() {}

  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Availability availability() {
    return new Availability(true, "plain loops in double precision, 1 thread", "");
  }

  @Override
  public Backend open(BackendOptions options) {
    if (options.precision() != Precision.F32 && options.precision() != Precision.BF16) {
      throw new UnsupportedOptionException(
          UnsupportedOptionException.Option.PRECISION,
          "the scalar backend stores weights as f32 or bf16, not "
              + options.precision().optionName()
              + "; leave the precision (--dtype) out or choose another backend");
    }
    return new ScalarBackend(options.precision());
  }
}
