package io.github.megabert.checkpoint;

import io.github.megabert.checkpoint.PickleValues.Global;
import io.github.megabert.checkpoint.PickleValues.Inert;
import io.github.megabert.checkpoint.PickleValues.None;
import io.github.megabert.checkpoint.PickleValues.Tuple;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads one pickle of protocol 0 to 5 into {@link PickleValues}. It executes nothing: a name that
 * the pickle wants to import is looked up in an allow-list of {@link TorchConstructors}, which
 * build plain data.
 *
 * <p>The work is bounded by {@link #MOST_STEPS}, whatever loops the memo allows, and memory with
 * it.
 *
 * @see <a href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">the opcodes</a>
 */
final class PickleMachine {
  /** A state dict takes 50 steps a tensor. */
  private static final int MOST_STEPS = 1_000_000;

  private static final int LARGEST_INTEGER = 1024;

  private final PickleInput in;
  private final TorchConstructors constructors;
  private final List<Object> stack = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();
  private final Map<Long, Object> memo = new HashMap<>();
  private long steps;

  PickleMachine(PickleInput in, TorchConstructors constructors) {
    this.in = in;
    this.constructors = constructors;
  }

  /**
   * Reads up to the end of the pickle and returns its value.
   *
   * @throws CheckpointException if it is malformed, too large, or wants what is not allowed
   */
  Object read() throws CheckpointException {
    while (true) {
      int opcode = in.unsignedByte();
      charge(1);
      if (opcode == '.') {
        return pop();
      }
      if (!pushConstant(opcode) && !collect(opcode) && !shuffle(opcode)) {
        construct(opcode);
      }
    }
  }

  /** Numbers, texts and bytes. */
  private boolean pushConstant(int opcode) throws CheckpointException {
    switch (opcode) {
      case 'N' -> push(None.NONE);
      case 0x88 -> push(true);
      case 0x89 -> push(false);
      case 'K' -> push((long) in.unsignedByte());
      case 'M' -> push((long) in.unsignedShort());
      case 'J' -> push((long) in.signedInt());
      case 'G' -> push(in.bigEndianDouble());
      case 0x8a -> push(integer(in.unsignedByte()));
      case 0x8b -> push(integer(in.unsignedInt()));
      case 'I' -> push(integerLine(in.line()));
      case 'L' -> push(integerLine(in.line().replaceFirst("L$", "")));
      case 'F' -> push(doubleLine(in.line()));
      case 0x8c -> push(in.text(in.unsignedByte()));
      case 'X' -> push(in.text(in.unsignedInt()));
      case 0x8d -> push(in.text(in.signedLong()));
      case 'U' -> push(latin(in.unsignedByte()));
      case 'T' -> push(latin(in.unsignedInt()));
      case 'S', 'V' -> push(quotedLine(opcode, in.line()));
      case 'C' -> push(in.bytes(in.unsignedByte()));
      case 'B' -> push(in.bytes(in.unsignedInt()));
      case 0x8e, 0x96 -> push(in.bytes(in.signedLong()));
      default -> {
        return false;
      }
    }
    return true;
  }

  /** Lists, tuples, dictionaries and sets. */
  private boolean collect(int opcode) throws CheckpointException {
    switch (opcode) {
      case ']', 0x8f -> push(new ArrayList<>());
      case '}' -> push(new LinkedHashMap<>());
      case ')' -> push(new Tuple(List.of()));
      case 'l', 0x91 -> push(popToMark());
      case 't' -> push(new Tuple(popToMark()));
      case 'd' -> {
        Map<Object, Object> map = new LinkedHashMap<>();
        putAll(map, popToMark());
        push(map);
      }
      case 0x85 -> push(new Tuple(popMany(1)));
      case 0x86 -> push(new Tuple(popMany(2)));
      case 0x87 -> push(new Tuple(popMany(3)));
      case 'a' -> {
        List<Object> items = popMany(1);
        list(top()).addAll(items);
      }
      case 'e', 0x90 -> {
        List<Object> items = popToMark();
        list(top()).addAll(items);
      }
      case 's' -> {
        List<Object> pair = popMany(2);
        putAll(dictionary(top()), pair);
      }
      case 'u' -> {
        List<Object> pairs = popToMark();
        putAll(dictionary(top()), pairs);
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  /** The stack, the memo, and framing. */
  private boolean shuffle(int opcode) throws CheckpointException {
    switch (opcode) {
      case '(' -> marks.add(stack.size());
      case '0' -> {
        if (!marks.isEmpty() && marks.getLast() == stack.size()) {
          marks.removeLast();
        } else {
          pop();
        }
      }
      case '1' -> popToMark();
      case '2' -> push(top());
      case 'q' -> memo.put((long) in.unsignedByte(), top());
      case 'r' -> memo.put(in.unsignedInt(), top());
      case 'p' -> memo.put(memoKey(in.line()), top());
      case 0x94 -> memo.put((long) memo.size(), top());
      case 'h' -> push(remembered(in.unsignedByte()));
      case 'j' -> push(remembered(in.unsignedInt()));
      case 'g' -> push(remembered(memoKey(in.line())));
      case 0x80 -> {
        int protocol = in.unsignedByte();
        if (protocol > 5) {
          throw in.refused("protocol " + protocol + " is named, known are 0 to 5");
        }
      }
      case 0x95 -> in.signedLong();
      default -> {
        return false;
      }
    }
    return true;
  }

  /** What Python would import and call; here {@link TorchConstructors} decides. */
  private void construct(int opcode) throws CheckpointException {
    switch (opcode) {
      case 'c' -> push(global(in.line(), in.line()));
      case 0x93 -> {
        List<Object> names = popMany(2);
        if (!(names.get(0) instanceof String module) || !(names.get(1) instanceof String name)) {
          throw in.refused("an import is named by something that is no text");
        }
        push(global(module, name));
      }
      case 'R', 0x81 -> {
        List<Object> call = popMany(2);
        push(call(call.get(0), call.get(1)));
      }
      case 0x92 -> {
        List<Object> call = popMany(3);
        push(call(call.get(0), call.get(1)));
      }
      case 'i' -> {
        Global type = global(in.line(), in.line());
        push(call(type, new Tuple(popToMark())));
      }
      case 'o' -> {
        List<Object> call = popToMark();
        if (call.isEmpty()) {
          throw in.refused("an object has no class");
        }
        push(call(call.get(0), new Tuple(call.subList(1, call.size()))));
      }
      case 'b' -> {
        Object state = pop();
        if (top() instanceof Inert object) {
          object.state(state);
        } else if (!(top() instanceof Map<?, ?>) && !(top() instanceof TorchTensor)) {
          throw in.refused("a state is given to something that takes none");
        }
      }
      case 'Q' -> push(constructors.storage(in, pop()));
      default ->
          throw in.refused(
              "the opcode 0x" + Integer.toHexString(opcode) + " is not one that PyTorch writes");
    }
  }

  private Global global(String module, String name) throws CheckpointException {
    return constructors.allowed(in, module, name);
  }

  private Object call(Object callable, Object arguments) throws CheckpointException {
    if (!(callable instanceof Global type) || !(arguments instanceof Tuple tuple)) {
      throw in.refused("something is called that is no class");
    }
    if (tuple.size() > 0 && tuple.get(0) instanceof List<?> list) {
      charge(list.size());
    }
    return constructors.call(in, type, tuple);
  }

  private void charge(long count) throws CheckpointException {
    steps += count;
    if (steps > MOST_STEPS) {
      throw in.refused(
          "it has taken more than " + MOST_STEPS + " steps, more than any model needs");
    }
  }

  private void push(Object value) {
    stack.add(value);
  }

  private int floor() {
    return marks.isEmpty() ? 0 : marks.getLast();
  }

  private Object top() throws CheckpointException {
    if (stack.size() <= floor()) {
      throw in.refused("a value is taken from an empty stack");
    }
    return stack.getLast();
  }

  private Object pop() throws CheckpointException {
    Object value = top();
    stack.removeLast();
    return value;
  }

  private List<Object> popMany(int count) throws CheckpointException {
    if (stack.size() - floor() < count) {
      throw in.refused("a value is taken from an empty stack");
    }
    return popFrom(stack.size() - count);
  }

  private List<Object> popToMark() throws CheckpointException {
    if (marks.isEmpty()) {
      throw in.refused("a collection ends that never began");
    }
    return popFrom(marks.removeLast());
  }

  private List<Object> popFrom(int index) {
    List<Object> tail = stack.subList(index, stack.size());
    List<Object> items = new ArrayList<>(tail);
    tail.clear();
    return items;
  }

  @SuppressWarnings("unchecked") // every list on the stack is an ArrayList<Object> of this class
  private List<Object> list(Object value) throws CheckpointException {
    return switch (value) {
      case List<?> list -> (List<Object>) list;
      case Inert object -> object.items();
      default -> throw in.refused("an element is added to something that is no list");
    };
  }

  @SuppressWarnings("unchecked") // every map on the stack is a LinkedHashMap<Object, Object>
  private Map<Object, Object> dictionary(Object value) throws CheckpointException {
    return switch (value) {
      case Map<?, ?> map -> (Map<Object, Object>) map;
      case Inert object -> object.entries();
      default -> throw in.refused("an entry is put into something that is no dictionary");
    };
  }

  private void putAll(Map<Object, Object> map, List<Object> pairs) throws CheckpointException {
    if (pairs.size() % 2 != 0) {
      throw in.refused("a dictionary has a key without a value");
    }
    for (int i = 0; i < pairs.size(); i += 2) {
      Object key = pairs.get(i);
      // These hash their content, which may contain themselves.
      if (key instanceof List<?> || key instanceof Map<?, ?>) {
        throw in.refused("a list or dictionary is used as a key");
      }
      map.put(key, pairs.get(i + 1));
    }
  }

  private Object remembered(long key) throws CheckpointException {
    Object value = memo.get(key);
    if (value == null) {
      throw in.refused("value " + key + " is recalled but was never remembered");
    }
    return value;
  }

  private Object integer(long byteCount) throws CheckpointException {
    if (byteCount > LARGEST_INTEGER) {
      throw in.refused("an integer has " + byteCount + " bytes");
    }
    byte[] little = in.bytes(byteCount);
    byte[] big = new byte[little.length + 1];
    for (int i = 0; i < little.length; i++) {
      big[big.length - 1 - i] = little[i];
    }
    big[0] = (byte) (little.length > 0 && little[little.length - 1] < 0 ? -1 : 0);
    return narrow(new BigInteger(big));
  }

  private static Object narrow(BigInteger value) {
    return value.bitLength() < 64 ? (Object) value.longValue() : value;
  }

  private Object integerLine(String line) throws CheckpointException {
    if (line.equals("00") || line.equals("01")) {
      return line.equals("01");
    }
    try {
      return narrow(new BigInteger(line));
    } catch (NumberFormatException e) {
      throw in.refused("an integer is not a number");
    }
  }

  private double doubleLine(String line) throws CheckpointException {
    try {
      return Double.parseDouble(line);
    } catch (NumberFormatException e) {
      throw in.refused("a number is not a number");
    }
  }

  private long memoKey(String line) throws CheckpointException {
    try {
      return Long.parseLong(line);
    } catch (NumberFormatException e) {
      throw in.refused("a memo index is not a number");
    }
  }

  private String latin(long count) throws CheckpointException {
    return new String(in.bytes(count), StandardCharsets.ISO_8859_1);
  }

  /** The text opcodes of protocol 0; PyTorch needs no escapes. */
  private String quotedLine(int opcode, String line) throws CheckpointException {
    if (line.contains("\\")) {
      throw in.refused("a text has escapes, which are not read");
    }
    if (opcode == 'V') {
      return line;
    }
    if (line.length() < 2 || line.charAt(0) != line.charAt(line.length() - 1)) {
      throw in.refused("a text has no quotes");
    }
    return line.substring(1, line.length() - 1);
  }
}
