// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.plan;

/**
 * GPUs and what joins them. Rates are those of data sheets; {@code productShare} and {@code
 * linkShare} say what is reached of them.
 *
 * @param gpusPerNode GPUs that NVLink joins
 * @param peak half-precision operations a second of a GPU's tensor cores
 * @param productShare of that peak in matrix products
 * @param memory bytes of a GPU
 * @param memoryRate bytes a second of its memory
 * @param nodeLink bytes a second and direction of a GPU's NVLink
 * @param networkLink bytes a second and direction of a node's InfiniBand, all adapters together
 * @param linkShare of both links in collective operations
 * @param latency seconds of a message
 * @param source where the shares are from: measured, fitted or assumed
 */
public record Cluster(
    String name,
    int gpusPerNode,
    double peak,
    double productShare,
    double memory,
    double memoryRate,
    double nodeLink,
    double networkLink,
    double linkShare,
    double latency,
    String source) {
  /**
   * DGX-2 with V100s: NVSwitch of 150 GB/s a direction, eight InfiniBand adapters of 12.5 GB/s. The
   * share in products is fitted to 39 TFLOP/s on one GPU (Shoeybi et al. 2019, section 5.1).
   */
  public static final Cluster V100 =
      new Cluster(
          "v100",
          16,
          125e12,
          0.385,
          32e9,
          0.9e12,
          150e9,
          8 * 12.5e9,
          0.8,
          5e-6,
          "products fitted to 39 TFLOP/s on one GPU (Shoeybi et al. 2019); links assumed");

  /** DGX A100: NVLink of 300 GB/s a direction, eight adapters of 25 GB/s. Shares are assumed. */
  public static final Cluster A100 =
      new Cluster(
          "a100",
          8,
          312e12,
          0.55,
          80e9,
          2.0e12,
          300e9,
          8 * 25e9,
          0.8,
          5e-6,
          "what products and links reach of the data sheets is assumed");

  /** DGX H100: NVLink of 450 GB/s a direction, eight adapters of 50 GB/s. Shares are assumed. */
  public static final Cluster H100 =
      new Cluster(
          "h100",
          8,
          989e12,
          0.55,
          80e9,
          3.35e12,
          450e9,
          8 * 50e9,
          0.8,
          5e-6,
          "what products and links reach of the data sheets is assumed");

  /**
   * DGX H200, as an H100 with other memory. The share in products is fitted to MegaBERT's own step
   * of 345M in bf16 on one GPU, 16 sequences of 512 tokens in 72.4 ms; that of the links to its sum
   * of 1.34 GB of gradients by NCCL among two GPUs, in 4.0 ms. Between nodes nothing was measured.
   */
  public static final Cluster H200 =
      new Cluster(
          "h200",
          8,
          989e12,
          0.322,
          141e9,
          4.8e12,
          450e9,
          8 * 50e9,
          0.74,
          5e-6,
          "products and sums of two GPUs as measured with MegaBERT; the rest assumed");

  /**
   * Seconds of a ring all-reduce: each GPU sends 2·(n − 1)/n of the bytes (Patarasuk and Yuan
   * 2009).
   *
   * @param ranks n
   * @param inNode how many of them share a node, at least 1
   * @param bytes of each GPU's matrix
   */
  double allReduceSeconds(int ranks, int inNode, double bytes) {
    if (ranks <= 1) {
      return 0;
    }
    // The rings of a node's GPUs share its adapters: one ring for every inNode of them.
    double rate =
        ranks <= inNode ? nodeLink : Math.min(nodeLink, networkLink * inNode / gpusPerNode);
    return 2.0 * (ranks - 1) / ranks * bytes / (rate * linkShare) + 2.0 * (ranks - 1) * latency;
  }
}
