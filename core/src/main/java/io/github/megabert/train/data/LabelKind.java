// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

/** What the labels of a file of texts are. */
public enum LabelKind {
  /** There are none, or they are not read. */
  NONE,
  /** One class a text: {@link Target.Label}. */
  LABEL,
  /** Several classes a text: {@link Target.Labels}. */
  LABELS,
  /** A number a text: {@link Target.Value}. */
  VALUE
}
