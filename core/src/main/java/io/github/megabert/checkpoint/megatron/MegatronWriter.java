// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.ConversionProgress;
import io.github.megabert.checkpoint.ElementConversion;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.checkpoint.torch.PickleValues;
import io.github.megabert.checkpoint.torch.PickleWriter;
import io.github.megabert.json.JsonMap;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes a Megatron-LM run's folder: {@code latest_checkpointed_iteration.txt}, and {@code
 * mp_rank_TT[_PPP]/model_optim_rng.pt} of each rank in {@code release}, or of a run that
 * Megatron-LM can go on with in {@code iter_NNNNNNN}.
 */
public final class MegatronWriter {
  private static final String TRACKER = "latest_checkpointed_iteration.txt";
  private static final String RELEASE = "release";

  private final Checkpoint input;
  private final MegatronPartition partition;
  private final MegatronSlices slices;
  private final ConversionProgress progress;
  private @Nullable MegatronRun run;
  private @Nullable NamedTensors moments;
  private long done;
  private long total;

  /** A writer of a model alone. */
  public MegatronWriter(
      Checkpoint input,
      MegatronPartition partition,
      ElementConversion conversion,
      ConversionProgress progress) {
    this.input = input;
    this.partition = partition;
    this.slices = new MegatronSlices(input, partition, conversion);
    this.progress = progress;
  }

  /**
   * A writer of a model under training, its optimizer's state and its place in the run.
   *
   * @param input the float32 values
   * @param moments {@code exp_avg.NAME} and {@code exp_avg_sq.NAME} of every parameter, float32
   */
  public MegatronWriter(
      Checkpoint input, MegatronPartition partition, MegatronRun run, NamedTensors moments) {
    this(
        input,
        partition,
        new ElementConversion(run.inHalves() ? DType.BF16 : null),
        (tensor, done, total) -> {});
    this.run = run;
    this.moments = moments;
  }

  /** Writes all ranks. */
  public void write(Path folder) throws IOException {
    for (int stage = 0; stage < partition.pipelineParallel(); stage++) {
      for (int rank = 0; rank < partition.tensorParallel(); rank++) {
        total += sizeOfRank(stage);
      }
    }
    for (int stage = 0; stage < partition.pipelineParallel(); stage++) {
      for (int rank = 0; rank < partition.tensorParallel(); rank++) {
        writeFile(folder, stage, rank);
      }
    }
    finish(folder);
  }

  /** Writes one rank alone; the folder is a checkpoint once all have been, and {@link #finish}. */
  public void writeRank(Path folder, int stage, int rank) throws IOException {
    total += sizeOfRank(stage);
    writeFile(folder, stage, rank);
  }

  /** Says that all ranks are there. */
  public void finish(Path folder) throws IOException {
    Files.writeString(
        folder.resolve(TRACKER), run == null ? RELEASE : Long.toString(run.iteration()));
  }

  private long sizeOfRank(int stage) throws IOException {
    long size = 0;
    for (MegatronPartition.Parameter parameter : partition.ofStage(stage)) {
      size += slices.spec(parameter).byteSize();
    }
    return size;
  }

  private void writeFile(Path folder, int stage, int rank) throws IOException {
    String name =
        partition.pipelineParallel() == 1
            ? String.format(Locale.ROOT, "mp_rank_%02d", rank)
            : String.format(Locale.ROOT, "mp_rank_%02d_%03d", rank, stage);
    String iteration =
        run == null ? RELEASE : String.format(Locale.ROOT, "iter_%07d", run.iteration());
    Path rankFolder = folder.resolve(iteration).resolve(name);
    Files.createDirectories(rankFolder);
    writeTree(rankFolder.resolve("model_optim_rng.pt"), stage, rank);
  }

  private void writeTree(Path file, int stage, int rank) throws IOException {
    MegatronFile out = new MegatronFile(rank);
    Map<String, Object> model = new LinkedHashMap<>();
    for (MegatronPartition.Parameter parameter : partition.ofStage(stage)) {
      put(model, parameter.path(), out.announce(slices, parameter));
      String state = partition.dialect().emptyState(parameter.path());
      if (state != null) {
        model.put(state, PickleValues.None.NONE);
      }
    }
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("args", new PickleWriter.Namespace(arguments()));
    tree.put("checkpoint_version", 3.0);
    tree.put("iteration", run == null ? 0L : run.iteration());
    tree.put("model", model);
    if (run != null && moments != null) {
      MegatronOptimizerTree state = new MegatronOptimizerTree(partition, run, input, moments);
      tree.put("optimizer", state.optimizer(out, stage));
      tree.put("opt_param_scheduler", state.scheduler());
    }
    out.write(
        file,
        tree,
        spec -> {
          done += spec.byteSize();
          progress.written(spec.name(), done, total);
        });
  }

  @SuppressWarnings("unchecked") // every value on the way to a leaf is a dictionary made here
  private static void put(Map<String, Object> tree, List<String> path, Object value) {
    Map<String, Object> at = tree;
    for (String key : path.subList(0, path.size() - 1)) {
      at = (Map<String, Object>) at.computeIfAbsent(key, k -> new LinkedHashMap<String, Object>());
    }
    at.put(path.getLast(), value);
  }

  /** What Megatron-LM checks when it loads, and what {@link MegatronArguments} reads. */
  private Map<String, Object> arguments() {
    ObjectNode config = JsonMap.toObject(input.config());
    Map<String, Object> arguments = new LinkedHashMap<>();
    arguments.put("num_layers", config.path("num_hidden_layers").asLong());
    arguments.put("hidden_size", config.path("hidden_size").asLong());
    arguments.put("num_attention_heads", (long) partition.heads());
    arguments.put("ffn_hidden_size", config.path("intermediate_size").asLong());
    arguments.put("max_position_embeddings", config.path("max_position_embeddings").asLong());
    arguments.put("seq_length", config.path("max_position_embeddings").asLong());
    arguments.put("vocab_size", input.shape(ParameterTable.WORD_EMBEDDINGS).extent(0));
    arguments.put("padded_vocab_size", partition.paddedVocabulary());
    arguments.put("make_vocab_size_divisible_by", 128L);
    arguments.put(
        "tokenizer_type", config.path("tokenizer_type").asString("BertWordPieceLowerCase"));
    arguments.put("tensor_model_parallel_size", (long) partition.tensorParallel());
    arguments.put("pipeline_model_parallel_size", (long) partition.pipelineParallel());
    double epsilon = config.path("layer_norm_eps").asDouble(1e-12);
    arguments.put("layernorm_epsilon", epsilon);
    arguments.put("norm_epsilon", epsilon);
    arguments.put("hidden_dropout", config.path("hidden_dropout_prob").asDouble(0.1));
    arguments.put("attention_dropout", config.path("attention_probs_dropout_prob").asDouble(0.1));
    arguments.put("init_method_std", config.path("initializer_range").asDouble(0.02));
    boolean exactGelu = config.path("hidden_act").asString("gelu").equals("gelu");
    arguments.put("bias_gelu_fusion", !exactGelu);
    arguments.put("openai_gelu", false);
    arguments.put("onnx_safe", false);
    arguments.put(
        "untie_embeddings_and_output_weights", !config.path("tie_word_embeddings").asBoolean(true));
    arguments.put("bert_binary_head", input.names().contains("cls.seq_relationship.weight"));
    arguments.put("fp16", slices.mainType() == DType.F16);
    arguments.put("bf16", slices.mainType() == DType.BF16);
    if (run != null) {
      arguments.put("consumed_train_samples", run.samples());
      arguments.put("skipped_train_samples", 0L);
      arguments.put("consumed_valid_samples", 0L);
      arguments.put("global_batch_size", run.samplesPerStep());
      arguments.put("clip_grad", run.adam().clip());
      arguments.put("optimizer", "adam");
      arguments.put("use_distributed_optimizer", false);
    }
    return arguments;
  }
}
