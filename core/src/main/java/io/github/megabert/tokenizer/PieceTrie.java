package io.github.megabert.tokenizer;

import java.util.Arrays;

/**
 * A trie over UTF-16 units. All edges lie in one open-addressed table, an edge (node, unit → child)
 * in one {@code long}, so that a step costs one cache line. Immutable once built.
 */
final class PieceTrie {
  private static final int NODE_BITS = 24;
  private static final int MAX_NODES = 1 << NODE_BITS;

  /** {@code node << 40 | unit << 24 | child}; 0 where free, for no child is the root. */
  private long[] edges = new long[1 << 10];

  /** By node, the value of the entry that ends there plus one; 0 where none does. */
  private int[] values = new int[1 << 9];

  private int nodes = 1;
  private int mask = edges.length - 1;

  /**
   * Adds {@code entry[from, …)}; a later equal entry replaces an earlier one.
   *
   * @throws IllegalArgumentException if the trie would grow past 16 million nodes
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
    if (nodes == MAX_NODES) {
      throw new IllegalArgumentException(
          "The vocabulary is too large: its entries need more than %d trie nodes."
              .formatted(MAX_NODES));
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
    return (int) ((key * 0x9E3779B97F4A7C15L) >>> 32) & mask;
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

  /** The value of the entry that ends at {@code node}, or −1. */
  int value(int node) {
    return values[node] - 1;
  }
}
