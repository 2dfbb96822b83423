// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.json.JsonMap;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.parameters.ParameterTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a model is divided among Megatron-LM's ranks.
 *
 * @param tensorParallel ranks that share a layer
 * @param pipelineParallel stages that share the layers
 * @param heads of the whole model
 * @param paddedVocabulary rows of the word embeddings, a multiple of 128 a rank
 * @param dialect under which names it is written
 * @param parameters all parameters, in the order in which Megatron-LM's model has them
 */
public record MegatronPartition(
    MegatronDialect dialect,
    int tensorParallel,
    int pipelineParallel,
    int heads,
    long paddedVocabulary,
    List<Parameter> parameters) {
  static final Pattern LAYER = Pattern.compile("bert\\.encoder\\.layer\\.(\\d{1,5})\\.(.+)");

  /** Keys to the last pipeline stage's copy of the word embeddings, which decodes. */
  private static final List<String> COPY_OF_WORDS = List.of("word_embeddings_for_head", "weight");

  private static final Set<String> GELUS =
      Set.of("gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast");

  /**
   * A parameter in Megatron's terms.
   *
   * @param name transformers' name; of a query-key-value matrix the query's
   * @param path keys under {@code model} in a rank's file
   * @param stage the pipeline stage that has it
   */
  record Parameter(
      String name,
      List<String> path,
      int stage,
      ParameterSpec.Split split,
      ParameterSpec.Kind kind) {}

  /** A division in Megatron-LM's own names, which transformers reads too. */
  public static MegatronPartition of(Checkpoint input, int tensorParallel, int pipelineParallel)
      throws CheckpointException {
    return of(input, MegatronDialect.LEGACY, tensorParallel, pipelineParallel);
  }

  /**
   * A division of a model.
   *
   * @throws CheckpointException if Megatron-LM has no such model
   * @throws IllegalArgumentException if it cannot be divided so
   */
  public static MegatronPartition of(
      Checkpoint input, MegatronDialect dialect, int tensorParallel, int pipelineParallel)
      throws CheckpointException {
    ObjectNode config = JsonMap.toObject(input.config());
    requireExpressible(input, config);
    int layers = config.path("num_hidden_layers").asInt(0);
    int heads = config.path("num_attention_heads").asInt(0);
    int intermediate = config.path("intermediate_size").asInt(0);
    if (tensorParallel < 1 || pipelineParallel < 1) {
      throw new IllegalArgumentException("there is at least one rank and one stage");
    }
    if (dialect == MegatronDialect.CORE && pipelineParallel > 1) {
      throw new IllegalArgumentException(
          "a pipeline of "
              + pipelineParallel
              + " stages is not written in Megatron core's names; write one stage, or Megatron-LM's"
              + " own names");
    }
    requireDivisible(heads, "attention heads", tensorParallel, "tensor-parallel ranks");
    requireDivisible(intermediate, "intermediate units", tensorParallel, "tensor-parallel ranks");
    requireDivisible(layers, "layers", pipelineParallel, "pipeline stages");
    long vocabulary = input.shape(ParameterTable.WORD_EMBEDDINGS).extent(0);
    long multiple = 128L * tensorParallel;
    Builder builder =
        new Builder(input, config, dialect, layers / pipelineParallel, pipelineParallel - 1);
    for (String name : input.names().stream().sorted(dialect.order()).toList()) {
      builder.add(name);
    }
    if (pipelineParallel > 1) {
      builder.parameters.add(
          builder.placeOfCopy(),
          new Parameter(
              ParameterTable.WORD_EMBEDDINGS,
              COPY_OF_WORDS,
              pipelineParallel - 1,
              ParameterSpec.Split.VOCABULARY,
              ParameterSpec.Kind.EMBEDDING));
    }
    return new MegatronPartition(
        dialect,
        tensorParallel,
        pipelineParallel,
        heads,
        Math.ceilDiv(vocabulary, multiple) * multiple,
        List.copyOf(builder.parameters));
  }

  /** The parameters of a pipeline stage. */
  List<Parameter> ofStage(int stage) {
    return parameters.stream().filter(parameter -> parameter.stage() == stage).toList();
  }

  private static void requireExpressible(Checkpoint input, ObjectNode config)
      throws CheckpointException {
    if (input.names().contains(ParameterTable.EMBEDDINGS_NORM + ".weight")) {
      throw new CheckpointException(
          input.source()
              + " is a BERT with LayerNorm behind its sub-layers, Megatron-LM's has it before "
              + "them");
    }
    String activation = config.path("hidden_act").asString("gelu");
    boolean decoder =
        config.path("is_decoder").asBoolean(false)
            || config.path("add_cross_attention").asBoolean(false);
    if (!GELUS.contains(activation) || decoder) {
      throw new CheckpointException(
          input.source()
              + (decoder ? " is a decoder" : " has the activation " + quote(activation))
              + ", Megatron-LM's BERT is an encoder with gelu");
    }
    for (JsonNode architecture : config.path("architectures")) {
      String name = architecture.asString("");
      if (name.endsWith("TokenClassification")) {
        throw new CheckpointException(
            input.source() + " is a " + name + ", for which Megatron-LM has no head");
      }
    }
  }

  private static void requireDivisible(int count, String what, int parts, String among) {
    if (count < 1 || count % parts != 0) {
      throw new IllegalArgumentException(
          count + " " + what + " cannot be divided among " + parts + " " + among);
    }
  }

  /** Gives each of transformers' names its place. */
  private static final class Builder {
    private final Checkpoint input;
    private final MegatronDialect dialect;
    private final boolean tied;
    private final boolean multipleChoice;
    private final int layersPerStage;
    private final int lastStage;
    private final List<Parameter> parameters = new ArrayList<>();

    Builder(
        Checkpoint input,
        ObjectNode config,
        MegatronDialect dialect,
        int layersPerStage,
        int lastStage) {
      this.input = input;
      this.dialect = dialect;
      this.tied = config.path("tie_word_embeddings").asBoolean(true);
      this.multipleChoice =
          config.path("architectures").path(0).asString("").endsWith("MultipleChoice");
      this.layersPerStage = layersPerStage;
      this.lastStage = lastStage;
    }

    /** Megatron-LM's own model makes the last stage's copy of the words before its heads. */
    int placeOfCopy() {
      for (int i = 0; i < parameters.size(); i++) {
        if (parameters.get(i).name().startsWith("cls.")) {
          return i;
        }
      }
      return parameters.size();
    }

    void add(String name) throws CheckpointException {
      if (name.equals(ParameterTable.DECODER) && tied) {
        return;
      }
      Matcher layer = LAYER.matcher(name);
      if (layer.matches()) {
        addInLayer(name, Integer.parseInt(layer.group(1)), layer.group(2));
        return;
      }
      List<String> path = dialect.elsewhere(name, multipleChoice);
      ParameterSpec role = MegatronNames.role(name);
      if (path == null || role == null) {
        throw unknown(name);
      }
      int stage = role.stage(layersPerStage, lastStage);
      parameters.add(new Parameter(name, path, stage, role.split(), role.kind()));
    }

    private void addInLayer(String name, int layer, String part) throws CheckpointException {
      if (part.startsWith("attention.self.key.") || part.startsWith("attention.self.value.")) {
        return; // written with the query
      }
      String fused = MegatronNames.fused(part);
      int stage = layer / layersPerStage;
      List<String> path = dialect.inLayer(layer % layersPerStage, fused);
      ParameterSpec role = MegatronNames.role(fused);
      if (path == null || role == null || stage > lastStage) {
        throw unknown(name);
      }
      parameters.add(new Parameter(name, path, stage, role.split(), role.kind()));
    }

    private CheckpointException unknown(String name) {
      return new CheckpointException(
          input.source() + " has " + quote(name) + ", which Megatron-LM's BERT does not have");
    }
  }
}
