// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where models come from and where they are kept.
 *
 * @param endpoint the hub's address
 * @param token what tells the hub who asks; null for nobody in particular. It is sent to the
 *     endpoint's own host alone
 * @param cache the folder with a {@code models--ORGANIZATION--NAME} for every model
 * @param offline whether nothing is fetched: what is cached serves, or a refusal
 */
public record HubSettings(URI endpoint, @Nullable String token, Path cache, boolean offline) {
  private static final String ENDPOINT = "https://huggingface.co";
  private static final Set<String> YES = Set.of("1", "on", "yes", "true");

  /** A token is short; what is longer is another file. */
  private static final int LONGEST_TOKEN = 1024;

  /**
   * Checks the address and the token.
   *
   * @throws IllegalArgumentException if the address is not one of HTTP, or the token has characters
   *     that a header cannot have
   */
  public HubSettings {
    String scheme = endpoint.getScheme();
    if (scheme == null
        || !scheme.toLowerCase(Locale.ROOT).matches("https?")
        || endpoint.getHost() == null
        || endpoint.getQuery() != null
        || endpoint.getFragment() != null) {
      throw new IllegalArgumentException(
          "the hub's address (HF_ENDPOINT) is " + endpoint + "; https://HOST is expected");
    }
    if (token != null && (token.isEmpty() || !token.chars().allMatch(c -> c > 0x20 && c < 0x7F))) {
      throw new IllegalArgumentException(
          "the hub's token (HF_TOKEN or the token file) has characters that no token has");
    }
  }

  /**
   * As {@code huggingface_hub} reads the environment: {@code HF_ENDPOINT}; {@code HF_TOKEN}, or the
   * file {@code HF_TOKEN_PATH}, by default {@code HF_HOME/token}; {@code HF_HUB_CACHE}, by default
   * {@code HF_HOME/hub}; {@code HF_HUB_OFFLINE}. {@code HF_HOME} is by default {@code
   * XDG_CACHE_HOME/huggingface}, and that {@code ~/.cache/huggingface}.
   *
   * @throws IllegalArgumentException if a value is none that is possible
   * @throws IOException if the token's file cannot be read
   */
  public static HubSettings ofEnvironment() throws IOException {
    return of(System.getenv(), Path.of(System.getProperty("user.home", "")));
  }

  static HubSettings of(Map<String, String> environment, Path home) throws IOException {
    String cacheHome = value(environment, "XDG_CACHE_HOME");
    Path caches = cacheHome == null ? home.resolve(".cache") : path(cacheHome, home);
    String given = value(environment, "HF_HOME");
    Path base = given == null ? caches.resolve("huggingface") : path(given, home);
    String hub = value(environment, "HF_HUB_CACHE");
    hub = hub == null ? value(environment, "HUGGINGFACE_HUB_CACHE") : hub;
    String endpoint =
        Objects.requireNonNullElse(value(environment, "HF_ENDPOINT"), ENDPOINT)
            .replaceAll("/+$", "");
    try {
      return new HubSettings(
          new URI(endpoint),
          token(environment, base, home),
          hub == null ? base.resolve("hub") : path(hub, home),
          isSet(environment, "HF_HUB_OFFLINE"));
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(
          "the hub's address (HF_ENDPOINT) is " + endpoint + "; https://HOST is expected", e);
    }
  }

  private static @Nullable String token(Map<String, String> environment, Path base, Path home)
      throws IOException {
    if (isSet(environment, "HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
      return null;
    }
    String token = value(environment, "HF_TOKEN");
    if (token != null) {
      return token;
    }
    String named = value(environment, "HF_TOKEN_PATH");
    Path file = named == null ? base.resolve("token") : path(named, home);
    if (!Files.isRegularFile(file) || Files.size(file) > LONGEST_TOKEN) {
      return null;
    }
    String text = Files.readString(file).strip();
    return text.isEmpty() ? null : text;
  }

  private static boolean isSet(Map<String, String> environment, String name) {
    String value = value(environment, name);
    return value != null && YES.contains(value.toLowerCase(Locale.ROOT));
  }

  private static @Nullable String value(Map<String, String> environment, String name) {
    String value = environment.get(name);
    return value == null || value.isBlank() ? null : value.strip();
  }

  private static Path path(String text, Path home) {
    if (text.equals("~")) {
      return home;
    }
    return text.startsWith("~/") ? home.resolve(text.substring(2)) : Path.of(text);
  }

  /** All but the token. */
  @Override
  public String toString() {
    return "HubSettings[endpoint="
        + endpoint
        + ", token="
        + (token == null ? "none" : "…")
        + ", cache="
        + cache
        + ", offline="
        + offline
        + "]";
  }
}
