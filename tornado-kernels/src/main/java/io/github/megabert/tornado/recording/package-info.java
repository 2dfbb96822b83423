// SPDX-License-Identifier: Apache-2.0
/**
 * Lists of calls, and the task graphs that run them: a {@link
 * io.github.megabert.tornado.recording.Recording} collects calls, {@link
 * io.github.megabert.tornado.recording.Programs} finds or builds the program of a list, a {@link
 * io.github.megabert.tornado.recording.Program} replays it. Nothing here knows what a kernel
 * computes.
 */
@NullMarked
package io.github.megabert.tornado.recording;

import org.jspecify.annotations.NullMarked;
