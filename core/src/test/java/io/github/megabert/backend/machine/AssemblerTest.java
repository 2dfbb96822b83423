// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every encoding is the one that binutils' assembler makes of the listing. */
class AssemblerTest {
  /** Displacements around the limits of one byte, of one byte in units of 4, 32 and 64. */
  private static final int[] DISPLACEMENTS = {
    0, 1, 4, 32, 64, 127, 128, -128, -129, 508, 512, -512, -516, 4064, 4096, -4096, 8128, 8192,
    -8192, 1 << 20
  };

  private static final Register[] BASES = {
    Register.RAX, Register.RSP, Register.RBP, Register.R8, Register.R12, Register.R13
  };

  @TempDir private Path folder;

  private static List<Address> addresses() {
    List<Address> addresses = new ArrayList<>();
    for (Register base : BASES) {
      for (int displacement : DISPLACEMENTS) {
        addresses.add(Address.of(base, displacement));
        addresses.add(new Address(base, Register.RCX, 4, displacement));
        addresses.add(new Address(base, Register.R9, 8, displacement));
      }
    }
    return addresses;
  }

  @Test
  void generalInstructions() throws Exception {
    Assembler to = new Assembler();
    for (Register register : Register.values()) {
      to.push(register);
      to.pop(register);
      to.clear(register);
      to.dec(register);
      to.call(register);
      for (int value : new int[] {1, -4, 127, -128, 128, 4096, -70000}) {
        to.add(register, value);
        to.and(register, value);
        to.sub(register, value);
      }
      for (Register other : Register.values()) {
        to.mov(register, other);
        to.mov32(register, other);
        to.add(register, other);
        to.cmp(register, other);
        to.test(register, other);
      }
    }
    for (Address address : addresses()) {
      for (Register register : new Register[] {Register.RAX, Register.RSI, Register.R15}) {
        to.mov(register, address);
        to.mov(address, register);
        to.store32(address, register);
        to.loadByte(register, address);
        to.lea(register, address);
        to.add(register, address);
      }
      to.prefetcht1(address);
    }
    to.cpuid();
    to.xgetbv();
    to.vzeroupper();
    to.ret();
    compare(to);
  }

  @Test
  void vectorInstructions() throws Exception {
    Assembler to = new Assembler();
    for (int bits : new int[] {128, 256, 512}) {
      for (int number : new int[] {0, 7, 8, 15, 16, 23, 24, 31}) {
        Vector vector = new Vector(number, bits);
        to.vclear(vector);
        for (Address address : addresses()) {
          to.vmovups(vector, address);
          to.vmovups(address, vector);
          to.vbroadcastss(vector, address);
        }
        for (int second : new int[] {1, 9, 17, 25}) {
          for (int third : new int[] {2, 10, 18, 26}) {
            to.vfmadd231ps(vector, new Vector(second, bits), new Vector(third, bits));
          }
        }
      }
    }
    compare(to);
  }

  @Test
  void instructionsOfOneShape() throws Exception {
    Assembler to = new Assembler();
    Address[] addresses = {
      Address.of(Register.R9, 64 * 7),
      Address.of(Register.RSP, 72),
      new Address(Register.RDX, Register.RAX, 4, 0),
      new Address(Register.R13, Register.R9, 2, 32)
    };
    for (VectorInstruction op : VectorInstruction.values()) {
      for (int bits : widths(op)) {
        for (int number : bits == 512 ? new int[] {0, 9, 17, 31} : new int[] {0, 7, 8, 15}) {
          Vector vector = new Vector(number, bits);
          Vector left = new Vector(bits == 512 ? 26 : 11, bits);
          Vector right = new Vector(number ^ 5, bits);
          for (Address address : addresses) {
            if (op == VectorInstruction.VMOVSS_TO) {
              to.store(op, address, vector);
            } else if (isUnary(op)) {
              to.vector(op, vector, address);
            } else if (op != VectorInstruction.VMOVHLPS) {
              to.vector(op, vector, left, address);
            }
          }
          if (isUnary(op) && hasRegisters(op)) {
            to.vector(op, vector, right);
          } else if (hasRegisters(op)) {
            to.vector(op, vector, left, right);
          }
        }
      }
    }
    compare(to);
  }

  private static int[] widths(VectorInstruction op) {
    return switch (op) {
      case VMOVHLPS, VMOVSS, VMOVSS_TO, VADDSS, VDIVSS, VCVTSS2SD, VCVTSD2SS -> new int[] {128};
      case VSUBSS, VMULSS, VMAXSS -> new int[] {128};
      case VADDSD, VSUBSD, VMULSD, VDIVSD, VMAXSD, VSQRTSD, VMOVSD -> new int[] {128};
      case VHADDPS -> new int[] {128, 256};
      case VDPBF16PS -> new int[] {512};
      case VPDPBUSD -> new int[] {256, 512};
      case VPDPBUSD_VEX -> new int[] {128, 256};
      default -> new int[] {128, 256, 512};
    };
  }

  private static boolean isUnary(VectorInstruction op) {
    return switch (op) {
      case VMOVAPS,
          VMOVSHDUP,
          VBROADCASTSS,
          VCVTPH2PS,
          VPMOVZXWD,
          VMOVSS,
          VMOVSD,
          VCVTPS2DQ,
          VCVTDQ2PS ->
          true;
      default -> false;
    };
  }

  /** Whether it is used, and can be used, on registers alone. */
  private static boolean hasRegisters(VectorInstruction op) {
    return switch (op) {
      case VMOVSS, VMOVSS_TO, VMOVSD, VCVTPH2PS, VPMOVZXWD -> false;
      default -> true;
    };
  }

  @Test
  void instructionsOfTheirOwnShape() throws Exception {
    Assembler to = new Assembler();
    for (int number : new int[] {0, 5, 8, 14}) {
      for (int other : new int[] {1, 9}) {
        for (int bits : new int[] {128, 256, 512}) {
          to.vpslld(new Vector(number, bits), new Vector(other, bits), 23);
          if (bits > 128) {
            to.upperHalf(new Vector(number, bits / 2), new Vector(other, bits));
            Address limit = Address.of(Register.R9, 640);
            Vector value = new Vector(number, bits);
            Vector x = new Vector(other, bits);
            to.zeroWhere(true, value, x, limit, new Vector(7, bits));
            to.zeroWhere(false, value, x, limit, new Vector(7, bits));
          }
        }
      }
      for (Register register : Register.values()) {
        to.vcvtsi2sd(new Vector(number, 128), register);
      }
    }
    compare(to);
  }

  @Test
  void roundingAndTiles() throws Exception {
    Assembler to = new Assembler();
    Address[] addresses = {
      Address.of(Register.R9),
      new Address(Register.RDX, Register.RAX, 1, 32),
      new Address(Register.R12, Register.R10, 2, 4096),
      Address.of(Register.RSP, 64)
    };
    for (int number : new int[] {0, 9, 17, 31}) {
      to.vcvtneps2bf16(new Vector(number, 256), new Vector(31 - number, 512));
      for (Address address : addresses) {
        to.vpmovusdb(address, new Vector(number, 512));
      }
    }
    for (int tile = 0; tile < 8; tile++) {
      to.tilezero(tile);
      for (Address address : addresses) {
        if (address.index() != null) {
          to.tileloadd(tile, address);
          to.tilestored(address, tile);
        }
      }
      to.tdpbf16ps(tile, (tile + 1) % 8, (tile + 2) % 8);
      to.tdpbusd(tile, (tile + 3) % 8, (tile + 6) % 8);
    }
    for (Address address : addresses) {
      to.ldtilecfg(address);
    }
    to.tilerelease();
    compare(to);
  }

  @Test
  void jumps() throws Exception {
    Assembler to = new Assembler();
    for (int between : new int[] {0, 1, 40, 41, 42, 43, 44, 200}) {
      for (Assembler.Condition condition : Assembler.Condition.values()) {
        Label back = new Label(".Lback" + condition + between);
        Label ahead = new Label(".Lahead" + condition + between);
        to.bind(back);
        to.jump(condition, ahead);
        for (int i = 0; i < between; i++) {
          to.dec(Register.RAX);
        }
        to.jump(condition, back);
        to.bind(ahead);
      }
    }
    compare(to);
  }

  @Test
  void kernels() throws Exception {
    compare(Cpu.cpuid());
    compare(Cpu.xgetbv());
    compare(WindowsEntry.code());
    compare(CallList.code());
    for (FloatTiles.Form form :
        List.of(new FloatTiles.Form(16, 12, 6, 1040), new FloatTiles.Form(8, 4, 4, 1040))) {
      for (Assembler kernel : FloatTiles.code(form)) {
        compare(kernel);
      }
    }
    for (NarrowTiles.Kind kind : NarrowTiles.Kind.values()) {
      NarrowTiles.Form form = new NarrowTiles.Form(kind, 16, 1024);
      for (Assembler kernel : NarrowTiles.code(form, VectorInstruction.VPDPBUSD)) {
        compare(kernel);
      }
      for (Assembler kernel : NarrowTiles.amxCode(form)) {
        compare(kernel);
      }
    }
    NarrowTiles.Form form = new NarrowTiles.Form(NarrowTiles.Kind.INT8, 8, 1024);
    for (VectorInstruction product :
        List.of(VectorInstruction.VPDPBUSD, VectorInstruction.VPDPBUSD_VEX)) {
      for (Assembler kernel : NarrowTiles.code(form, product)) {
        compare(kernel);
      }
    }
    RowConstants constants = new RowConstants(new float[11], new float[23], new float[8]);
    for (int lanes : new int[] {8, 16}) {
      for (Assembler kernel : RowKernels.code(lanes, constants)) {
        compare(kernel);
      }
    }
  }

  @Test
  void whatIsNoOperandIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Vector(32, 512));
    assertThrows(IllegalArgumentException.class, () -> new Vector(0, 64));
    assertThrows(
        IllegalArgumentException.class, () -> new Address(Register.RAX, Register.RSP, 1, 0));
    assertThrows(
        IllegalArgumentException.class, () -> new Address(Register.RAX, Register.RCX, 3, 0));
    Label label = new Label("here");
    Assembler to = new Assembler();
    to.bind(label);
    assertThrows(IllegalStateException.class, () -> to.bind(label));
  }

  private void compare(Assembler code) throws IOException, InterruptedException {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "binutils of x86-64 Linux are needed to compare with");
    Path source = folder.resolve("code.s");
    Path object = folder.resolve("code.o");
    Path theirs = folder.resolve("theirs.bin");
    List<String> lines = new ArrayList<>(List.of(".intel_syntax noprefix"));
    lines.addAll(code.listing());
    Files.write(source, lines);
    run("as", "--64", "-o", object.toString(), source.toString());
    run("objcopy", "-O", "binary", "-j", ".text", object.toString(), theirs.toString());
    byte[] expected = Files.readAllBytes(theirs);
    byte[] ours = code.bytes();
    assertTrue(ours.length > 0);
    int different = Arrays.mismatch(expected, ours);
    if (different >= 0) {
      Path file = folder.resolve("ours.bin");
      Files.write(file, ours);
      String[] there = disassembly(theirs).split("\n", -1);
      String[] here = disassembly(file).split("\n", -1);
      int line = Arrays.mismatch(there, here);
      assertEquals(there[line], here[line], "at byte " + different);
    }
    assertEquals(HexFormat.of().formatHex(expected), HexFormat.of().formatHex(ours));
  }

  private String disassembly(Path file) throws IOException, InterruptedException {
    return run(
        "objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", file.toString());
  }

  /** Binutils are no part of the project: where there are none, this shows as skipped. */
  private String run(String... command) throws IOException, InterruptedException {
    Path output = folder.resolve("output");
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
    } catch (IOException missing) {
      return abort("there is no " + command[0] + " here (binutils) to compare encodings with");
    }
    int status = process.waitFor();
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertEquals(0, status, text);
    return text;
  }
}
