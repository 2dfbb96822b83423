// SPDX-License-Identifier: Apache-2.0
/** MegatronBERT for the JVM: checkpoints, tokenizer, CPU backends, models and pipelines. */
@org.jspecify.annotations.NullMarked
@SuppressWarnings("module") // The command line is built after this module.
module io.github.megabert.core {
  requires java.net.http;
  requires jdk.incubator.vector;
  requires jdk.jfr;
  requires tools.jackson.databind;
  requires static org.jspecify;

  exports io.github.megabert;
  exports io.github.megabert.tensor;
  exports io.github.megabert.task;
  exports io.github.megabert.parameters;
  exports io.github.megabert.backend;
  exports io.github.megabert.checkpoint;
  exports io.github.megabert.hub;
  exports io.github.megabert.parallel;
  exports io.github.megabert.parallel.plan;
  exports io.github.megabert.model;
  exports io.github.megabert.model.generation;
  exports io.github.megabert.tokenizer;
  exports io.github.megabert.tokenizer.training;
  exports io.github.megabert.train.data;
  exports io.github.megabert.train.data.indexed;
  exports io.github.megabert.train.data.samples;
  exports io.github.megabert.train.log;
  exports io.github.megabert.train.metrics;
  exports io.github.megabert.train.optim;
  exports io.github.megabert.train.task;
  exports io.github.megabert.backend.host to
      io.github.megabert.tornado;
  exports io.github.megabert.backend.spi to
      io.github.megabert.tornado;
  exports io.github.megabert.checkpoint.file to
      io.github.megabert.cli;
  exports io.github.megabert.input to
      io.github.megabert.server;
  exports io.github.megabert.json to
      io.github.megabert.cli,
      io.github.megabert.server;
  exports io.github.megabert.train;

  uses io.github.megabert.backend.BackendProvider;

  provides io.github.megabert.backend.BackendProvider with
      io.github.megabert.backend.scalar.ScalarBackendProvider,
      io.github.megabert.backend.vector.VectorBackendProvider;
}
