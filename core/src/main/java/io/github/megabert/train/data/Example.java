// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

/** One example of a task, as a file or an application gives it. */
public sealed interface Example permits LabelledText, TaggedWords, QuestionExample, ChoiceExample {}
