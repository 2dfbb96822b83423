// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** ONNX Runtime by its Java API, with every graph optimization. */
final class OnnxRuntimeEngine implements Engine {
  private static final int HIDDEN = 1024;

  private final OrtEnvironment environment;
  private final OrtSession session;

  OnnxRuntimeEngine(Path graph, int threads) {
    environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      session = environment.createSession(graph.toString(), options);
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public String name() {
    return "ONNX Runtime " + environment.getVersion();
  }

  /** Sequences of different lengths are padded to the longest and masked. */
  @Override
  public float[] forward(int[][] sequences) {
    int batch = sequences.length;
    int length = Arrays.stream(sequences).mapToInt(s -> s.length).max().orElseThrow();
    long[] ids = new long[batch * length];
    long[] mask = new long[batch * length];
    for (int b = 0; b < batch; b++) {
      for (int t = 0; t < sequences[b].length; t++) {
        ids[b * length + t] = sequences[b][t];
        mask[b * length + t] = 1;
      }
    }
    long[] shape = {batch, length};
    try (OnnxTensor inputIds = tensor(ids, shape);
        OnnxTensor attentionMask = tensor(mask, shape);
        OnnxTensor tokenTypeIds = tensor(new long[batch * length], shape);
        OrtSession.Result result =
            session.run(
                Map.of(
                    "input_ids", inputIds,
                    "attention_mask", attentionMask,
                    "token_type_ids", tokenTypeIds))) {
      FloatBuffer states = ((OnnxTensor) result.get(0)).getFloatBuffer();
      float[] tokens = new float[Arrays.stream(sequences).mapToInt(s -> s.length).sum() * HIDDEN];
      int at = 0;
      for (int b = 0; b < batch; b++) {
        int count = sequences[b].length * HIDDEN;
        states.get(b * length * HIDDEN, tokens, at, count);
        at += count;
      }
      return tokens;
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  private OnnxTensor tensor(long[] values, long[] shape) throws OrtException {
    return OnnxTensor.createTensor(environment, LongBuffer.wrap(values), shape);
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }
}
