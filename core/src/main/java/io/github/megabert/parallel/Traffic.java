// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * What one rank has sent through a communicator, by operation.
 *
 * <p>Bytes are those of the matrix that the operation is about, once: an all-reduce, a
 * reduce-scatter or an all-gather of b·s·h numbers counts 4·b·s·h bytes, however many ranks there
 * are and however an engine moves them.
 */
public record Traffic(Map<Operation, Count> counts) {
  /** A kind of operation. */
  public enum Operation {
    BROADCAST("broadcast"),
    ALL_REDUCE("all-reduce"),
    REDUCE_SCATTER("reduce-scatter"),
    ALL_GATHER("all-gather"),
    SEND("send"),
    RECEIVE("receive"),
    BARRIER("barrier"),
    /** Options and texts, which are no matrices. */
    BYTES("bytes");

    private final String word;

    Operation(String word) {
      this.word = word;
    }

    @Override
    public String toString() {
      return word;
    }
  }

  /** How often, and how many bytes in all. */
  public record Count(long calls, long bytes) {
    static final Count NONE = new Count(0, 0);
  }

  /** Kinds that have not occurred may be missing. */
  public Traffic {
    Map<Operation, Count> copy = new EnumMap<>(Operation.class);
    copy.putAll(counts);
    counts = Collections.unmodifiableMap(copy);
  }

  /** How often an operation has occurred. */
  public long calls(Operation operation) {
    return counts.getOrDefault(operation, Count.NONE).calls();
  }

  /** Bytes of all operations of a kind. */
  public long bytes(Operation operation) {
    return counts.getOrDefault(operation, Count.NONE).bytes();
  }

  /** What has come since an earlier state of the same communicator. */
  public Traffic since(Traffic earlier) {
    Map<Operation, Count> more = new EnumMap<>(Operation.class);
    counts.forEach(
        (operation, count) -> {
          long calls = count.calls() - earlier.calls(operation);
          if (calls > 0) {
            more.put(operation, new Count(calls, count.bytes() - earlier.bytes(operation)));
          }
        });
    return new Traffic(more);
  }

  /** A line an operation: its name, how often, how many bytes. */
  @Override
  public String toString() {
    StringBuilder table = new StringBuilder();
    counts.forEach(
        (operation, count) ->
            table.append(
                String.format(
                    Locale.ROOT, "%-14s %8d %14d%n", operation, count.calls(), count.bytes())));
    return table.toString();
  }
}
