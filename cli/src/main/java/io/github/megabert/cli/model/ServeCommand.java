// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.model;

import io.github.megabert.cli.option.ComputeOptions;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.terminal.Program;
import io.github.megabert.cli.terminal.WrongUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code megabert serve}. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description =
        "Serves models over HTTP until it is told to end (Ctrl-C, SIGTERM): the routes of"
            + " text-embeddings-inference, OpenAI's /v1/embeddings, and one for each task."
            + " Requests that come together are computed together. Standard output has a line of"
            + " JSON a request.",
    footer = {
      "",
      "Environment: MEGABERT_API_KEY (what clients have to show, unless --api-key-file names a",
      "file).",
      "",
      "Examples:",
      "  megabert serve",
      "  megabert serve --model minilm=my-model --model ner=my-other-model --port 9000",
      "  megabert serve --host 0.0.0.0 --api-key-file key.txt > access.log"
    })
public final class ServeCommand implements Callable<Integer> {
  /** The name of the embedded model. */
  private static final String EMBEDDED = "demo";

  @Option(
      names = "--model",
      paramLabel = "[NAME=]PATH",
      description =
          "A model as other commands take it, under a name that requests can choose it by; its"
              + " folder's name unless said. May be given several times: the first that can do a"
              + " task serves requests that name none. Default: the embedded model, as 'demo'.")
  private List<String> models = List.of();

  @Mixin private ComputeOptions compute = new ComputeOptions();

  @Option(
      names = "--host",
      paramLabel = "NAME",
      defaultValue = "127.0.0.1",
      description =
          "The name or address to listen at; 0.0.0.0 for all of this machine's. Default:"
              + " ${DEFAULT-VALUE}, which no other machine can reach.")
  private String host = "";

  @Option(
      names = "--port",
      paramLabel = "N",
      defaultValue = "8080",
      converter = Numbers.AtLeastZero.class,
      description = "The port; 0 for one that is free. Default: ${DEFAULT-VALUE}.")
  private int port;

  @Option(
      names = "--api-key-file",
      paramLabel = "FILE",
      description =
          "A file whose only line is the key that clients have to send as 'Authorization: Bearer"
              + " KEY'.")
  private @Nullable Path apiKeyFile;

  @Mixin private ServeLimits limits = new ServeLimits();

  @Option(names = "--no-access-log", description = "Write no line a request.")
  private boolean noAccessLog;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (ServeCommand.class.getResource("/io/github/megabert/server/MegaBertServer.class") == null) {
      throw new IllegalStateException(
          "the server is not here: put megabert-server-"
              + Program.VERSION
              + ".jar, with its folder lib, beside this jar on the class path (java -cp"
              + " megabert-cli-"
              + Program.VERSION
              + ".jar:megabert-server-"
              + Program.VERSION
              + ".jar io.github.megabert.cli.Main serve)");
    }
    return new ServeRun(host, port, limits, !noAccessLog)
        .run(named(), compute, Optional.ofNullable(apiKeyFile));
  }

  /** Models' paths by their names; none for the embedded model. */
  private Map<String, Optional<Path>> named() {
    Map<String, Optional<Path>> named = new LinkedHashMap<>();
    for (String model : models) {
      int equals = model.indexOf('=');
      Path path = Path.of(model.substring(equals + 1));
      String name = equals >= 0 ? model.substring(0, equals) : lastPart(path);
      WrongUsage.unless(
          !name.isBlank(), "--model \"" + model + "\" has no name; write it as NAME=PATH");
      WrongUsage.unless(
          named.put(name, Optional.of(path)) == null,
          "--model: two models have the name \"" + name + "\"; write one as OTHER-NAME=PATH");
    }
    if (named.isEmpty()) {
      named.put(EMBEDDED, Optional.empty());
    }
    return named;
  }

  private static String lastPart(Path path) {
    Path name = path.toAbsolutePath().normalize().getFileName();
    return name == null ? "" : name.toString();
  }
}
