// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.checkpoint.ElementConversion;
import io.github.megabert.checkpoint.NamedTensors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An optimizer's state as Megatron-LM saves it: that of {@code torch.optim.AdamW}, with the
 * parameters counted from 0 in two groups, those that decay and those that do not, each in the
 * order of the model; and of a model in bfloat16 the float32 masters of each group.
 *
 * @see <a
 *     href="https://github.com/NVIDIA/Megatron-LM/blob/d98e8a64/megatron/core/optimizer/optimizer.py">FP32Optimizer
 *     and Float16OptimizerWithFloat16Params</a>
 */
final class MegatronOptimizerTree {
  static final String FIRST = "exp_avg";
  static final String SECOND = "exp_avg_sq";

  private final MegatronPartition partition;
  private final MegatronRun run;
  private final MegatronSlices masters;
  private final MegatronSlices first;
  private final MegatronSlices second;

  /**
   * @param values float32
   * @param moments {@code exp_avg.NAME} and {@code exp_avg_sq.NAME}, float32
   */
  MegatronOptimizerTree(
      MegatronPartition partition, MegatronRun run, NamedTensors values, NamedTensors moments) {
    this.partition = partition;
    this.run = run;
    ElementConversion none = new ElementConversion(null);
    masters = new MegatronSlices(values, partition, none);
    first = new MegatronSlices(new PrefixedTensors(moments, FIRST + "."), partition, none);
    second = new MegatronSlices(new PrefixedTensors(moments, SECOND + "."), partition, none);
  }

  /** What {@code state_dict()} of the optimizer gives on a rank. */
  Map<String, Object> optimizer(MegatronFile out, int stage) throws IOException {
    Map<Long, Object> state = new LinkedHashMap<>();
    List<Object> groups = new ArrayList<>();
    List<Object> mastersOfGroups = new ArrayList<>();
    for (boolean decays : new boolean[] {true, false}) {
      List<Long> numbers = new ArrayList<>();
      List<Object> ofGroup = new ArrayList<>();
      for (MegatronPartition.Parameter parameter : partition.ofStage(stage)) {
        if (parameter.kind().decays() == decays) {
          long number = state.size();
          numbers.add(number);
          if (run.inHalves()) {
            ofGroup.add(out.announce(masters, parameter));
          }
          Map<String, Object> ofParameter = new LinkedHashMap<>();
          ofParameter.put("step", out.announce("step." + number, (float) run.updates()));
          ofParameter.put(FIRST, out.announce(first, parameter));
          ofParameter.put(SECOND, out.announce(second, parameter));
          state.put(number, ofParameter);
        }
      }
      groups.add(group(decays, numbers));
      mastersOfGroups.add(ofGroup);
    }
    Map<String, Object> adam = new LinkedHashMap<>();
    adam.put("state", state);
    adam.put("param_groups", groups);
    if (!run.inHalves()) {
      return adam;
    }
    Map<String, Object> mixed = new LinkedHashMap<>();
    mixed.put("optimizer", adam);
    mixed.put("fp32_from_fp16_params", mastersOfGroups);
    return mixed;
  }

  /** What {@code _get_param_groups}, and the optimizers that may be beneath, have in a group. */
  private Map<String, Object> group(boolean decays, List<Long> numbers) {
    MegatronRun.Course course = run.course();
    Map<String, Object> group = new LinkedHashMap<>();
    group.put("wd_mult", decays ? 1.0 : 0.0);
    group.put("lr_mult", 1.0);
    group.put("is_expert_parallel", false);
    group.put("is_decoupled_lr", false);
    group.put("default_config", true);
    group.put("max_lr", course.highest());
    group.put("min_lr", course.lowest());
    group.put("lr", course.highest());
    group.put("weight_decay", decays ? run.adam().weightDecay() : 0.0);
    group.put("betas", List.of(run.adam().beta1(), run.adam().beta2()));
    group.put("eps", run.adam().eps());
    group.put("bias_correction", true);
    // Transformer Engine's and Apex' FusedAdam count updates here, PyTorch's AdamW by parameter.
    group.put("step", run.updates());
    group.put("params", numbers);
    return group;
  }

  /** What {@code OptimizerParamScheduler.state_dict()} gives. */
  Map<String, Object> scheduler() {
    MegatronRun.Course course = run.course();
    Map<String, Object> scheduler = new LinkedHashMap<>();
    scheduler.put("max_lr", course.highest());
    scheduler.put("lr_warmup_steps", whole(course.warmup()));
    scheduler.put("num_steps", run.samples());
    scheduler.put("lr_decay_style", course.style());
    scheduler.put("lr_decay_steps", whole(course.decay()));
    scheduler.put("min_lr", course.lowest());
    scheduler.put("start_wd", run.adam().weightDecay());
    scheduler.put("end_wd", run.adam().weightDecay());
    scheduler.put("wd_incr_style", "constant");
    scheduler.put("wd_incr_steps", run.samplesOfRun());
    return scheduler;
  }

  private static Object whole(double number) {
    return number == Math.rint(number) ? (Object) (long) number : (Object) number;
  }
}
