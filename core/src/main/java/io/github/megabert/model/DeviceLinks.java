// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.DeviceMessages;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Tape;

/**
 * Links of a rank's stages whose messages stay on devices. Where T ranks share the layers each
 * sends the whole to its like in the next stage: that is quicker between devices than to put parts
 * together.
 */
final class DeviceLinks {
  private final DeviceMessages messages;
  private final PipelineRank pipeline;

  DeviceLinks(DeviceMessages messages, PipelineRank pipeline) {
    this.messages = messages;
    this.pipeline = pipeline;
  }

  /** That of passes through a stage of this rank. */
  StageLink of(int stage) {
    return new Link(stage);
  }

  /** Waits until the neighbours have what was sent. */
  void finish() {
    messages.finish();
  }

  private final class Link implements StageLink {
    private final int stage;

    Link(int stage) {
      this.stage = stage;
    }

    @Override
    public Matrix receiveStates(Tape tape, int rows, int columns) {
      int from = pipeline.rankOf(stage - 1);
      int tag = PipelineRank.tagOfHiddenStates(stage);
      return tape.input(
          rows, columns, (computation, out) -> messages.receive(computation, from, tag, out));
    }

    @Override
    public void sendStates(Tape tape, Matrix hiddenStates) {
      int to = pipeline.rankOf(stage + 1);
      int tag = PipelineRank.tagOfHiddenStates(stage + 1);
      tape.send(hiddenStates, (computation, x) -> messages.send(computation, x, to, tag));
    }

    @Override
    public void walkBack(Tape tape, Matrix hiddenStates) {
      int from = pipeline.rankOf(stage + 1);
      int tag = PipelineRank.tagOfGradients(stage + 1);
      tape.backward(
          hiddenStates, (computation, out) -> messages.receive(computation, from, tag, out));
    }

    @Override
    public void sendGradient(Tape tape, Matrix input) {
      int to = pipeline.rankOf(stage - 1);
      int tag = PipelineRank.tagOfGradients(stage);
      tape.sendGradient(input, (computation, x) -> messages.send(computation, x, to, tag));
    }

    @Override
    public void ended() {}
  }
}
