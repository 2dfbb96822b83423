// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.file.LittleEndian;
import io.github.megabert.checkpoint.torch.PickleValues;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.checkpoint.torch.TorchTensor;
import io.github.megabert.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The optimizer's state in one rank's file: what {@link MegatronOptimizerTree} writes, also in the
 * forms that Megatron-LM's older versions and other implementations of AdamW give it.
 */
final class MegatronOptimizerFile {
  private static final String NUMBERS = "params";

  /** A parameter of the model and what the optimizer has of it. */
  private record Entry(
      int chunk, MegatronChunk.Slot slot, Map<String, TorchTensor> state, boolean decays) {}

  private final TorchFile file;
  private final List<MegatronChunk> chunks;
  private final List<Entry> entries = new ArrayList<>();
  private final Map<Boolean, Map<?, ?>> groups = new HashMap<>();
  private final boolean hasMasters;
  private long updates = -1;

  /**
   * Reads a file's state.
   *
   * @throws CheckpointException if it has none, or one that does not fit its parameters
   */
  MegatronOptimizerFile(TorchFile file) throws IOException {
    this.file = file;
    chunks = MegatronChunk.all(file);
    for (int i = 0; i < chunks.size(); i++) {
      for (MegatronChunk.Slot slot : chunks.get(i).slots()) {
        entries.add(new Entry(i, slot, new HashMap<>(), slot.value().shape().rank() > 1));
      }
    }
    Object optimizer = PickleValues.member(file.root(), "optimizer");
    if (!(optimizer instanceof Map<?, ?>)) {
      throw MegatronRanks.refused(
          file,
          optimizer == null ? "no 'optimizer'" : "an 'optimizer' that is no single dictionary",
          "a run that goes on needs one that was saved without --no-save-optim");
    }
    Object mixed = PickleValues.member(optimizer, "optimizer");
    Object adam = mixed == null ? optimizer : mixed;
    Object state = PickleValues.member(adam, "state");
    List<?> all = PickleValues.items(PickleValues.member(adam, "param_groups"));
    if (!(state instanceof Map<?, ?> states) || states.isEmpty() || all == null) {
      throw MegatronRanks.refused(
          file,
          "an 'optimizer' without 'state' and 'param_groups'",
          "the moments that --use-distributed-optimizer saves apart are not read");
    }
    List<List<Entry>> ofGroups = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      ofGroups.add(readGroup(all.get(i), i, states));
    }
    Object masters = PickleValues.member(optimizer, "fp32_from_fp16_params");
    masters = masters == null ? PickleValues.member(optimizer, "fp32_from_fp16") : masters;
    hasMasters = masters != null;
    if (masters != null) {
      readMasters(masters, ofGroups);
    }
    for (Entry entry : entries) {
      if (entry.state().isEmpty()) {
        throw MegatronRanks.refused(
            file, "no state of " + shown(entry), "every parameter needs its moments");
      }
    }
  }

  private static String shown(Entry entry) {
    MegatronNames.Place place = entry.slot().place();
    return place == null ? "the copy of the word embeddings" : "'" + place.fullName(0) + "'";
  }

  private List<Entry> readGroup(@Nullable Object stored, int index, Map<?, ?> states)
      throws IOException {
    List<?> numbers = PickleValues.items(PickleValues.member(stored, NUMBERS));
    if (!(stored instanceof Map<?, ?> group) || numbers == null) {
      throw MegatronRanks.refused(
          file, "a parameter group without 'params'", "is the file damaged?");
    }
    // Before 2021 groups named no factor of the decay; those that decay came first.
    Object factor = group.get("wd_mult") == null ? group.get("pre_wd_mult") : group.get("wd_mult");
    boolean decays = factor instanceof Number number ? number.doubleValue() > 0 : index == 0;
    if (numbers.isEmpty()) {
      return List.of();
    }
    List<Entry> members = entries.stream().filter(entry -> entry.decays() == decays).toList();
    if (groups.put(decays, group) != null || numbers.size() != members.size()) {
      throw MegatronRanks.refused(
          file,
          "a parameter group of "
              + numbers.size()
              + " where the model has "
              + members.size()
              + " parameters that "
              + (decays ? "decay" : "do not decay"),
          "matrices and embeddings decay in one group, biases and LayerNorms do not in another");
    }
    for (int i = 0; i < members.size(); i++) {
      if (!(states.get(String.valueOf(numbers.get(i))) instanceof Map<?, ?> state)) {
        throw MegatronRanks.refused(
            file, "no state of " + shown(members.get(i)), "every parameter needs its moments");
      }
      readState(members.get(i), state, group, states);
    }
    return members;
  }

  private void readState(Entry entry, Map<?, ?> state, Map<?, ?> group, Map<?, ?> states)
      throws IOException {
    for (String kind : new String[] {MegatronOptimizerTree.FIRST, MegatronOptimizerTree.SECOND}) {
      put(entry, kind, state.get(kind));
    }
    Object count = state.get("step");
    count = count == null ? group.get("step") : count;
    long number = count(count == null ? states.get("common_step") : count);
    if (updates >= 0 && updates != number) {
      throw MegatronRanks.refused(
          file,
          "parameters that were updated " + updates + " and " + number + " times",
          "AdamW counts the same for all");
    }
    updates = number;
  }

  private void readMasters(Object stored, List<List<Entry>> ofGroups) throws CheckpointException {
    List<?> lists = PickleValues.items(stored);
    if (lists == null || lists.size() != ofGroups.size()) {
      throw MegatronRanks.refused(
          file, "masters that are no list for each parameter group", "is the file damaged?");
    }
    for (int i = 0; i < lists.size(); i++) {
      List<?> masters = PickleValues.items(lists.get(i));
      List<Entry> members = ofGroups.get(i);
      if (masters == null || masters.size() != members.size()) {
        throw MegatronRanks.refused(
            file,
            (masters == null ? "no" : masters.size())
                + " masters of "
                + members.size()
                + " parameters",
            "models that are in half precision in part are not read");
      }
      for (int j = 0; j < members.size(); j++) {
        put(members.get(j), MegatronTrainingState.MASTER, masters.get(j));
      }
    }
  }

  private void put(Entry entry, String kind, @Nullable Object stored) throws CheckpointException {
    if (!(stored instanceof TorchTensor tensor)
        || tensor.dtype() != DType.F32
        || !tensor.shape().equals(entry.slot().value().shape())) {
      throw MegatronRanks.refused(
          file,
          (stored instanceof TorchTensor other
                  ? other.dtype() + " " + other.shape()
                  : stored == null ? "nothing" : "no tensor")
              + " as "
              + kind
              + " of "
              + shown(entry),
          "F32 " + entry.slot().value().shape() + " is expected");
    }
    file.requireReadable(tensor);
    entry.state().put(kind, tensor);
  }

  /** A number of updates, which is a number or a tensor of one. */
  private long count(@Nullable Object stored) throws IOException {
    double value = -1;
    if (stored instanceof Number number) {
      value = number.doubleValue();
    } else if (stored instanceof TorchTensor tensor && tensor.shape().elements() == 1) {
      file.requireReadable(tensor);
      try (Arena arena = Arena.ofConfined()) {
        value =
            switch (tensor.dtype()) {
              case F32 ->
                  Float.intBitsToFloat(file.read(tensor, arena).segment().get(LittleEndian.INT, 0));
              case I64 -> file.read(tensor, arena).segment().get(LittleEndian.LONG, 0);
              case I32 -> file.read(tensor, arena).segment().get(LittleEndian.INT, 0);
              default -> -1;
            };
      }
    }
    if (!(value >= 0 && value <= 1L << 53 && value == Math.rint(value))) {
      throw MegatronRanks.refused(file, "no number of updates ('step')", "is the file damaged?");
    }
    return (long) value;
  }

  /** Updates done. */
  long updates() {
    return updates;
  }

  /** Whether there are float32 masters of parameters in half precision. */
  boolean hasMasters() {
    return hasMasters;
  }

  /** The groups: those that decay first; one may be missing. */
  List<Map<?, ?>> groups() {
    List<Map<?, ?>> found = new ArrayList<>();
    for (boolean decays : new boolean[] {true, false}) {
      Map<?, ?> group = groups.get(decays);
      if (group != null) {
        found.add(group);
      }
    }
    return found;
  }

  /** The chunks of the model with the optimizer's tensors of one kind in place of parameters. */
  List<MegatronChunk> chunks(String kind) {
    List<MegatronChunk> replaced = new ArrayList<>();
    for (int i = 0; i < chunks.size(); i++) {
      Map<MegatronNames.Place, TorchTensor> tensors = new LinkedHashMap<>();
      for (Entry entry : entries) {
        MegatronNames.Place place = entry.slot().place();
        if (entry.chunk() == i && place != null) {
          tensors.put(place, Objects.requireNonNull(entry.state().get(kind)));
        }
      }
      replaced.add(new MegatronChunk(file, tensors, null));
    }
    return replaced;
  }
}
