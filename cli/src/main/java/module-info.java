// SPDX-License-Identifier: Apache-2.0
/** The {@code megabert} command. */
@org.jspecify.annotations.NullMarked
module io.github.megabert.cli {
  requires io.github.megabert.core;
  requires static io.github.megabert.demo;
  requires static io.github.megabert.server;
  requires info.picocli;
  requires java.logging;
  requires java.management;
  requires tools.jackson.databind;
  requires me.tongfei.progressbar;
  requires org.jline.terminal;
  requires static org.jspecify;

  opens io.github.megabert.cli to
      info.picocli;
  opens io.github.megabert.cli.model to
      info.picocli;
  opens io.github.megabert.cli.option to
      info.picocli;
  opens io.github.megabert.cli.task to
      info.picocli;
  opens io.github.megabert.cli.train to
      info.picocli;
}
