package io.github.megabert.tornado.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The kernels in binary16 are those in float32 but for the conversions at loads and stores. They
 * stand in two files because TornadoVM compiles a kernel from the bytecode of one method, which
 * names its arrays' type. Whoever changes one changes the other.
 */
class TwinKernelsTest {
  private static final Path SOURCES =
      Path.of("src", "main", "java", "io", "github", "megabert", "tornado", "kernels");

  @Test
  void product() throws IOException {
    agree("MatrixKernels", "static void product(");
  }

  @Test
  void attention() throws IOException {
    agree("AttentionKernels", "static void attention(");
  }

  @Test
  void crossEntropyAndGatherRows() throws IOException {
    agree("RowKernels", "static void crossEntropy(");
    agree("RowKernels", "static void gatherRows(");
  }

  private static void agree(String kernels, String signature) throws IOException {
    String floats = method("Float" + kernels, signature);
    String halves = method("Half" + kernels, signature);
    String converted =
        halves
            .replace("HalfFloatArray", "FloatArray")
            .replace(".getFloat32()", "")
            .replaceAll("newHalfFloat\\((.*?)\\)\\);", "$1);");
    assertEquals(floats, converted, "the twins of " + kernels + " differ");
  }

  /** A method without its white space. */
  private static String method(String file, String signature) throws IOException {
    String source = Files.readString(SOURCES.resolve(file + ".java"));
    int start = source.indexOf(signature);
    assertTrue(start > 0, file + " has no " + signature);
    return source.substring(start, source.indexOf("\n  }\n", start)).replaceAll("\\s+", "");
  }
}
