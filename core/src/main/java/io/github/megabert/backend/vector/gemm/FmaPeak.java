// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.tensor.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The fastest that this machine multiplies and adds float32: fused multiply-adds on registers
 * alone, sixteen independent chains of the widest vectors. A processor with two multiply-add units
 * and a latency of four clocks could do with eight, but a Zen 5 then reaches seven eighths only.
 */
public final class FmaPeak {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int CHAINS = 16;
  private static final int STEPS = 1_000_000;

  private FmaPeak() {}

  /**
   * The best of some 20 tries in GFLOP/s, {@code threads} threads together; takes about a second.
   */
  public static double gigaflops(int threads) {
    float[] sinks = new float[threads];
    double best = 0;
    try (Workers workers = new Workers(threads)) {
      for (int i = 0; i < 20; i++) {
        long start = System.nanoTime();
        workers.run(threads, index -> sinks[index] = chains(1 + index * 1e-3f));
        double seconds = (System.nanoTime() - start) / 1e9;
        double operations = 2.0 * STEPS * CHAINS * SPECIES.length() * threads;
        best = Math.max(best, operations / seconds / 1e9);
      }
    }
    return Float.isNaN(sinks[0]) ? 0 : best;
  }

  private static float chains(float seed) {
    FloatVector factor = FloatVector.broadcast(SPECIES, 0.999f);
    FloatVector term = FloatVector.broadcast(SPECIES, seed);
    FloatVector a = FloatVector.broadcast(SPECIES, seed);
    FloatVector b = FloatVector.broadcast(SPECIES, seed + 1);
    FloatVector c = FloatVector.broadcast(SPECIES, seed + 2);
    FloatVector d = FloatVector.broadcast(SPECIES, seed + 3);
    FloatVector e = FloatVector.broadcast(SPECIES, seed + 4);
    FloatVector f = FloatVector.broadcast(SPECIES, seed + 5);
    FloatVector g = FloatVector.broadcast(SPECIES, seed + 6);
    FloatVector h = FloatVector.broadcast(SPECIES, seed + 7);
    FloatVector j = FloatVector.broadcast(SPECIES, seed + 8);
    FloatVector k = FloatVector.broadcast(SPECIES, seed + 9);
    FloatVector l = FloatVector.broadcast(SPECIES, seed + 10);
    FloatVector m = FloatVector.broadcast(SPECIES, seed + 11);
    FloatVector n = FloatVector.broadcast(SPECIES, seed + 12);
    FloatVector o = FloatVector.broadcast(SPECIES, seed + 13);
    FloatVector p = FloatVector.broadcast(SPECIES, seed + 14);
    FloatVector q = FloatVector.broadcast(SPECIES, seed + 15);
    for (int i = 0; i < STEPS; i++) {
      a = a.fma(factor, term);
      b = b.fma(factor, term);
      c = c.fma(factor, term);
      d = d.fma(factor, term);
      e = e.fma(factor, term);
      f = f.fma(factor, term);
      g = g.fma(factor, term);
      h = h.fma(factor, term);
      j = j.fma(factor, term);
      k = k.fma(factor, term);
      l = l.fma(factor, term);
      m = m.fma(factor, term);
      n = n.fma(factor, term);
      o = o.fma(factor, term);
      p = p.fma(factor, term);
      q = q.fma(factor, term);
    }
    FloatVector sum = a.add(b).add(c).add(d).add(e).add(f).add(g).add(h);
    return j.add(k).add(l).add(m).add(n).add(o).add(p).add(q).add(sum).lane(0);
  }
}
