// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.task.TokenClassification.Entity;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Puts the entities of overlapping windows together. */
final class OverlappingEntities {
  private OverlappingEntities() {}

  /**
   * Of entities that overlap the longest stays, of equally long ones the most certain, as in
   * transformers' {@code aggregate_overlapping_entities}.
   *
   * @return entities that do not overlap, in the order of the text
   */
  static List<Entity> resolve(List<Entity> entities) {
    List<Entity> sorted = new ArrayList<>(entities);
    sorted.sort(Comparator.comparingInt(entity -> entity.span().start()));
    List<Entity> kept = new ArrayList<>();
    for (Entity entity : sorted) {
      Entity last = kept.isEmpty() ? null : kept.getLast();
      if (last == null || entity.span().start() >= last.span().end()) {
        kept.add(entity);
      } else if (isBetter(entity, last)) {
        kept.set(kept.size() - 1, entity);
      }
    }
    return List.copyOf(kept);
  }

  private static boolean isBetter(Entity entity, Entity other) {
    int longer = Integer.compare(entity.span().codePoints(), other.span().codePoints());
    return longer > 0 || (longer == 0 && entity.score() > other.score());
  }
}
