// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import java.util.regex.Pattern;

/**
 * A file of a model on the hub.
 *
 * @param path in the model's folder
 * @param etag the name of its content: the SHA-256 of a large file, the SHA-1 that git has of a
 *     small one
 * @param size in bytes, or −1 where the hub does not say
 */
record RemoteFile(String path, String etag, long size) {
  /** Files whose size nobody says are small, or refused. */
  static final long MOST_UNSIZED = 64L << 20;

  private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern SHA_1 = Pattern.compile("[0-9a-f]{40}");

  /** How much of it is read at most. */
  long mostBytes() {
    return size < 0 ? MOST_UNSIZED : size;
  }

  /** Whether the content's name is the SHA-256 of it. */
  boolean hasSha256() {
    return SHA_256.matcher(etag).matches();
  }

  /** Whether the content's name is the SHA-1 of git's header and the content. */
  boolean hasGitSha1() {
    return SHA_1.matcher(etag).matches();
  }
}
