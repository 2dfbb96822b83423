package io.github.megabert.backend;

/**
 * A dropout mask on part of a step's elements.
 *
 * @param mask what is dropped
 * @param position of the first element in the whole step, so that a part of a batch gets the mask
 *     that it has within the whole
 */
public record Dropout(DropoutMask mask, long position) {}
