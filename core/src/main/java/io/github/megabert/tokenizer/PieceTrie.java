// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import io.github.megabert.input.HeapBudget;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A trie over UTF-16 units. All edges lie in one open-addressed table, an edge (node, unit → child)
 * in one {@code long}, so that a step costs one cache line. Immutable once built.
 */
final class PieceTrie {
  private static final int NODE_BITS = 24;
  private static final int MAX_NODES = 1 << NODE_BITS;

  /** Heap of a node: its edge in a table at most half full, the table before it grew, its value. */
  private static final int BYTES_A_NODE = 56;

  /**
   * Scatters the edges. Another one in each process, so that no vocabulary can be written whose
   * edges all fall on one place (Dietzfelbinger et al., 1997: multiplicative universal hashing).
   */
  private static final long MULTIPLIER = new SplittableRandom().nextLong() | 1;

  private static final int MOST_NODES = (int) HeapBudget.most(MAX_NODES, BYTES_A_NODE);

  /** {@code node << 40 | unit << 24 | child}; 0 where free, for no child is the root. */
  private long[] edges = new long[1 << 10];

  /** By node, the value of the entry that ends there plus one; 0 where none does. */
  private int[] values = new int[1 << 9];

  private int nodes = 1;
  private int mask = edges.length - 1;

  /**
   * Adds {@code entry[from, …)}; a later equal entry replaces an earlier one.
   *
   * @throws IllegalArgumentException if the trie would grow past 16 million nodes, or past a share
   *     of the heap
   */
  void put(String entry, int from, int value) {
    int node = 0;
    for (int i = from; i < entry.length(); i++) {
      int child = child(node, entry.charAt(i));
      node = child >= 0 ? child : addChild(node, entry.charAt(i));
    }
    values[node] = value + 1;
  }

  private int addChild(int node, char unit) {
    if (nodes >= MOST_NODES) {
      throw new IllegalArgumentException(
          "The vocabulary is too large for "
              + HeapBudget.heap()
              + ": its entries need more than "
              + MOST_NODES
              + " trie nodes.");
    }
    if (2 * nodes >= edges.length) {
      grow();
    }
    if (nodes == values.length) {
      values = Arrays.copyOf(values, 2 * nodes);
    }
    insert((key(node, unit) << NODE_BITS) | nodes);
    return nodes++;
  }

  private void grow() {
    long[] old = edges;
    edges = new long[2 * old.length];
    mask = edges.length - 1;
    for (long edge : old) {
      if (edge != 0) {
        insert(edge);
      }
    }
  }

  private void insert(long edge) {
    int slot = slot(edge >>> NODE_BITS);
    while (edges[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    edges[slot] = edge;
  }

  private static long key(int node, char unit) {
    return ((long) node << 16) | unit;
  }

  private int slot(long key) {
    return (int) ((key * MULTIPLIER) >>> 32) & mask;
  }

  /** The child of {@code node} (0 is the root) along {@code unit}, or −1. */
  int child(int node, char unit) {
    long key = key(node, unit);
    int slot = slot(key);
    long edge = edges[slot];
    while (edge != 0) {
      if (edge >>> NODE_BITS == key) {
        return (int) edge & (MAX_NODES - 1);
      }
      slot = (slot + 1) & mask;
      edge = edges[slot];
    }
    return -1;
  }

  /** Places of the table that the search for an edge looks at, at most; for tests. */
  int longestProbe() {
    int longest = 0;
    for (int i = 0; i < edges.length; i++) {
      if (edges[i] != 0) {
        int way = (i - slot(edges[i] >>> NODE_BITS)) & mask;
        longest = Math.max(longest, way + 1);
      }
    }
    return longest;
  }

  /** Number of nodes, the root included. */
  int size() {
    return nodes;
  }

  /** The value of the entry that ends at {@code node}, or −1. */
  int value(int node) {
    return values[node] - 1;
  }
}
