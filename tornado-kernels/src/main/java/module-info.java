// SPDX-License-Identifier: Apache-2.0
/** The GPU backend: TornadoVM task graphs over OpenCL, PTX and CUDA. */
@org.jspecify.annotations.NullMarked
module io.github.megabert.tornado {
  requires transitive io.github.megabert.core;
  requires tornado.api;
  requires static org.jspecify;

  provides io.github.megabert.backend.BackendProvider with
      io.github.megabert.tornado.TornadoBackendProvider;
}
