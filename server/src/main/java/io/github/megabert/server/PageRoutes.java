// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Pages for people: every task of the models tried in a browser, and the OpenAPI document. They are
 * files of this jar, which hold no text of the models, so they need no API key; what they ask the
 * server for does.
 */
final class PageRoutes {
  private static final String HTML = "text/html; charset=utf-8";
  private static final String CSS = "text/css; charset=utf-8";
  private static final String SCRIPT = "text/javascript; charset=utf-8";

  List<Endpoint> endpoints() {
    return List.of(
        page("/", "index.html", HTML),
        page("/docs", "docs.html", HTML),
        page("/page/style.css", "style.css", CSS),
        page("/page/index.js", "index.js", SCRIPT),
        page("/page/tasks.js", "tasks.js", SCRIPT),
        page("/page/server.js", "server.js", SCRIPT),
        page("/page/elements.js", "elements.js", SCRIPT),
        page("/page/drawings.js", "drawings.js", SCRIPT),
        page("/page/docs.js", "docs.js", SCRIPT));
  }

  private static Endpoint page(String path, String file, String type) {
    return Endpoint.get(path, (body, call) -> new Answer.Page(type, text("page/" + file))).open();
  }

  /** A file of this jar; its name is none that a request could choose. */
  static String text(String name) {
    try (InputStream in = PageRoutes.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the jar is not whole: it lacks " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
