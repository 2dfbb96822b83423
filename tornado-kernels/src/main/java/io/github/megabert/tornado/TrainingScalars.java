// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Dropout;
import io.github.megabert.tornado.kernels.DropoutWords;
import io.github.megabert.tornado.kernels.FloatKernelSet;
import io.github.megabert.tornado.kernels.ScalarTickets;
import io.github.megabert.tornado.recording.Element;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Kernel;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Recording;
import io.github.megabert.tornado.recording.Temporary;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The numbers of a program that steps change, where its kernels find them. */
final class TrainingScalars {
  /** Tickets that are copied to the device at a time. */
  private static final int TICKETS = 512;

  /** Tickets of a program that keep a place of their own; a model of 24 layers has 73 masks. */
  private static final int KEPT = 256;

  private final Recording recording;
  private final Map<Integer, Integer> rowCounts = new HashMap<>();

  /** A ticket's numbers as bits, and what it is made of. */
  private record Ticket(Element element, List<Integer> bits) {}

  /** A mask is drawn forwards and backwards. */
  private final Map<Ticket, Operand> tickets = new HashMap<>();

  private float @Nullable [] numbers;
  private @Nullable Operand uploaded;
  private int used;

  TrainingScalars(Recording recording) {
    this.recording = recording;
  }

  /** Forgets everything, when what has been recorded runs. */
  void forget() {
    rowCounts.clear();
    tickets.clear();
    numbers = null;
    uploaded = null;
    used = 0;
  }

  /** Where a number of rows lies in the integers. */
  int rowsAt(int rows) {
    return rowCounts.computeIfAbsent(rows, count -> recording.integers().section(1, count));
  }

  /** The words of a mask for the next call, or of none. */
  Operand dropout(@Nullable Dropout dropout) {
    return ticket(Element.INT, DropoutWords.of(dropout));
  }

  /** Where the calls to come find numbers; equal ones are taken once a program. */
  Operand ticket(float[] values) {
    return ticket(Element.FLOAT, values);
  }

  private Operand ticket(Element element, float[] values) {
    List<Integer> bits = new ArrayList<>(values.length);
    for (float value : values) {
      bits.add(Float.floatToIntBits(value));
    }
    Ticket ticket = new Ticket(element, bits);
    Operand known = tickets.get(ticket);
    if (known == null) {
      // Tickets beyond the kept ones take turns with one place, in which nobody finds them later.
      boolean isKept = tickets.size() < KEPT;
      int place = isKept ? 1 + tickets.size() : 0;
      known = Temporary.TICKET.of(place, ScalarTickets.WIDTH, element);
      take(values, known, element == Element.INT ? ScalarTickets.TAKE_WORDS : ScalarTickets.TAKE);
      if (isKept) {
        tickets.put(ticket, known);
      }
    }
    return known;
  }

  private void take(float[] values, Operand ticket, Kernel kernel) {
    Operand cursor = Temporary.CURSOR.of(1, Element.FLOAT);
    float[] all = numbers;
    Operand source = uploaded;
    if (all == null || source == null || used == TICKETS) {
      all = new float[TICKETS * ScalarTickets.WIDTH];
      source = recording.upload(all, all.length);
      numbers = all;
      uploaded = source;
      used = 0;
      recording.add(FloatKernelSet.SET.clear(), Grid.elements(1), cursor, 1);
    }
    System.arraycopy(values, 0, all, used * ScalarTickets.WIDTH, values.length);
    used++;
    recording.add(kernel, new Grid(1, 1, ScalarTickets.THREADS), source, cursor, ticket);
  }
}
