// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A reader under attack: intact inputs, how they are damaged, and how one is read to its end.
 *
 * @param name names the folder of its findings
 * @param file what an input is called in its folder
 * @param companions files that stand beside it, by name
 * @param seeds intact inputs; each must be read without a refusal
 * @param mutation how an input is damaged
 * @param reader reads an input
 */
record FuzzTarget(
    String name,
    String file,
    Map<String, byte[]> companions,
    List<byte[]> seeds,
    Mutation mutation,
    Reader reader) {

  /** Damages an intact input; {@code other} is another target's, to be spliced in. */
  @FunctionalInterface
  interface Mutation {
    byte[] mutate(byte[] seed, byte[] other, SplittableRandom random) throws IOException;
  }

  /** Reads everything that an input offers. */
  @FunctionalInterface
  interface Reader {
    /**
     * Reads.
     *
     * @param folder holds the companions and the input
     * @param input the input's file
     */
    void read(Path folder, Path input) throws Exception;
  }

  /** A target whose input stands alone. */
  static FuzzTarget alone(
      String name, String file, List<byte[]> seeds, Mutation mutation, Reader reader) {
    return new FuzzTarget(name, file, Map.of(), seeds, mutation, reader);
  }

  /** The target with one more file beside its input. */
  FuzzTarget beside(String companion, byte[] content) {
    Map<String, byte[]> more = new LinkedHashMap<>(companions);
    more.put(companion, content);
    return new FuzzTarget(name, file, more, seeds, mutation, reader);
  }

  /** Writes the companions into a new folder below {@code parent}. */
  Path prepare(Path parent) throws IOException {
    Path folder = parent.resolve(name);
    for (Map.Entry<String, byte[]> companion : companions.entrySet()) {
      Path path = folder.resolve(companion.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, companion.getValue());
    }
    Files.createDirectories(folder.resolve(file).getParent());
    return folder;
  }

  /** Reads one input. */
  void read(Path folder, byte[] input) throws Exception {
    Path path = folder.resolve(file);
    Files.write(path, input);
    reader.read(folder, path);
  }
}
