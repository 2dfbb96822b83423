// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Tape;

/** How the pass of a micro-batch through a stage is joined to those before and behind it. */
interface StageLink {
  /** What the stage before has computed, {@code [rows, columns]}, as an input of a tape. */
  Matrix receiveStates(Tape tape, int rows, int columns);

  /** Sends what the next stage reads. */
  void sendStates(Tape tape, Matrix hiddenStates);

  /** Walks back with the gradient of what went out, which the next stage has sent. */
  void walkBack(Tape tape, Matrix hiddenStates);

  /** Sends the gradient of what came in, once the tape has been walked back. */
  void sendGradient(Tape tape, Matrix input);

  /** The pass is over: nothing reads any more what came in. */
  void ended();
}
