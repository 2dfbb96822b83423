// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** What is read of a hub's answers, for tests of other packages. */
public final class HubAnswers {
  private static final ModelName MODEL = ModelName.parse("some/model");

  private HubAnswers() {}

  /** Reads an answer on a revision, and says which of its files are asked for first. */
  public static Set<String> first(byte[] answer) throws IOException {
    return new NeededFiles(MODEL, RemoteModel.parse(MODEL, answer).files()).first();
  }

  /**
   * The files that are needed of those that are listed.
   *
   * @param snapshot has an index of shards, or a list of modules
   */
  public static Set<String> needed(Set<String> listed, Path snapshot) throws IOException {
    return new NeededFiles(MODEL, listed).all(snapshot);
  }
}
