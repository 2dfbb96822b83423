// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.Linker;
import java.util.Locale;

/** Pages of memory that can become executable, by the functions of the system. */
sealed interface CodePages permits PosixPages, WindowsPages {
  /**
   * Pages that can be written.
   *
   * @return where they begin
   * @throws MachineCodeException if there is no memory for them
   */
  long map(long bytes) throws MachineCodeException;

  /** Makes pages executable, and no longer writable; returns whether the system let it. */
  boolean makeExecutable(long start, long bytes);

  void unmap(long start, long bytes);

  /** What a kernel's code needs in front of it to be called on this system. */
  byte[] entry();

  /**
   * The functions of this system.
   *
   * @throws MachineCodeException if it is none that is known
   */
  static CodePages of(Linker linker) throws MachineCodeException {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    if (system.equals("linux")) {
      return PosixPages.ofLinux(linker);
    }
    return system.startsWith("windows") ? WindowsPages.of(linker) : PosixPages.ofMac(linker);
  }

  /** Whether somebody has run code on this system. */
  static boolean isTried() {
    return System.getProperty("os.name", "").equals("Linux");
  }

  /** Whether this is a system and a processor that code is made for. */
  static boolean isServed() {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String processor = System.getProperty("os.arch", "");
    boolean isKnown =
        system.equals("linux") || system.startsWith("windows") || system.equals("mac os x");
    // The same processor has either name, by system.
    return isKnown && (processor.equals("amd64") || processor.equals("x86_64"));
  }
}
