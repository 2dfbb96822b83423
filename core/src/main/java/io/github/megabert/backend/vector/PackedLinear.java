package io.github.megabert.backend.vector;

import io.github.megabert.backend.Backend;
import java.lang.foreign.MemorySegment;

/**
 * The weights of a linear layer as the matrix kernel reads them.
 *
 * @param panels {@code [panels, inputs, PANEL]} float32: panel p holds the output channels from
 *     {@code p × PANEL} on, zeros past the last
 * @param bias one float a channel, padded with zeros to whole panels
 */
record PackedLinear(MemorySegment panels, MemorySegment bias, int inputs, int outputs)
    implements Backend.Linear {
  /** Number of panels. */
  int panelCount() {
    return Math.ceilDiv(outputs, Lanes.PANEL);
  }

  /** Bytes of a panel. */
  long panelBytes() {
    return (long) inputs * Lanes.PANEL_BYTES;
  }
}
