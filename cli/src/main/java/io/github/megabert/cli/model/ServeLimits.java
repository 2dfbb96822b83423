// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.model;

import io.github.megabert.cli.option.Numbers;
import picocli.CommandLine.Option;

/** What a server takes at most. It names no class of the server: help is given without one. */
public final class ServeLimits {
  @Option(
      names = "--max-body",
      paramLabel = "BYTES",
      defaultValue = "2097152",
      converter = Numbers.AtLeastOne.class,
      description = "Bytes of a request's body. Default: ${DEFAULT-VALUE}.")
  int body;

  @Option(
      names = "--max-texts",
      paramLabel = "N",
      defaultValue = "512",
      converter = Numbers.AtLeastOne.class,
      description = "Texts of a request. Default: ${DEFAULT-VALUE}.")
  int texts;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "16384",
      converter = Numbers.AtLeastOne.class,
      description =
          "Tokens that a model reads for one text, those of all its windows or labels together."
              + " Default: ${DEFAULT-VALUE}.")
  int tokens;

  @Option(
      names = "--truncate",
      description =
          "Cut texts that are too long for the model where a request does not say. Default: refuse"
              + " them.")
  boolean truncate;

  @Option(
      names = "--queue",
      paramLabel = "N",
      defaultValue = "2048",
      converter = Numbers.AtLeastOne.class,
      description =
          "Texts that wait for a model or are computed; requests beyond are refused with 429."
              + " Default: ${DEFAULT-VALUE}.")
  int queue;

  @Option(
      names = "--batch-tokens",
      paramLabel = "N",
      defaultValue = "4096",
      converter = Numbers.AtLeastOne.class,
      description = "Tokens of a batch. Default: ${DEFAULT-VALUE}.")
  int batchTokens;

  @Option(
      names = "--batch-wait",
      paramLabel = "MS",
      defaultValue = "3",
      converter = Numbers.AtLeastZero.class,
      description =
          "Milliseconds that the first text of a batch waits for others. Default:"
              + " ${DEFAULT-VALUE}.")
  int batchWait;

  @Option(
      names = "--deadline",
      paramLabel = "SECONDS",
      defaultValue = "30",
      converter = Numbers.AtLeastOne.class,
      description =
          "Seconds after which a request without an answer is refused. Default: ${DEFAULT-VALUE}.")
  int deadline;

  @Option(
      names = "--drain",
      paramLabel = "SECONDS",
      defaultValue = "30",
      converter = Numbers.AtLeastZero.class,
      description =
          "Seconds that the server, told to end, waits for the requests it has. Default:"
              + " ${DEFAULT-VALUE}.")
  int drain;

  @Option(
      names = "--max-connections",
      paramLabel = "N",
      defaultValue = "1024",
      converter = Numbers.AtLeastOne.class,
      description = "Connections that are open at once. Default: ${DEFAULT-VALUE}.")
  int connections;

  @Option(
      names = "--max-generations",
      paramLabel = "N",
      defaultValue = "2",
      converter = Numbers.AtLeastOne.class,
      description = "Texts that are continued at once, a model. Default: ${DEFAULT-VALUE}.")
  int generations;
}
