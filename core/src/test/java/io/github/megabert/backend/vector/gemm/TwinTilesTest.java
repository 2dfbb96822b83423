package io.github.megabert.backend.vector.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The tiles over bfloat16 are those over float32 with another load of the panel, line by line. They
 * stand in two files because C2 keeps accumulators in registers only where loop and load are one
 * method. Whoever changes one changes the other.
 */
class TwinTilesTest {
  private static final Path SOURCES =
      Path.of("src", "main", "java", "io", "github", "megabert", "backend", "vector", "gemm");

  private static final String FLOATS =
      """
      long at = panelOffset + (long) k * PANEL_BYTES;
      FloatVector low = FloatVector.fromMemorySegment(SPECIES, panel, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(SPECIES, panel, at + VECTOR_BYTES, ORDER);
      """;

  private static final String PARTS =
      """
      FloatVector low = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      FloatVector high = both.and(UPPER).reinterpretAsFloats();
      """;

  @Test
  void manyRows() throws IOException {
    String load =
        """
        long at = panelOffset + (long) k * VECTOR_BYTES;
        IntVector both = IntVector.fromMemorySegment(WORDS, panel, at, ORDER);
        """;
    agree("StridedFloatTiles", "StridedBFloat16Tiles", load, 3);
  }

  @Test
  void fewRows() throws IOException {
    String load =
        """
        IntVector both =
        IntVector.fromMemorySegment(WORDS, panel, panelOffset + (long) k * VECTOR_BYTES, ORDER);
        """;
    agree("RowTiles", "BFloat16Tiles", load, 4);
  }

  private static void agree(String floats, String bfloat16s, String load, int loads)
      throws IOException {
    String original = kernels(floats);
    assertEquals(loads, original.split(Pattern.quote(FLOATS), -1).length - 1);
    assertEquals(
        original.replace(FLOATS, load + PARTS),
        kernels(bfloat16s),
        bfloat16s + " is not the twin of " + floats);
  }

  /** A class from its first method over vectors to its end, without indentation. */
  private static String kernels(String name) throws IOException {
    String source = Files.readString(SOURCES.resolve(name + ".java"));
    int start = source.indexOf("static long high(");
    start = start < 0 ? source.indexOf("static void vector(") : start;
    assertTrue(start > 0, name + " has no kernels");
    return source.substring(start).lines().map(String::strip).collect(Collectors.joining("\n"));
  }
}
