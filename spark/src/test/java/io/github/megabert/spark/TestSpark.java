// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import org.apache.spark.sql.SparkSession;

/** The Spark that all tests share, which ends with their process. */
final class TestSpark {
  private TestSpark() {}

  static SparkSession session() {
    return SparkSession.builder()
        .master("local[2]")
        .appName("megabert")
        .config("spark.ui.enabled", false)
        .config("spark.sql.shuffle.partitions", 2)
        .getOrCreate();
  }
}
