// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.metrics;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How well entities are found in tagged words. An entity counts as found if its type and both its
 * ends are right. Entities are read off the tags by the rules of the {@code seqeval} package's
 * default mode, which go back to CoNLL-2000's {@code conlleval}: they are lenient, so {@code I-X}
 * begins an entity where none of that type is open.
 */
public final class EntityCounts {
  /**
   * An entity in a sentence.
   *
   * @param first index of its first word
   * @param last index of its last word
   */
  public record Entity(String type, int first, int last) {}

  /**
   * A tag: the letter that it begins with and the type after the first hyphen.
   *
   * @param prefix {@code B}, {@code I}, {@code E}, {@code S} or {@code O}; another letter stands
   *     for a tag that is none of these schemes
   */
  private record Tag(char prefix, String type) {
    static final Tag OUTSIDE = new Tag('O', "_");

    static Tag of(String tag) {
      if (tag.isEmpty()) {
        throw new IllegalArgumentException("a tag is empty");
      }
      String rest = tag.substring(1);
      String type = rest.substring(rest.indexOf('-') + 1);
      return new Tag(tag.charAt(0), type.isEmpty() ? "_" : type);
    }

    boolean isOneOf(String prefixes) {
      return prefixes.indexOf(prefix) >= 0;
    }
  }

  /** Found, predicted and right entities of a type. */
  private static final class Counts {
    private long truePositives;
    private long predicted;
    private long support;
  }

  private final SortedMap<String, Counts> types = new TreeMap<>();
  private long words;
  private long rightWords;

  /** No sentences yet. */
  public EntityCounts() {}

  /**
   * Counts a sentence.
   *
   * @throws IllegalArgumentException if the numbers of tags differ or a tag is empty
   */
  public void add(List<String> tags, List<String> predictions) {
    if (tags.size() != predictions.size()) {
      throw new IllegalArgumentException(
          "a sentence of " + tags.size() + " tags has " + predictions.size() + " predictions");
    }
    Set<Entity> right = new HashSet<>(entities(tags));
    for (Entity entity : right) {
      of(entity).support++;
    }
    for (Entity entity : entities(predictions)) {
      of(entity).predicted++;
      of(entity).truePositives += right.contains(entity) ? 1 : 0;
    }
    words += tags.size();
    for (int i = 0; i < tags.size(); i++) {
      rightWords += tags.get(i).equals(predictions.get(i)) ? 1 : 0;
    }
  }

  private Counts of(Entity entity) {
    return types.computeIfAbsent(entity.type(), type -> new Counts());
  }

  /** The entities that tags mark, in their order. */
  public static List<Entity> entities(List<String> tags) {
    List<Entity> entities = new ArrayList<>();
    Tag before = Tag.OUTSIDE;
    int first = 0;
    for (int i = 0; i <= tags.size(); i++) {
      Tag tag = i == tags.size() ? Tag.OUTSIDE : Tag.of(tags.get(i));
      if (ends(before, tag)) {
        entities.add(new Entity(before.type(), first, i - 1));
      }
      if (begins(before, tag)) {
        first = i;
      }
      before = tag;
    }
    return entities;
  }

  private static boolean ends(Tag before, Tag tag) {
    return before.isOneOf("ES")
        || (before.isOneOf("BI") && tag.isOneOf("BSO"))
        || (!before.isOneOf("O.") && !before.type().equals(tag.type()));
  }

  private static boolean begins(Tag before, Tag tag) {
    return tag.isOneOf("BS")
        || (before.isOneOf("ESO") && tag.isOneOf("EI"))
        || (!tag.isOneOf("O.") && !before.type().equals(tag.type()));
  }

  /** How well entities of each type are found, in the order of the types' names. */
  public SortedMap<String, ClassScore> types() {
    SortedMap<String, ClassScore> scores = new TreeMap<>();
    types.forEach(
        (type, counts) ->
            scores.put(
                type, new ClassScore(counts.truePositives, counts.predicted, counts.support)));
    return scores;
  }

  /** How well entities of all types together are found (seqeval's "micro" average). */
  public ClassScore all() {
    long truePositives = 0;
    long predicted = 0;
    long support = 0;
    for (Counts counts : types.values()) {
      truePositives += counts.truePositives;
      predicted += counts.predicted;
      support += counts.support;
    }
    return new ClassScore(truePositives, predicted, support);
  }

  /** The share of words whose tag is right. */
  public double accuracy() {
    return ClassScore.share(rightWords, words);
  }

  /** {@code precision}, {@code recall}, {@code f1} and, of words, {@code accuracy}. */
  public Map<String, Double> byName() {
    ClassScore all = all();
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("precision", all.precision());
    values.put("recall", all.recall());
    values.put("f1", all.f1());
    values.put("accuracy", accuracy());
    return values;
  }
}
