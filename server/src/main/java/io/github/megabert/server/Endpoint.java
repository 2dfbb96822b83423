// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

/**
 * A path that is served.
 *
 * @param method {@code GET} or {@code POST}; the latter has a JSON object for its body
 * @param path as it stands in a request
 * @param errors how it tells what went wrong
 * @param isOpen whether it is served without an API key
 * @param route what answers
 */
record Endpoint(String method, String path, ErrorStyle errors, boolean isOpen, Route route) {
  /** What answers requests to a path. */
  @FunctionalInterface
  interface Route {
    /**
     * The answer.
     *
     * @throws RequestFailure if the request cannot have one
     * @throws IllegalArgumentException if a task refuses an option or a text, in one sentence
     */
    Answer answer(JsonBody body, Call call);
  }

  static Endpoint post(String path, Route route) {
    return new Endpoint("POST", path, ErrorStyle.EMBEDDINGS_INFERENCE, false, route);
  }

  static Endpoint get(String path, Route route) {
    return new Endpoint("GET", path, ErrorStyle.EMBEDDINGS_INFERENCE, false, route);
  }

  /** The same with OpenAI's errors. */
  Endpoint openAi() {
    return new Endpoint(method, path, ErrorStyle.OPEN_AI, isOpen, route);
  }

  /** The same for everybody. */
  Endpoint open() {
    return new Endpoint(method, path, errors, true, route);
  }

  boolean hasBody() {
    return method.equals("POST");
  }
}
