// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

/** Memory in which a rank leaves matrices for others to fetch. */
interface PeerSlots {
  /** Bytes of what {@link #export} gives. */
  int handleBytes();

  /** Takes memory for at least so many bytes; returns where it lies. */
  long allocate(long bytes);

  /** What another rank {@link #open}s memory with. */
  byte[] export(long slot);

  /** Where this rank finds what another has exported; once for each. */
  long open(byte[] handle);

  /** Copies a matrix that has been computed into a slot, and waits for it. */
  void leave(TornadoComputation computation, TornadoMatrix x, long slot);

  /** Copies what another rank has left over a matrix, and waits for it. */
  void fetch(TornadoComputation computation, long slot, TornadoMatrix out);
}
