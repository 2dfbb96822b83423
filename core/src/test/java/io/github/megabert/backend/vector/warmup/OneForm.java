// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.warmup;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.BackendProvider;
import io.github.megabert.backend.vector.VectorBackend;
import io.github.megabert.backend.vector.VectorBackendProvider;

/** The vector backend held to one form of all kernels, so that the kit sees each, warm or not. */
abstract class OneForm implements BackendProvider {
  /** Only vectors, even interpreted. */
  public static final class Vectors extends OneForm {
    /** For {@link java.util.ServiceLoader}. */
    public Vectors() {
      super("vector-warm");
    }

    @Override
    Forms forms() {
      return Forms.VECTOR;
    }
  }

  /** Only plain loops. */
  public static final class Plain extends OneForm {
    /** For {@link java.util.ServiceLoader}. */
    public Plain() {
      super("vector-cold");
    }

    @Override
    Forms forms() {
      return Forms.PLAIN;
    }
  }

  private final String name;

  private OneForm(String name) {
    this.name = name;
  }

  abstract Forms forms();

  @Override
  public String name() {
    return name;
  }

  @Override
  public int priority() {
    return -1;
  }

  @Override
  public Availability availability() {
    return new VectorBackendProvider().availability();
  }

  @Override
  public Backend open(BackendOptions options) {
    return new VectorBackend(options, forms());
  }
}
