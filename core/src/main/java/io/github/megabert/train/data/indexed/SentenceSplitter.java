// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.indexed;

import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Finds sentences by the JDK's rules for English (Unicode, UAX 29). Not thread-safe. */
final class SentenceSplitter {
  private final BreakIterator breaks = BreakIterator.getSentenceInstance(Locale.ENGLISH);

  /** The sentences of a text whose lines are broken anywhere; none is blank. */
  List<String> sentences(List<String> lines) {
    String text = String.join(" ", lines);
    breaks.setText(text);
    List<String> sentences = new ArrayList<>();
    int from = breaks.first();
    for (int to = breaks.next(); to != BreakIterator.DONE; to = breaks.next()) {
      String sentence = text.substring(from, to).strip();
      if (!sentence.isEmpty()) {
        sentences.add(sentence);
      }
      from = to;
    }
    return sentences;
  }
}
