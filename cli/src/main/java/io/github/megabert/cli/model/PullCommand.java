// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.model;

import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.hub.Hub;
import io.github.megabert.hub.ModelName;
import io.github.megabert.hub.PulledModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code megabert pull}. */
@Command(
    name = "pull",
    mixinStandardHelpOptions = true,
    description = "Fetches a model from a hub into the cache that Python's libraries use too.",
    footer = {
      "",
      "The model is then --model ORG/NAME. No other command fetches anything.",
      "",
      "Environment: HF_HOME or HF_HUB_CACHE (where the cache is), HF_ENDPOINT (the hub), HF_TOKEN,",
      "HF_HUB_OFFLINE (fetch nothing).",
      "",
      "Examples:",
      "  megabert pull sentence-transformers/all-MiniLM-L6-v2",
      "  megabert embed --model sentence-transformers/all-MiniLM-L6-v2 \"a dog\"",
      "  megabert pull google-bert/bert-base-uncased --output my-model"
    })
public final class PullCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "ORG/NAME",
      converter = Name.class,
      description = "The model's name on the hub.")
  private ModelName name = new ModelName("_", "_");

  @Option(
      names = "--revision",
      paramLabel = "REVISION",
      defaultValue = Hub.MAIN,
      description = "A branch, a tag or a commit's whole hash. Default: ${DEFAULT-VALUE}.")
  private String revision = Hub.MAIN;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "Copy the model to this folder too: a new or empty one.")
  private @Nullable Path output;

  @Mixin private JsonOption json = new JsonOption();

  /** A name of two parts. */
  static final class Name implements ITypeConverter<ModelName> {
    @Override
    public ModelName convert(String text) {
      try {
        return ModelName.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  @Override
  public Integer call() throws IOException {
    WrongUsage.unless(
        output == null || Files.notExists(output) || Files.isDirectory(output),
        "--output: " + output + " is not a folder");
    Hub hub = Hub.ofEnvironment();
    long start = System.nanoTime();
    PulledModel pulled =
        hub.pull(
            name,
            revision,
            (bytes, total) -> Progress.show("pulling " + name, " MB", 1_000_000, bytes, total));
    if (output != null) {
      pulled.copyTo(output);
    }
    Progress.end();
    print(pulled, (System.nanoTime() - start) / 1e9);
    return 0;
  }

  private void print(PulledModel pulled, double seconds) {
    Path folder = output == null ? pulled.folder() : output;
    if (json.json) {
      ObjectNode object =
          JsonNodeFactory.instance
              .objectNode()
              .put("model", name.toString())
              .put("revision", revision)
              .put("commit", pulled.commit())
              .put("folder", folder.toString())
              .put("fetched_bytes", pulled.fetchedBytes())
              .put("seconds", seconds);
      ArrayNode files = object.putArray("files");
      pulled.files().stream().sorted().forEach(files::add);
      JsonOption.print(object);
      return;
    }
    System.out.println(folder);
    System.err.println(
        pulled.fetchedBytes() == 0
            ? "megabert: " + name + " was there already"
            : String.format(
                Locale.ROOT,
                "megabert: %s, %d files, %.1f MB fetched in %.1f s",
                name,
                pulled.files().size(),
                pulled.fetchedBytes() / 1e6,
                seconds));
  }
}
