// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.input.Quote;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The labels of a task; a label's place is its class index.
 *
 * @param names each once, at least one
 * @param source where they come from, for messages
 */
record LabelNames(List<String> names, String source, Map<String, Integer> indices) {
  private static final int MOST_SHOWN = 12;
  private static final Pattern WHOLE_NUMBER = Pattern.compile("0|-?[1-9][0-9]{0,17}");

  /** Labels in the order of their class indices. */
  static LabelNames of(List<String> names, String source) {
    Map<String, Integer> indices = HashMap.newHashMap(names.size());
    for (int i = 0; i < names.size(); i++) {
      indices.putIfAbsent(names.get(i), i);
    }
    return new LabelNames(List.copyOf(names), source, Map.copyOf(indices));
  }

  /** The sorted set of labels that were found; whole numbers by their value. */
  static LabelNames sorted(Collection<String> found) {
    boolean numbers = found.stream().allMatch(name -> WHOLE_NUMBER.matcher(name).matches());
    Comparator<String> order =
        numbers ? Comparator.comparingLong(Long::parseLong) : Comparator.naturalOrder();
    return of(found.stream().distinct().sorted(order).toList(), "the training data");
  }

  int size() {
    return names.size();
  }

  String name(int index) {
    return names.get(index);
  }

  /** The class index of a label, or −1. */
  int find(String name) {
    return indices.getOrDefault(name, -1);
  }

  /** What is said of a label that is none of these. */
  String refusal(String name) {
    List<String> shown = names.subList(0, Math.min(MOST_SHOWN, names.size()));
    return "the label "
        + Quote.quote(name)
        + " is none of those of "
        + source
        + ": "
        + String.join(", ", shown)
        + (shown.size() < names.size() ? ", … (" + names.size() + " in all)" : "");
  }

  /** {@code id2label}, {@code label2id} and {@code problem_type} of a configuration. */
  Map<String, @Nullable Object> configuration(@Nullable String problemType) {
    Map<String, Object> id2label = new LinkedHashMap<>();
    Map<String, Object> label2id = new LinkedHashMap<>();
    List<String> inOrder = new ArrayList<>(names);
    for (int i = 0; i < inOrder.size(); i++) {
      id2label.put(String.valueOf(i), inOrder.get(i));
      label2id.put(inOrder.get(i), i);
    }
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("id2label", id2label);
    fields.put("label2id", label2id);
    if (problemType != null) {
      fields.put("problem_type", problemType);
    }
    return fields;
  }
}
