// SPDX-License-Identifier: Apache-2.0
/** JMH benchmarks of kernels, tokenizer and whole models. */
module io.github.megabert.benchmarks {
  requires io.github.megabert.core;
  requires java.management;
  requires java.net.http;
  requires jdk.management;
  requires jdk.incubator.vector;
  requires jmh.core;
  requires static org.jspecify;
  requires com.microsoft.onnxruntime;
  requires static langchain4j.core;
  requires jdk.unsupported;

  exports io.github.megabert.benchmarks;
}
