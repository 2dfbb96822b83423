// SPDX-License-Identifier: Apache-2.0
/** NVIDIA's driver, called without TornadoVM: free memory, and the launch of captured graphs. */
@NullMarked
package io.github.megabert.tornado.cuda;

import org.jspecify.annotations.NullMarked;
