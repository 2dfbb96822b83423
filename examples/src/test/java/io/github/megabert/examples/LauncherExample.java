// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts an application on the GPU: TornadoVM's flags cannot be given to a JVM that runs. */
final class LauncherExample {
  private LauncherExample() {}

  static Process launch(Path tornadoHome, Path megabertArgfile, List<String> application)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("@" + tornadoHome.resolve("tornado-argfile"));
    command.add("@" + megabertArgfile);
    // Such as -cp app.jar:megabert-core.jar:megabert-tornado.jar app.Main
    command.addAll(application);
    return new ProcessBuilder(command).inheritIO().start();
  }
}
