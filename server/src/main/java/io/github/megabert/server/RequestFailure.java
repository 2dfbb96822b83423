// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.task.TextTooLongException;

/** Why a request gets no answer, in one sentence that its client is told. */
final class RequestFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What kind of reason it is. */
  private final Kind kind;

  /** Kinds of reasons, with the names and codes of the APIs that are spoken here. */
  enum Kind {
    /** The body is no JSON object. */
    SYNTAX(400, "Validation", "invalid_request_error"),
    /** There is nothing to compute. */
    EMPTY(400, "Empty", "invalid_request_error"),
    /** A field is missing, of another type, out of range or unknown. */
    INVALID(422, "Validation", "invalid_request_error"),
    /** The body, the texts or a text exceed a limit. */
    TOO_LARGE(413, "Validation", "invalid_request_error"),
    /** The API key is missing or another one. */
    UNAUTHORIZED(401, "Validation", "invalid_request_error"),
    /** There is no such route or model. */
    NOT_FOUND(404, "Validation", "invalid_request_error"),
    /** The route has another method. */
    METHOD(405, "Validation", "invalid_request_error"),
    /** The body did not come in time. */
    SLOW(408, "Validation", "invalid_request_error"),
    /** The body is not declared to be JSON. */
    MEDIA_TYPE(415, "Validation", "invalid_request_error"),
    /** As many requests wait as may. */
    OVERLOADED(429, "Overloaded", "rate_limit_error"),
    /** The server is the reason. */
    INTERNAL(500, "Backend", "server_error"),
    /** The server stops, or the deadline has passed. */
    UNAVAILABLE(503, "Unhealthy", "server_error"),
    /** The client has hung up: nobody will read the answer. */
    GONE(499, "Validation", "invalid_request_error");

    private final int status;
    private final String errorType;
    private final String openAiType;

    Kind(int status, String errorType, String openAiType) {
      this.status = status;
      this.errorType = errorType;
      this.openAiType = openAiType;
    }

    /** The status of text-embeddings-inference. */
    int status() {
      return status;
    }

    /** Its {@code error_type}. */
    String errorType() {
      return errorType;
    }

    /** OpenAI's status, which knows no difference between what is wrong about a request. */
    int openAiStatus() {
      return this == INVALID ? 400 : status;
    }

    /** OpenAI's {@code type}. */
    String openAiType() {
      return openAiType;
    }

    /** Whether the same request may succeed in a moment. */
    boolean isPassing() {
      return this == OVERLOADED || this == UNAVAILABLE;
    }
  }

  RequestFailure(Kind kind, String sentence) {
    super(sentence);
    this.kind = kind;
  }

  RequestFailure(Kind kind, String sentence, Throwable cause) {
    super(sentence, cause);
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }

  /** The sentence. */
  String sentence() {
    return String.valueOf(getMessage());
  }

  /** What a task's refusal of a text or an option is here. */
  static RequestFailure of(IllegalArgumentException refused) {
    if (refused instanceof TextTooLongException text) {
      return new RequestFailure(
          Kind.TOO_LARGE,
          "a text has "
              + text.tokens()
              + " tokens, the model takes at most "
              + text.limit()
              + "; shorten it, or have it cut with \"truncate\": true",
          refused);
    }
    return new RequestFailure(Kind.INVALID, String.valueOf(refused.getMessage()), refused);
  }

  static RequestFailure invalid(String sentence) {
    return new RequestFailure(Kind.INVALID, sentence);
  }

  static RequestFailure tooLarge(String sentence) {
    return new RequestFailure(Kind.TOO_LARGE, sentence);
  }

  static RequestFailure overloaded(String sentence) {
    return new RequestFailure(Kind.OVERLOADED, sentence + "; send the request again later");
  }
}
