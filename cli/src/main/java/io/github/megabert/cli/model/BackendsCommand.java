// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.model;

import io.github.megabert.backend.BackendProvider;
import io.github.megabert.backend.Backends;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.parallel.MpiException;
import io.github.megabert.parallel.MpiRanks;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code megabert backends}. */
@Command(
    name = "backends",
    mixinStandardHelpOptions = true,
    description = "Lists what can compute here, and why the rest cannot.",
    footer = {"", "Example:", "  megabert backends"})
public final class BackendsCommand implements Callable<Integer> {
  /** Backends that an artifact of its own provides, and what is said where it is missing. */
  private static final String TORNADO_REMEDY =
      "the artifact megabert-tornado is not there; set TORNADOVM_HOME to a TornadoVM SDK and "
          + "build again";

  @Mixin private JsonOption output = new JsonOption();

  @Override
  public Integer call() {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    boolean tornado = false;
    for (BackendProvider provider : Backends.providers()) {
      BackendProvider.Availability availability = provider.availability();
      add(list, provider.name(), availability);
      tornado |= provider.name().equals("tornado");
    }
    if (!tornado) {
      add(list, "tornado", new BackendProvider.Availability(false, "", TORNADO_REMEDY));
    }
    add(list, "machine", Backends.machineCode());
    add(list, "mpi", mpi());
    if (output.json) {
      JsonOption.print(list);
    } else {
      list.forEach(
          entry ->
              System.out.printf(
                  Locale.ROOT,
                  "%-8s  %-11s  %s%n",
                  entry.get("name").stringValue(),
                  entry.get("available").booleanValue() ? "available" : "missing",
                  entry.get("available").booleanValue()
                      ? entry.get("device").stringValue()
                      : entry.get("reason").stringValue()));
    }
    return 0;
  }

  /** What carries ranks in processes of their own. */
  private static BackendProvider.Availability mpi() {
    try {
      return new BackendProvider.Availability(true, MpiRanks.library(), "");
    } catch (MpiException missing) {
      return new BackendProvider.Availability(false, "", String.valueOf(missing.getMessage()));
    }
  }

  private static void add(ArrayNode list, String name, BackendProvider.Availability availability) {
    list.addObject()
        .put("name", name)
        .put("available", availability.available())
        .put("device", availability.device())
        .put("reason", availability.reason());
  }
}
