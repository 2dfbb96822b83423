// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.io.IOException;

/**
 * Tokenizer files cannot be used (missing, malformed, of another kind of tokenizer), or a
 * vocabulary cannot be trained. The message is one sentence that says where, what was found and
 * what was expected.
 */
public final class TokenizerException extends IOException {
  private static final long serialVersionUID = 1L;

  /** A refusal with its sentence. */
  public TokenizerException(String message) {
    super(message);
  }

  /** A refusal with its sentence and what lies behind it. */
  public TokenizerException(String message, Throwable cause) {
    super(message, cause);
  }
}
