// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** What a client has to show. Only a digest of it is kept, and it is in no message. */
public final class ApiKey {
  private static final String SCHEME = "Bearer ";

  private final byte[] digest;

  private ApiKey(byte[] digest) {
    this.digest = digest;
  }

  /**
   * The key of that text.
   *
   * @throws IllegalArgumentException if it is empty, or has blanks or characters beyond ASCII,
   *     which no header could hold
   */
  public static ApiKey of(String text) {
    if (text.isEmpty() || !text.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new IllegalArgumentException(
          "an API key is one or more ASCII characters without blanks; this one is not");
    }
    return new ApiKey(digest(text));
  }

  /**
   * Whether a request's {@code Authorization} shows the key. How long it takes does not depend on
   * where the two differ.
   */
  boolean isShownBy(String authorization) {
    return authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        && MessageDigest.isEqual(digest, digest(authorization.substring(SCHEME.length()).strip()));
  }

  /** Digests are of one length, so that the comparison does not tell the key's. */
  private static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
