// SPDX-License-Identifier: Apache-2.0
/**
 * Kernels in machine code that Java writes. A small {@link
 * io.github.megabert.backend.machine.Assembler} encodes them for the processor that {@link
 * io.github.megabert.backend.machine.Cpu} describes, {@link
 * io.github.megabert.backend.machine.CodeMemory} makes them executable, {@link
 * io.github.megabert.backend.machine.NativeCall} calls them. Such a kernel is at its full speed in
 * the first call, where the Vector API waits for the compiler.
 *
 * <p>x86-64 on Linux, by the System V calling convention. Elsewhere, and where it is forbidden,
 * {@link io.github.megabert.backend.machine.MachineCode} says why and the Vector API serves.
 */
@org.jspecify.annotations.NullMarked
package io.github.megabert.backend.machine;
