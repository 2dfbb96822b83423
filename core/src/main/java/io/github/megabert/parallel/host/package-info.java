/** What engines compute in host memory. */
@NullMarked
package io.github.megabert.parallel.host;

import org.jspecify.annotations.NullMarked;
