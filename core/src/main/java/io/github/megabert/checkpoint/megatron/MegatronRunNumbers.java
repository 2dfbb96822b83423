// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.torch.PickleValues;
import io.github.megabert.checkpoint.torch.TorchFile;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a {@link MegatronRun} out of a file's arguments, scheduler and parameter groups. */
final class MegatronRunNumbers {
  /** Beyond this a count is no count of steps or samples of a step. */
  private static final long MOST = Integer.MAX_VALUE;

  private final TorchFile file;
  private final MegatronArguments arguments;
  private final List<Map<?, ?>> groups;
  private final Object scheduler;

  /**
   * @param groups of parameters, of all ranks; the first decays
   * @throws CheckpointException if there is no scheduler's state
   */
  MegatronRunNumbers(TorchFile file, List<Map<?, ?>> groups) throws CheckpointException {
    this.file = file;
    this.groups = groups;
    arguments = MegatronArguments.of(file);
    Object stored = PickleValues.member(file.root(), "opt_param_scheduler");
    stored = stored == null ? PickleValues.member(file.root(), "lr_scheduler") : stored;
    if (stored == null) {
      throw MegatronRanks.refused(
          file, "no 'opt_param_scheduler'", "the learning rate's course is unknown without");
    }
    scheduler = stored;
  }

  MegatronRun run(long updates, boolean inHalves) throws CheckpointException {
    long iteration = count("iteration", PickleValues.member(file.root(), "iteration"));
    long batch = count("global_batch_size", arguments.integer("global_batch_size"));
    if (batch == 0 || updates > iteration) {
      throw MegatronRanks.refused(
          file,
          updates + " updates after " + iteration + " steps of " + batch + " samples",
          "is it damaged?");
    }
    double samples = scheduled("num_steps", "num_iters");
    if (samples != iteration * batch) {
      throw MegatronRanks.refused(
          file,
          iteration + " steps of " + batch + " samples, but counts " + samples + " samples",
          "runs whose batch grew are not gone on with");
    }
    requirePlainAdam();
    double decay = scheduled("lr_decay_steps", "decay_steps");
    Long steps = arguments.integer("train_iters");
    Long all = arguments.integer("train_samples");
    double ofRun = steps != null ? (double) steps * batch : all != null ? all : decay;
    if (!(ofRun >= 0 && ofRun <= MOST * (double) MOST)) {
      throw MegatronRanks.refused(file, "a run of " + ofRun + " samples", "is it damaged?");
    }
    return new MegatronRun(
        iteration, updates, batch, (long) ofRun, inHalves, adam(), course(decay));
  }

  private MegatronRun.Course course(double decay) throws CheckpointException {
    Double before = arguments.number("lr_warmup_init");
    if (before != null && before != 0) {
      throw MegatronRanks.refused(
          file, "lr_warmup_init " + before, "here a warm-up begins at a rate of 0");
    }
    Object style = PickleValues.member(scheduler, "lr_decay_style");
    style = style == null ? PickleValues.member(scheduler, "decay_style") : style;
    if (!(style instanceof String name)) {
      throw MegatronRanks.refused(
          file, "no 'lr_decay_style'", "the learning rate's course is unknown without");
    }
    return new MegatronRun.Course(
        scheduled("max_lr", "start_lr"),
        scheduled("min_lr", "min_lr"),
        name,
        scheduled("lr_warmup_steps", "warmup_steps"),
        decay);
  }

  /** What updates by other rules than AdamW with one rate and one decay is refused. */
  private void requirePlainAdam() throws CheckpointException {
    if (arguments.isFalse("decoupled_weight_decay")) {
      throw MegatronRanks.refused(
          file, "decoupled_weight_decay False", "here weight decay is AdamW's");
    }
    Object from = PickleValues.member(scheduler, "start_wd");
    Object to = PickleValues.member(scheduler, "end_wd");
    if (!MegatronRanks.same(from, to)) {
      throw MegatronRanks.refused(
          file,
          "a weight decay from " + MegatronRanks.shown(from) + " to " + MegatronRanks.shown(to),
          "here it stays the same");
    }
    double rate = scheduled("max_lr", "start_lr");
    for (Map<?, ?> group : groups) {
      boolean isScaled = group.get("lr_mult") instanceof Number factor && factor.doubleValue() != 1;
      boolean hasOwn = group.get("max_lr") instanceof Number own && own.doubleValue() != rate;
      if (isScaled || hasOwn || Boolean.TRUE.equals(group.get("is_decoupled_lr"))) {
        throw MegatronRanks.refused(
            file, "parameters with a learning rate of their own", "here all have one");
      }
    }
  }

  private MegatronRun.Adam adam() throws CheckpointException {
    Map<?, ?> group = groups.getFirst();
    List<?> betas = PickleValues.items(group.get("betas"));
    if (betas == null || betas.size() != 2) {
      throw MegatronRanks.refused(file, "no pair of 'betas'", "is it another optimizer than Adam?");
    }
    Double clip = arguments.number("clip_grad");
    return new MegatronRun.Adam(
        number("betas", betas.get(0)),
        number("betas", betas.get(1)),
        number("eps", group.get("eps")),
        number("weight_decay", group.get("weight_decay")),
        clip == null ? 1 : clip);
  }

  private double scheduled(String name, String before) throws CheckpointException {
    Object value = PickleValues.member(scheduler, name);
    return number(name, value == null ? PickleValues.member(scheduler, before) : value);
  }

  private double number(String name, @Nullable Object value) throws CheckpointException {
    if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
      return number.doubleValue();
    }
    throw MegatronRanks.refused(
        file, quote(name) + " " + MegatronRanks.shown(value), "a number is expected");
  }

  private long count(String name, @Nullable Object value) throws CheckpointException {
    if (value instanceof Long number && number >= 0 && number <= MOST) {
      return number;
    }
    throw MegatronRanks.refused(
        file, quote(name) + " " + MegatronRanks.shown(value), "a count is expected");
  }
}
