// SPDX-License-Identifier: Apache-2.0
/** Micrometer's meters on MegaBERT. */
@org.jspecify.annotations.NullMarked
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"})
module io.github.megabert.micrometer {
  requires transitive io.github.megabert.core;
  requires transitive micrometer.core;
  requires jdk.jfr;
  requires static org.jspecify;

  exports io.github.megabert.micrometer;
}
