// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The labels of a model that names none: {@code LABEL_0}, {@code LABEL_1}, … They are made when
 * they are asked for: a configuration may claim any number of them.
 */
final class DefaultLabels extends AbstractMap<Integer, String> {
  private final int count;

  DefaultLabels(int count) {
    this.count = count;
  }

  private static String label(int index) {
    return "LABEL_" + index;
  }

  @Override
  public int size() {
    return count;
  }

  @Override
  public boolean containsKey(@Nullable Object key) {
    return key instanceof Integer index && index >= 0 && index < count;
  }

  @Override
  public @Nullable String get(@Nullable Object key) {
    return key instanceof Integer index && containsKey(key) ? label(index) : null;
  }

  @Override
  public Set<Map.Entry<Integer, String>> entrySet() {
    return new AbstractSet<>() {
      @Override
      public int size() {
        return count;
      }

      @Override
      public Iterator<Map.Entry<Integer, String>> iterator() {
        return IntStream.range(0, count).mapToObj(i -> Map.entry(i, label(i))).iterator();
      }
    };
  }
}
