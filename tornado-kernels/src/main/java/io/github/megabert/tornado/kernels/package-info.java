/**
 * What runs on the device: static methods that TornadoVM compiles from their bytecode, the calls of
 * NVIDIA's libraries, and the {@link io.github.megabert.tornado.recording.Kernel} of each.
 *
 * <p>{@code Float*} and {@code Half*} are the kernels of one element type each; {@code HalfPair*}
 * read two binary16 numbers at a time; {@code Dense*} pack and unpack for cuDNN; {@code BFloat16*}
 * surround products in bfloat16.
 */
@NullMarked
package io.github.megabert.tornado.kernels;

import org.jspecify.annotations.NullMarked;
