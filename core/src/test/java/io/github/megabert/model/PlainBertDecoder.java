// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;

/**
 * A BERT decoder with cross-attention for one sequence, written down from the formulas in double
 * precision: {@code h = ln(h + causal self-attention)}, {@code h = ln(h + cross-attention)}, {@code
 * h = ln(h + mlp)}.
 */
final class PlainBertDecoder {
  private final Checkpoint weights;
  private final MegatronBertConfig config;

  PlainBertDecoder(Checkpoint weights, MegatronBertConfig config) {
    this.weights = weights;
    this.config = config;
  }

  /** {@code [tokens, hidden]} of token ids and encoder states {@code [encoder tokens, hidden]}. */
  double[][] run(int[] ids, double[][] encoder) throws IOException {
    double[][] h = new double[ids.length][];
    for (int t = 0; t < ids.length; t++) {
      h[t] =
          sum(
              sum(
                  row("bert.embeddings.word_embeddings.weight", ids[t]),
                  row("bert.embeddings.position_embeddings.weight", t)),
              row("bert.embeddings.token_type_embeddings.weight", 0));
    }
    h = norm("bert.embeddings.LayerNorm", h);
    for (int i = 0; i < config.numHiddenLayers(); i++) {
      String layer = "bert.encoder.layer." + i + ".";
      h = attention(layer + "attention.", h, h, true);
      h = attention(layer + "crossattention.", h, encoder, false);
      double[][] inner = linear(layer + "intermediate.dense", h);
      for (double[] row : inner) {
        for (int c = 0; c < row.length; c++) {
          row[c] = row[c] * 0.5 * (1 + erf(row[c] / Math.sqrt(2)));
        }
      }
      h = norm(layer + "output.LayerNorm", sum(linear(layer + "output.dense", inner), h));
    }
    return h;
  }

  private double[][] attention(String prefix, double[][] h, double[][] keys, boolean causal)
      throws IOException {
    double[][] q = linear(prefix + "self.query", h);
    double[][] k = linear(prefix + "self.key", keys);
    double[][] v = linear(prefix + "self.value", keys);
    int headDim = config.headDim();
    double[][] context = new double[h.length][config.hiddenSize()];
    for (int head = 0; head < config.numAttentionHeads(); head++) {
      int first = head * headDim;
      for (int t = 0; t < h.length; t++) {
        int visible = causal ? t + 1 : keys.length;
        double[] weight = new double[visible];
        double total = 0;
        for (int s = 0; s < visible; s++) {
          double dot = 0;
          for (int c = first; c < first + headDim; c++) {
            dot += q[t][c] * k[s][c];
          }
          weight[s] = Math.exp(dot / Math.sqrt(headDim));
          total += weight[s];
        }
        for (int s = 0; s < visible; s++) {
          for (int c = first; c < first + headDim; c++) {
            context[t][c] += weight[s] / total * v[s][c];
          }
        }
      }
    }
    return norm(prefix + "output.LayerNorm", sum(linear(prefix + "output.dense", context), h));
  }

  private double[][] linear(String prefix, double[][] x) throws IOException {
    Tensor weight = weights.tensor(prefix + ".weight");
    double[] bias = row(prefix + ".bias");
    double[][] out = new double[x.length][bias.length];
    for (int t = 0; t < x.length; t++) {
      for (int o = 0; o < bias.length; o++) {
        double dot = bias[o];
        for (int c = 0; c < x[t].length; c++) {
          dot += x[t][c] * weight.getFloat((long) o * x[t].length + c);
        }
        out[t][o] = dot;
      }
    }
    return out;
  }

  private double[][] norm(String prefix, double[][] x) throws IOException {
    double[] weight = row(prefix + ".weight");
    double[] bias = row(prefix + ".bias");
    double[][] out = new double[x.length][weight.length];
    for (int t = 0; t < x.length; t++) {
      double mean = 0;
      double variance = 0;
      for (double value : x[t]) {
        mean += value / weight.length;
      }
      for (double value : x[t]) {
        variance += (value - mean) * (value - mean) / weight.length;
      }
      for (int c = 0; c < weight.length; c++) {
        out[t][c] =
            (x[t][c] - mean) / Math.sqrt(variance + config.layerNormEps()) * weight[c] + bias[c];
      }
    }
    return out;
  }

  private double[] row(String vector) throws IOException {
    Tensor tensor = weights.tensor(vector);
    double[] values = new double[(int) tensor.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = tensor.getFloat(i);
    }
    return values;
  }

  private double[] row(String table, int index) throws IOException {
    Tensor tensor = weights.tensor(table);
    double[] values = new double[config.hiddenSize()];
    for (int i = 0; i < values.length; i++) {
      values[i] = tensor.getFloat((long) index * values.length + i);
    }
    return values;
  }

  private static double[] sum(double[] a, double[] b) {
    double[] sum = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      sum[i] = a[i] + b[i];
    }
    return sum;
  }

  private static double[][] sum(double[][] a, double[][] b) {
    double[][] sum = new double[a.length][];
    for (int t = 0; t < a.length; t++) {
      sum[t] = sum(a[t], b[t]);
    }
    return sum;
  }

  /** The Maclaurin series, exact to rounding for the small arguments of a small model. */
  private static double erf(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; n < 60; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }
}
