// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.cuda;

/**
 * A place in the memory of an NVIDIA GPU.
 *
 * @param context TornadoVM's, in which it has been allocated
 */
public record DeviceAddress(CudaDriver driver, long context, long address) {}
