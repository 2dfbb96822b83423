// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a pickle is read into. Besides the types here: {@link String}, {@link Long}, {@link
 * java.math.BigInteger}, {@link Double}, {@link Boolean}, {@code byte[]}, {@link List} (also for
 * sets) and {@link Map} (also for {@code OrderedDict}).
 *
 * <p>A pickle's values may contain themselves, so none of these types compares or prints what it
 * contains.
 */
public final class PickleValues {
  private PickleValues() {}

  /** Python's {@code None}. */
  public enum None {
    /** Its only value. */
    NONE
  }

  /** A tuple. */
  static final class Tuple {
    private final List<Object> items;

    Tuple(List<Object> items) {
      this.items = items;
    }

    int size() {
      return items.size();
    }

    Object get(int index) {
      return items.get(index);
    }
  }

  /** A class or function that a pickle names. */
  public record Global(String module, String name) {
    @Override
    public String toString() {
      return module + "." + name;
    }
  }

  /** An object of a class that nobody needs to run: its class and its state. */
  public static final class Inert {
    private final Global type;
    private final List<Object> items = new ArrayList<>();
    private final Map<Object, Object> entries = new LinkedHashMap<>();
    private Object state = None.NONE;

    Inert(Global type) {
      this.type = type;
    }

    Global type() {
      return type;
    }

    /** What was appended to it, where it is a kind of list. */
    List<Object> items() {
      return items;
    }

    /** What was put into it, where it is a kind of dictionary. */
    Map<Object, Object> entries() {
      return entries;
    }

    void state(Object newState) {
      state = newState;
    }

    /** Its attributes by name, such as a {@code Namespace}'s; empty where there are none. */
    public Map<?, ?> attributes() {
      return state instanceof Map<?, ?> map ? map : Map.of();
    }
  }

  /** The items of a list or tuple, or null if the value is neither. */
  public static @Nullable List<?> items(@Nullable Object value) {
    return switch (value) {
      case Tuple tuple -> Collections.unmodifiableList(tuple.items);
      case List<?> list -> list;
      case null, default -> null;
    };
  }

  /** A member of a dictionary, or null if the value is no dictionary or lacks it. */
  public static @Nullable Object member(@Nullable Object dictionary, String key) {
    return dictionary instanceof Map<?, ?> map ? map.get(key) : null;
  }
}
