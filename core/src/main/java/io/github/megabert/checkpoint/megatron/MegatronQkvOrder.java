// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.torch.TorchTensor;

/**
 * How the rows of a rank's query-key-value matrix are ordered, by the checkpoint's version. {@code
 * np} is the rank's number of heads, {@code hn} the size of a head.
 *
 * @see <a
 *     href="https://github.com/NVIDIA/Megatron-LM/blob/v2.4/megatron/checkpointing.py">_transpose_first_dim</a>
 */
enum MegatronQkvOrder {
  /** Version 0: {@code [3, np, hn]}. */
  KIND_FIRST,
  /** Version 1: {@code [np, hn, 3]}. */
  KIND_LAST,
  /** Version 2 and 3, and Megatron core: {@code [np, 3, hn]}. */
  KIND_SECOND;

  static MegatronQkvOrder ofVersion(double version, String source) throws CheckpointException {
    if (version == 0) {
      return KIND_FIRST;
    }
    if (version == 1) {
      return KIND_LAST;
    }
    if (version >= 2 && version < 4) {
      return KIND_SECOND;
    }
    throw new CheckpointException(
        source + " has checkpoint_version " + version + ", known are 0, 1, 2 and 3");
  }

  /**
   * The rows of the queries (0), keys (1) or values (2), as a view {@code [np, hn, …]}.
   *
   * @param fused {@code [3·np·hn, …]}
   */
  TorchTensor select(TorchTensor fused, int heads, int which) {
    long headSize = fused.shape().extent(0) / (3L * heads);
    return switch (this) {
      case KIND_FIRST -> fused.splitRows(3, heads, headSize).select(0, which);
      case KIND_LAST -> fused.splitRows(heads, headSize, 3).select(2, which);
      case KIND_SECOND -> fused.splitRows(heads, 3, headSize).select(1, which);
    };
  }
}
