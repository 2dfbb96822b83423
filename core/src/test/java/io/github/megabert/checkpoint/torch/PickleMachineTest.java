// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.torch.PickleValues.Inert;
import io.github.megabert.checkpoint.torch.PickleValues.None;
import io.github.megabert.checkpoint.torch.PickleValues.Tuple;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pickles that CPython 3.11 wrote, of what Megatron-LM saves beside its weights. */
class PickleMachineTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void everyProtocolGivesTheSameTree(int protocol) throws IOException {
    Object root = read("cpython-protocol-" + protocol + ".pkl");
    assertSame(None.NONE, PickleValues.member(root, "none"));
    assertEquals(List.of(true, false), PickleValues.member(root, "truth"));
    assertEquals(
        List.of(
            0L,
            255L,
            65535L,
            -1L,
            1L << 31,
            -(1L << 40),
            BigInteger.TWO.pow(70),
            BigInteger.TWO.pow(70).negate()),
        PickleValues.member(root, "integers"));
    assertEquals(-2.5, PickleValues.member(root, "float"));
    assertEquals("plain", PickleValues.member(root, "text"));
    if (protocol >= 3) {
      assertArrayEquals(new byte[] {0, -1}, (byte[]) PickleValues.member(root, "bytes"));
    }
    Tuple tuple = (Tuple) member(root, "tuple");
    assertEquals(4, tuple.size());
    assertEquals(3L, ((Tuple) tuple.get(1)).get(1));
    assertEquals(7L, ((Tuple) tuple.get(2)).get(3));
    Map<?, ?> ordered = (Map<?, ?>) member(root, "ordered");
    assertEquals(List.of("one", "two"), List.copyOf(ordered.keySet()));
    Inert arguments = (Inert) member(root, "args");
    assertEquals("argparse.Namespace", arguments.type().toString());
    assertEquals(16L, arguments.attributes().get("num_attention_heads"));
    assertEquals(1L, ((Inert) member(arguments.attributes(), "nested")).attributes().get("a"));
    Inert type = (Inert) member(arguments.attributes(), "model_type");
    assertEquals("megatron.core.enums.ModelType", type.type().toString());
    Inert calculator = (Inert) member(root, "calculator");
    assertSame(calculator, calculator.attributes().get("me"));
    Tuple randomState = (Tuple) member(root, "random_rng_state");
    assertEquals(625, ((Tuple) randomState.get(1)).size());
    assertSame(root, PickleValues.member(root, "self"));
    assertTrue(((Inert) member(root, "default")).entries().containsKey("k"));
  }

  private static Object member(Object map, String key) {
    Object value = PickleValues.member(map, key);
    if (value == null) {
      throw new AssertionError("no " + key);
    }
    return value;
  }

  private static Object read(String resource) throws IOException {
    try (InputStream in = PickleMachineTest.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new AssertionError("the resource " + resource + " is missing");
      }
      PickleInput input = new PickleInput(MemorySegment.ofArray(in.readAllBytes()), resource);
      return new PickleMachine(input, new TorchConstructors(new UnpackingLimit(resource, 1)))
          .read();
    }
  }
}
