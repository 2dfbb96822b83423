// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

/**
 * A run of bytes of a PyTorch file that tensors are views of.
 *
 * @param key its name in the file
 * @param fileBytes how many bytes the file holds under that name
 * @param firstByte where this storage starts in them; not 0 only for the views that PyTorch before
 *     0.4 wrote
 * @param byteSize how many bytes of them are this storage's
 */
record TorchStorage(String key, long fileBytes, long firstByte, long byteSize) {}
