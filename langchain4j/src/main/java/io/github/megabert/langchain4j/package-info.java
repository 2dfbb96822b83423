// SPDX-License-Identifier: Apache-2.0
/** LangChain4j's models on MegaBERT. */
@NullMarked
package io.github.megabert.langchain4j;

import org.jspecify.annotations.NullMarked;
