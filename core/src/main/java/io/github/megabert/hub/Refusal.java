// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import io.github.megabert.input.Quote;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** What an answer with another status than wanted means. */
final class Refusal {
  private Refusal() {}

  /**
   * Why an answer is none of those wanted: a {@link TransientException} if the same may work later,
   * else a {@link HubException} with what to do.
   *
   * @param what was asked for, as a sentence's subject
   * @param isHub whether the hub itself answers, rather than where it redirects
   * @param hasToken whether the hub was told who asks
   */
  static IOException of(HttpResponse<byte[]> answer, String what, boolean isHub, boolean hasToken) {
    int status = answer.statusCode();
    // Addresses that a hub redirects to are signed for a time.
    boolean isExpired = status == 403 && !isHub;
    if (status == 429 || status == 408 || status / 100 == 5 || isExpired) {
      return new TransientException(
          answer.uri().getHost() + " answers with status " + status, askedPause(answer));
    }
    String said =
        answer
            .headers()
            .firstValue("X-Error-Message")
            .map(message -> " (" + Quote.quote(message) + ")")
            .orElse("");
    return new HubException(
        switch (status) {
          case 401, 403 ->
              what
                  + (hasToken
                      ? " does not exist, or may not be read with this token"
                      : " does not exist, or is read with a token only: set HF_TOKEN to one")
                  + said;
          case 404 -> what + " does not exist; are its name and the revision right?" + said;
          default -> what + ": " + answer.uri().getHost() + " answers with status " + status + said;
        });
  }

  private static @Nullable Duration askedPause(HttpResponse<byte[]> answer) {
    String header = answer.headers().firstValue("Retry-After").orElse("").strip();
    if (header.matches("[0-9]{1,9}")) {
      return Duration.ofSeconds(Long.parseLong(header));
    }
    try {
      ZonedDateTime until = ZonedDateTime.parse(header, DateTimeFormatter.RFC_1123_DATE_TIME);
      return Duration.between(ZonedDateTime.now(until.getZone()), until);
    } catch (DateTimeException e) {
      return null;
    }
  }
}
