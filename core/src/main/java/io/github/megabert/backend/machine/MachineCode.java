// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** Whether machine code can be run in this process, and the kernels that can. */
public final class MachineCode {
  /**
   * The system property that turns it on or off. Without it, it is on where somebody has tried it:
   * on Linux.
   */
  public static final String PROPERTY = "megabert.machine-code";

  /** Found out when it is first asked for: the first call of native code takes some 50 ms. */
  private static final class Holder {
    static final MachineCode PROCESS = load();
  }

  private final @Nullable CodeMemory memory;
  private final @Nullable Cpu cpu;
  private final String reason;

  private MachineCode(@Nullable CodeMemory memory, @Nullable Cpu cpu, String reason) {
    this.memory = memory;
    this.cpu = cpu;
    this.reason = reason;
  }

  /**
   * Reads the switch.
   *
   * @throws IllegalArgumentException if the property is neither {@code on} nor {@code off}
   */
  public static boolean isWanted() {
    String value = System.getProperty(PROPERTY, "on");
    if (!value.equals("on") && !value.equals("off")) {
      throw new IllegalArgumentException(
          "the system property " + PROPERTY + " is \"" + value + "\"; say on or off");
    }
    return value.equals("on");
  }

  private static MachineCode load() {
    try {
      if (!isWanted()) {
        return new MachineCode(null, null, "the system property " + PROPERTY + " is off");
      }
      if (System.getProperty(PROPERTY) == null && CodePages.isServed() && !CodePages.isTried()) {
        String reason = "nobody has tried it on this system; -D" + PROPERTY + "=on does";
        return new MachineCode(null, null, reason);
      }
      CodeMemory memory = CodeMemory.open();
      Cpu cpu = Cpu.read(memory);
      return cpu.avx2()
          ? new MachineCode(memory, cpu, "")
          : new MachineCode(null, null, "the processor has no AVX2");
    } catch (MachineCodeException | IllegalArgumentException absent) {
      return new MachineCode(null, null, String.valueOf(absent.getMessage()));
    }
  }

  /** Why there is none; an empty string where there is. */
  public static String reason() {
    return Holder.PROCESS.reason;
  }

  /** The instructions that the processor has, in words; an empty string where there is no code. */
  public static String instructions() {
    Cpu cpu = Holder.PROCESS.cpu;
    return cpu == null ? "" : cpu.text();
  }

  /** Kernels for the life of the process; null where the Vector API has to serve. */
  public static @Nullable FloatTiles floatTiles(FloatTiles.Form form) {
    MachineCode process = Holder.PROCESS;
    Cpu cpu = process.cpu;
    if (process.memory == null || cpu == null || !fits(cpu, form.lanes())) {
      return null;
    }
    try {
      return FloatTiles.load(process.memory, Arena.global(), form);
    } catch (MachineCodeException refused) {
      warn(refused);
      return null;
    }
  }

  /** Kernels on rows, likewise. */
  public static @Nullable RowKernels rowKernels(int lanes, RowConstants constants) {
    MachineCode process = Holder.PROCESS;
    Cpu cpu = process.cpu;
    if (process.memory == null || cpu == null || !fits(cpu, lanes)) {
      return null;
    }
    try {
      return RowKernels.load(process.memory, Arena.global(), lanes, constants);
    } catch (MachineCodeException refused) {
      warn(refused);
      return null;
    }
  }

  /** What attention of short sequences calls, likewise, where there are the kernels. */
  public static @Nullable HeadKernels headKernels(
      @Nullable RowKernels rows, @Nullable FloatTiles tiles) {
    CodeMemory memory = Holder.PROCESS.memory;
    if (memory == null || rows == null || tiles == null) {
      return null;
    }
    try {
      return HeadKernels.load(memory, Arena.global(), rows, tiles);
    } catch (MachineCodeException refused) {
      warn(refused);
      return null;
    }
  }

  /** Products in 16 or 8 bits, likewise. */
  public static @Nullable NarrowTiles narrowTiles(NarrowTiles.Form form) {
    MachineCode process = Holder.PROCESS;
    Cpu cpu = process.cpu;
    if (process.memory == null || cpu == null) {
      return null;
    }
    boolean isWide = form.lanes() == 16;
    boolean fits =
        switch (form.kind()) {
          case BF16 -> cpu.bf16();
          case INT8 -> cpu.vnni() || (!isWide && cpu.avxVnni());
        };
    VectorInstruction ofBytes =
        cpu.vnni() ? VectorInstruction.VPDPBUSD : VectorInstruction.VPDPBUSD_VEX;
    try {
      boolean isAmx = form.kind() == NarrowTiles.Kind.BF16 ? cpu.amxBf16() : cpu.amxInt8();
      boolean hasAmx = isWide && isAmx;
      // Asked for where it is used alone: the process cannot take it back.
      boolean withAmx = fits && hasAmx && CodeMemory.allowAmx();
      return fits ? NarrowTiles.load(process.memory, Arena.global(), form, ofBytes, withAmx) : null;
    } catch (MachineCodeException refused) {
      warn(refused);
      return null;
    }
  }

  /** Once a process for each kind of kernels: they serve all models. */
  private static void warn(MachineCodeException refused) {
    System.getLogger(MachineCode.class.getName())
        .log(
            System.Logger.Level.WARNING,
            "kernels in machine code could not be loaded, the Vector API serves: {0}",
            refused.getMessage());
  }

  private static boolean fits(Cpu cpu, int lanes) {
    return switch (lanes) {
      case 16 -> cpu.avx512();
      case 8 -> cpu.avx2();
      default -> false;
    };
  }
}
