// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** How an API tells its clients what went wrong. */
enum ErrorStyle {
  /** {@code {"error": "…", "error_type": "Validation"}}, as text-embeddings-inference. */
  EMBEDDINGS_INFERENCE {
    @Override
    int status(RequestFailure failure) {
      return failure.kind().status();
    }

    @Override
    ObjectNode body(RequestFailure failure) {
      return JsonNodeFactory.instance
          .objectNode()
          .put("error", failure.sentence())
          .put("error_type", failure.kind().errorType());
    }
  },

  /** {@code {"error": {"message": "…", "type": …, "param": …, "code": …}}}, as OpenAI. */
  OPEN_AI {
    @Override
    int status(RequestFailure failure) {
      return failure.kind().openAiStatus();
    }

    @Override
    ObjectNode body(RequestFailure failure) {
      ObjectNode body = JsonNodeFactory.instance.objectNode();
      body.putObject("error")
          .put("message", failure.sentence())
          .put("type", failure.kind().openAiType())
          .putNull("param")
          .put("code", code(failure.kind()));
      return body;
    }
  };

  private static String code(RequestFailure.Kind kind) {
    return switch (kind) {
      case UNAUTHORIZED -> "invalid_api_key";
      case NOT_FOUND -> "not_found";
      case TOO_LARGE -> "too_large";
      case OVERLOADED -> "rate_limit_exceeded";
      case INTERNAL, UNAVAILABLE -> "server_error";
      case SYNTAX, EMPTY, INVALID, METHOD, SLOW, MEDIA_TYPE, GONE -> "invalid_request";
    };
  }

  abstract int status(RequestFailure failure);

  abstract ObjectNode body(RequestFailure failure);
}
