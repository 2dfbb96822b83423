// SPDX-License-Identifier: Apache-2.0
/**
 * What runs on the device: static methods that TornadoVM compiles from their bytecode, the calls of
 * NVIDIA's libraries, and the {@link io.github.megabert.tornado.recording.Kernel} of each.
 *
 * <p>{@code Float*} are the kernels over float32. TornadoVM compiles a kernel from the bytecode of
 * one method, which names the type of its arrays; so the build derives {@code Half*}, the same
 * kernels over binary16, which compute in float32, from their sources. {@code HalfPair*} read two
 * binary16 numbers at a time; {@code Dense*} pack and unpack for cuDNN; {@code BFloat16*} surround
 * products in bfloat16.
 */
@NullMarked
package io.github.megabert.tornado.kernels;

import org.jspecify.annotations.NullMarked;
