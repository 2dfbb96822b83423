// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Products of rows in 16 or 8 bits with a panel of as many, in vectors of 512 bits; those in 8 bits
 * in vectors of 256 bits too. Rows are rounded first, {@link #round}, then multiplied, {@link
 * #multiply}.
 *
 * <p>A panel is two vectors of columns wide. Neighbouring inputs of a column lie in one word of 32
 * bits, two or four of them, and the words of a panel's columns behind one another: {@code [words,
 * panel]}. In 8 bits every {@link Form#group} inputs are preceded by the columns' scales, float32,
 * and by these times what the group's bytes of a column add up to, float32.
 *
 * @param form the layout
 * @param constants what rounding computes with
 * @param round rounds rows
 * @param tiles of one row, two, … as {@link #HEIGHTS} says
 * @param amx tiles of 16 rows and of 32 with AMX; none where the processor has no AMX
 * @param configuration of AMX
 */
public record NarrowTiles(
    Form form,
    MemorySegment constants,
    MemorySegment round,
    List<MemorySegment> tiles,
    List<MemorySegment> amx,
    MemorySegment configuration) {
  /** Heights of tiles; the last two need the registers of AVX-512. */
  private static final int[] HEIGHTS = {1, 2, 3, 4, 8, 12};

  private static final int LOW_HEIGHTS = 4;

  /** Inputs are padded with zeros to a multiple of this. */
  private static final int UNIT = 16;

  /** Multiply-adds of one call, at most: some 50 µs. */
  private static final long MOST_WORK = 1 << 22;

  /** Numbers rounded in one call, at most, likewise. */
  private static final int MOST_NUMBERS = 1 << 17;

  /** Inputs that share a scale. */
  private static final int GROUP = 128;

  /** What the numbers are. */
  public enum Kind {
    /** Pairs of bfloat16 (AVX512-BF16). */
    BF16(2),
    /** Fours of bytes (AVX-512 VNNI). */
    INT8(4);

    private final int inputs;

    Kind(int inputs) {
      this.inputs = inputs;
    }

    /** Inputs of a word. */
    public int inputs() {
      return inputs;
    }
  }

  /**
   * The layout of rounded rows.
   *
   * @param kind of their numbers
   * @param lanes floats of a vector: 16, with {@link Kind#INT8} also 8
   * @param depth inputs of a row, at most
   */
  public record Form(Kind kind, int lanes, int depth) {
    /** Checks the lanes. */
    public Form {
      if (lanes != 16 && (lanes != 8 || kind != Kind.INT8)) {
        throw new IllegalArgumentException(
            "there are no tiles of " + kind + " for " + lanes + " lanes");
      }
    }

    /** Bits of a vector. */
    int bits() {
      return lanes * Float.SIZE;
    }

    /** Bytes of a panel's two vectors of columns. */
    int rowBytes() {
      return 2 * lanes * Float.BYTES;
    }

    /** Heights of the tiles that there are. */
    int[] heights() {
      return Arrays.copyOf(HEIGHTS, lanes == 16 ? HEIGHTS.length : LOW_HEIGHTS);
    }

    /** Inputs that share a scale, in 8 bits. */
    public int group() {
      return GROUP;
    }

    /** Where a row's scales are, behind its bytes: each group's, and its zero's share. */
    int scalesAt() {
      return depth;
    }

    /** Bytes from a row to the next: no power of two, which would be few sets of the cache. */
    public int distance() {
      int numbers = depth * Integer.BYTES / kind.inputs();
      int scales = kind == Kind.INT8 ? Math.ceilDiv(depth, GROUP) * 2 * Float.BYTES : 0;
      return Math.ceilDiv(numbers + scales, 64) * 64 + 64;
    }

    /** Inputs are padded with zeros to a multiple of this. */
    public int unit() {
      return UNIT;
    }

    /** Bytes of so many inputs of a panel, a multiple of a group unless they are the last. */
    public long panelBytes(int inputs) {
      long padded = Math.ceilDiv(inputs, UNIT) * (long) UNIT;
      long groups = kind == Kind.INT8 ? Math.ceilDiv(inputs, GROUP) : 0;
      return padded / kind.inputs() * rowBytes() + groups * 2 * rowBytes();
    }
  }

  /**
   * The code of all kernels but AMX's, in the order in which {@link #load} takes it.
   *
   * @param ofBytes the instruction that multiplies bytes
   */
  static List<Assembler> code(Form form, VectorInstruction ofBytes) {
    boolean isPairs = form.kind() == Kind.BF16;
    List<Assembler> code = new ArrayList<>();
    code.add(isPairs ? NarrowRowCode.bfloat16() : NarrowRowCode.bytes(form));
    for (int height : form.heights()) {
      VectorInstruction product = VectorInstruction.VDPBF16PS;
      code.add(
          isPairs
              ? FloatTileCode.strided(product, 512, height, form.distance(), 1)
              : ByteTileCode.write(form, ofBytes, height));
    }
    return code;
  }

  static List<Assembler> amxCode(Form form) {
    return List.of(
        AmxTileCode.write(form, AmxTileCode.SIDE), AmxTileCode.write(form, 2 * AmxTileCode.SIDE));
  }

  static NarrowTiles load(
      CodeMemory memory, Arena arena, Form form, VectorInstruction ofBytes, boolean withAmx)
      throws MachineCodeException {
    List<Assembler> all = new ArrayList<>(code(form, ofBytes));
    if (withAmx) {
      all.addAll(amxCode(form));
    }
    List<MemorySegment> code = memory.load(arena, all.stream().map(Assembler::bytes).toList());
    MemorySegment constants = arena.allocateFrom(ValueLayout.JAVA_INT, NarrowRowCode.CONSTANT_BITS);
    int vectors = 1 + form.heights().length;
    return new NarrowTiles(
        form,
        constants,
        code.getFirst(),
        code.subList(1, vectors),
        code.subList(vectors, code.size()),
        arena.allocateFrom(ValueLayout.JAVA_BYTE, AmxTileCode.configuration()));
  }

  /**
   * Rounds rows of float32.
   *
   * @param inputs of a row, a multiple of {@link Form#unit}, at most the form's depth
   * @param stride bytes from a row of x to the next
   * @param target takes the rows, {@link Form#distance} bytes apart
   */
  public void round(
      int rows,
      int inputs,
      MemorySegment x,
      long offset,
      long stride,
      MemorySegment target,
      long targetOffset) {
    if (inputs < 1 || inputs > form.depth() || inputs % form.unit() != 0) {
      throw new IllegalArgumentException(
          "a row of " + inputs + " inputs does not fit the tiles' " + form);
    }
    if (rows == 0) {
      return;
    }
    long distance = form.distance();
    long rowBytes = (long) inputs * Float.BYTES;
    Objects.checkFromIndexSize(offset, (rows - 1) * stride + rowBytes, x.byteSize());
    Objects.checkFromIndexSize(targetOffset, rows * distance, target.byteSize());
    NativeCall.requireWritable(target);
    int most = Math.max(1, MOST_NUMBERS / inputs);
    for (int row = 0; row < rows; row += most) {
      NativeCall.call(
          round,
          x,
          MemorySegment.NULL,
          target,
          inputs,
          Math.min(most, rows - row),
          constants,
          0,
          offset + row * stride,
          0,
          targetOffset + row * distance,
          0,
          stride,
          distance,
          0);
    }
  }

  /** Whether rows of so many inputs are multiplied by AMX, in tiles of 16 and 32 rows. */
  public boolean isAmx(int inputs) {
    return !amx.isEmpty() && inputs % (AmxTileCode.SIDE * form.kind().inputs()) == 0;
  }

  /**
   * {@code c = rows · panel}.
   *
   * @param height of the tiles: 1 to 4; with 16 lanes 8 or 12; 16 or 32 where {@link #isAmx}
   * @param count tiles, one below the other
   * @param inputs of a row; those up to a multiple of {@link Form#unit} are zeros in the panel
   * @param rows that {@link #round} made, from {@code rowsOffset} on
   * @param ahead brought into the cache meanwhile, {@code aheadBytes} from {@code aheadOffset} on;
   *     none are where that is 0
   * @param c {@code [count · height, panel]} float32, overwritten
   */
  public void multiply(
      int height,
      int count,
      int inputs,
      MemorySegment rows,
      long rowsOffset,
      MemorySegment panel,
      long panelOffset,
      MemorySegment ahead,
      long aheadOffset,
      long aheadBytes,
      MemorySegment c,
      long cOffset) {
    if (count == 0 || inputs == 0) {
      throw new IllegalArgumentException("there is nothing to multiply");
    }
    long all = (long) count * height;
    Objects.checkIndex(inputs - 1, form.depth());
    Objects.checkFromIndexSize(rowsOffset, all * form.distance(), rows.byteSize());
    Objects.checkFromIndexSize(panelOffset, form.panelBytes(inputs), panel.byteSize());
    Objects.checkFromIndexSize(cOffset, all * form.rowBytes(), c.byteSize());
    NativeCall.requireWritable(c);
    boolean byAmx = height >= AmxTileCode.SIDE;
    if (byAmx && !isAmx(inputs)) {
      throw new IllegalArgumentException("there is no AMX for " + inputs + " inputs");
    }
    MemorySegment kernel = kernel(height);
    long words = Math.ceilDiv(inputs, UNIT) * (long) UNIT / form.kind().inputs();
    long step = Math.ceilDiv(aheadBytes, words * count);
    long work = height * words * form.kind().inputs() * 2 * form.lanes();
    int most = Math.clamp(MOST_WORK / work, 1, Integer.MAX_VALUE);
    for (int tile = 0; tile < count; tile += most) {
      long row = (long) tile * height;
      NativeCall.call(
          kernel,
          rows,
          panel,
          c,
          words,
          Math.min(most, count - tile),
          byAmx ? configuration : ahead,
          byAmx ? 0 : step,
          rowsOffset + row * form.distance(),
          panelOffset,
          cOffset + row * form.rowBytes(),
          byAmx ? 0 : aheadOffset + tile * words * step);
    }
  }

  private MemorySegment kernel(int height) {
    boolean byAmx = height >= AmxTileCode.SIDE;
    boolean isWhole = height % AmxTileCode.SIDE == 0;
    int index =
        byAmx && isWhole
            ? height / AmxTileCode.SIDE - 1
            : Arrays.binarySearch(form.heights(), height);
    List<MemorySegment> kernels = byAmx ? amx : tiles;
    if (index < 0 || index >= kernels.size()) {
      throw new IllegalArgumentException("there is no tile of " + height + " rows");
    }
    return kernels.get(index);
  }
}
