// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.torch;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.torch.PickleValues.Global;
import io.github.megabert.checkpoint.torch.PickleValues.Inert;
import io.github.megabert.checkpoint.torch.PickleValues.None;
import io.github.megabert.checkpoint.torch.PickleValues.Tuple;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads one pickle of protocol 0 to 5 into {@link PickleValues}. It executes nothing: a name that
 * the pickle wants to import must be on the {@link TorchAllowList}, and what it would call is plain
 * data that {@link TorchConstructors} build.
 *
 * <p>The work is bounded by {@link #MOST_STEPS}, whatever loops the memo allows, and memory with
 * it.
 *
 * @see <a href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">the opcodes</a>
 */
final class PickleMachine {
  /** A state dict takes 50 steps a tensor. */
  private static final int MOST_STEPS = 1_000_000;

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
      case 0x8a -> push(in.integer(in.unsignedByte()));
      case 0x8b -> push(in.integer(in.unsignedInt()));
      case 'I', 'L' -> push(in.integerLine());
      case 'F' -> push(in.doubleLine());
      case 0x8c -> push(in.text(in.unsignedByte()));
      case 'X' -> push(in.text(in.unsignedInt()));
      case 0x8d -> push(in.text(in.signedLong()));
      case 'U' -> push(in.latin(in.unsignedByte()));
      case 'T' -> push(in.latin(in.unsignedInt()));
      case 'S' -> push(in.quotedLine());
      case 'V' -> push(in.escapedLine());
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
      case 'p' -> memo.put(in.memoKeyLine(), top());
      case 0x94 -> memo.put((long) memo.size(), top());
      case 'h' -> push(remembered(in.unsignedByte()));
      case 'j' -> push(remembered(in.unsignedInt()));
      case 'g' -> push(remembered(in.memoKeyLine()));
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
    return TorchAllowList.allowed(in, module, name);
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

  /**
   * Puts pairs into a dictionary. Entries are only ever looked up by a text or a number, which
   * becomes its text, so one with another key is dropped. A table of texts takes the time that it
   * should even if all hash alike, because Java keeps those in a tree; a table of keys that cannot
   * be compared, or of several kinds, takes the square of it.
   */
  private void putAll(Map<Object, Object> map, List<Object> pairs) throws CheckpointException {
    if (pairs.size() % 2 != 0) {
      throw in.refused("a dictionary has a key without a value");
    }
    for (int i = 0; i < pairs.size(); i += 2) {
      switch (pairs.get(i)) {
        case String key -> map.put(key, pairs.get(i + 1));
        case Long number -> map.put(number.toString(), pairs.get(i + 1));
        case List<?> list -> throw in.refused("a list or dictionary is used as a key");
        case Map<?, ?> dictionary -> throw in.refused("a list or dictionary is used as a key");
        default -> {}
      }
    }
  }

  private Object remembered(long key) throws CheckpointException {
    Object value = memo.get(key);
    if (value == null) {
      throw in.refused("value " + key + " is recalled but was never remembered");
    }
    return value;
  }
}
