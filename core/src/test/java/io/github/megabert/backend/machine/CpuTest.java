// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class CpuTest {
  /** Linux asks the processor too, and lists only what it has made room for. */
  @Test
  void linuxSaysTheSame() throws Exception {
    assumeTrue(MachineCode.reason().isEmpty(), () -> "no machine code: " + MachineCode.reason());
    Set<String> flags =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("flags"))
            .limit(1)
            .flatMap(line -> Arrays.stream(line.split("[ :\t]+")))
            .collect(Collectors.toSet());
    assertFalse(flags.isEmpty());
    boolean avx512 = flags.containsAll(List.of("avx512f", "avx512bw", "avx512dq", "avx512vl"));
    Cpu expected =
        new Cpu(
            flags.containsAll(List.of("avx2", "fma")),
            avx512,
            avx512 && flags.contains("avx512_vnni"),
            flags.contains("avx_vnni"),
            avx512 && flags.contains("avx512_bf16"),
            flags.contains("amx_int8"),
            flags.contains("amx_bf16"));
    assertEquals(expected, Cpu.read(CodeMemory.open()));
  }

  private static final int[] NONE = new int[4];

  /** Leaf 1 with FMA, OSXSAVE, AVX and F16C. */
  private static final int[] BASIC = {0, 0, 1 << 12 | 1 << 27 | 1 << 28 | 1 << 29, 0};

  /** Leaf 7 with AVX2, AVX-512 F, DQ, BW and VL, VNNI, and all of AMX. */
  private static final int[] MORE = {
    1, 1 << 5 | 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31, 1 << 11, 1 << 22 | 1 << 24 | 1 << 25
  };

  private static final int[] BFLOAT16 = {1 << 5, 0, 0, 0};

  /** What the system does not save is not there, whatever the processor has. */
  @Test
  void registersThatAreNotSavedAreNotUsed() {
    Cpu all = new Cpu(true, true, true, false, true, true, true);
    assertEquals(all, Cpu.of(BASIC, MORE, BFLOAT16, 0x600e7));
    assertEquals("AVX-512, VNNI, BF16, AMX", all.text());
    Cpu withoutAmx = new Cpu(true, true, true, false, true, false, false);
    assertEquals(withoutAmx, Cpu.of(BASIC, MORE, BFLOAT16, 0xe7));
    Cpu avx2 = new Cpu(true, false, false, false, false, false, false);
    assertEquals(avx2, Cpu.of(BASIC, MORE, BFLOAT16, 0x7));
    assertEquals("AVX2", avx2.text());
    Cpu avxVnni = new Cpu(true, false, false, true, false, false, false);
    assertEquals(avxVnni, Cpu.of(BASIC, MORE, new int[] {1 << 4, 0, 0, 0}, 0x7));
    assertEquals("AVX2, AVX-VNNI", avxVnni.text());
    Cpu nothing = new Cpu(false, false, false, false, false, false, false);
    assertEquals(nothing, Cpu.of(BASIC, MORE, BFLOAT16, 0x3));
    assertEquals(nothing, Cpu.of(NONE, NONE, NONE, 0));
    assertEquals("no AVX2", nothing.text());
  }
}
