// SPDX-License-Identifier: Apache-2.0
/** A server that answers the requests of many clients with MegatronBERT models. */
@org.jspecify.annotations.NullMarked
package io.github.megabert.server;
