// SPDX-License-Identifier: Apache-2.0
/** MegaBERT in Spring Boot and Spring AI. */
@NullMarked
package io.github.megabert.spring;

import org.jspecify.annotations.NullMarked;
