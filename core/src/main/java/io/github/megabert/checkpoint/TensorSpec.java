// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;

/** What is known of a tensor before its elements: name, element type and shape. */
public record TensorSpec(String name, DType dtype, Shape shape) {
  /** Size of the elements in bytes. */
  public long byteSize() {
    return dtype.byteSize(shape.elements());
  }
}
