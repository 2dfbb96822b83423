// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.MegaBert;
import io.github.megabert.Task;
import io.github.megabert.cli.option.BatchOption;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.option.TaskOptions;
import io.github.megabert.cli.option.TextArguments;
import io.github.megabert.cli.terminal.Terminals;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.model.generation.GeneratedSequence;
import io.github.megabert.model.generation.GenerationOptions;
import io.github.megabert.model.generation.Generator;
import io.github.megabert.task.TextGeneration;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code megabert generate}. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description = "Continues a text with a causal language model.",
    footer = {
      "",
      "Examples:",
      "  megabert generate --model my-model --max-new-tokens 30 --seed 7 \"a dog is\"",
      "  megabert generate --model my-model --beams 4 --return-sequences 2 < prompts.txt"
    })
public final class GenerateCommand implements Callable<Integer> {
  @Mixin private TaskOptions model = new TaskOptions();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();
  @Mixin private SearchOptions search = new SearchOptions();

  @Option(
      names = "--input-ids",
      paramLabel = "ID",
      split = ",",
      description = "Token ids in place of a text.")
  private List<Integer> inputIds = List.of();

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End where the new text contains this; may be given several times.")
  private List<String> stops = List.of();

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description =
          "Prompts continued together; those of a model with many positions are fewer. "
              + "Default: 16.")
  private @Nullable Integer batchSize;

  @Override
  public Integer call() throws IOException {
    search.requireUseful();
    WrongUsage.unless(
        inputIds.isEmpty() || !arguments.hasArguments(),
        "--input-ids stands in place of a TEXT: give one of them");
    WrongUsage.unless(
        inputIds.isEmpty() || batchSize == null,
        "--batch-size is for several texts, --input-ids is one prompt");
    int together = batchSize == null ? 16 : batchSize;
    try (MegaBert bert =
            model.open(
                Integer.MAX_VALUE,
                List.of(builder -> builder.batching(BatchOption.batching(together))));
        JsonOption.Results results = output.results()) {
      reportUntrained(bert);
      if (inputIds.isEmpty()) {
        arguments.whenLong(bert::warmUp);
        TextGeneration.Options options = new TextGeneration.Options(search.of(bert).build(), stops);
        return continueTexts(bert.textGeneration(), together, options, results);
      }
      continueIds(bert, results);
      return 0;
    }
  }

  private static void reportUntrained(MegaBert bert) {
    if (bert.untrainedTasks().contains(Task.TEXT_GENERATION)) {
      System.err.println(
          "megabert: "
              + bert.checkpoint().source()
              + " was trained to fill gaps, not to continue texts: expect repetitions");
    }
  }

  private int continueTexts(
      TextGeneration pipeline,
      int together,
      TextGeneration.Options options,
      JsonOption.Results results)
      throws IOException {
    boolean one = options.generation().beams() == 1 && options.generation().returnSequences() == 1;
    if (one && Terminals.out() && !results.isJson()) {
      return arguments.answer(
          1,
          texts -> List.of(write(pipeline, texts.getFirst(), options)),
          results.of((where, written) -> System.out.println()));
    }
    return arguments.answer(
        together,
        texts -> pipeline.applyAll(texts, options),
        results.of((where, continuations) -> print(results, continuations.sequences())));
  }

  private static void print(JsonOption.Results results, List<TextGeneration.Generated> sequences) {
    printAll(
        results,
        sequences.stream()
            .map(sequence -> new Continuation(sequence.text(), sequence.tokenIds()))
            .toList());
  }

  /** Writes to a terminal as the words come. */
  private static String write(
      TextGeneration pipeline, String prompt, TextGeneration.Options options) {
    System.out.print(prompt);
    System.out.flush();
    return pipeline.stream(
            prompt,
            options,
            piece -> {
              System.out.print(piece);
              System.out.flush();
            })
        .text();
  }

  private void continueIds(MegaBert bert, JsonOption.Results results) {
    MegatronBertForCausalLM causal = bert.model(MegatronBertForCausalLM.class);
    BertTokenizer tokenizer = bert.findTokenizer().orElse(null);
    Generator generator =
        tokenizer == null ? new Generator(causal) : new Generator(causal, tokenizer::hasToken);
    GenerationOptions given = search.of(bert).build();
    GenerationOptions.Builder builder = given.toBuilder().stopCondition(stopCondition(tokenizer));
    if (given.endTokens().isEmpty() && tokenizer != null) {
      builder.endTokens(Set.of(tokenizer.sepId()));
    }
    GenerationOptions options = builder.build();
    int[] prompt = inputIds.stream().mapToInt(Integer::intValue).toArray();
    List<Continuation> sequences = new ArrayList<>();
    for (GeneratedSequence sequence : generator.generate(List.of(prompt), options)) {
      String text = tokenizer == null ? null : tokenizer.decode(sequence.tokenIds(), true);
      sequences.add(new Continuation(text, sequence.tokenIds()));
    }
    printAll(results, sequences);
  }

  private GenerationOptions.StopCondition stopCondition(@Nullable BertTokenizer tokenizer) {
    if (stops.isEmpty()) {
      return (tokenIds, promptLength) -> false;
    }
    if (tokenizer == null) {
      throw new IllegalArgumentException("--stop needs a tokenizer; name one with --vocab");
    }
    return (tokenIds, promptLength) -> {
      String text =
          tokenizer.decode(Arrays.copyOfRange(tokenIds, promptLength, tokenIds.length), true);
      return stops.stream().anyMatch(text::contains);
    };
  }

  /** A result; the text is null where there is no tokenizer. */
  private record Continuation(@Nullable String text, int[] tokenIds) {
    ObjectNode toJson() {
      ObjectNode entry = JsonNodeFactory.instance.objectNode();
      if (text != null) {
        entry.put("generated_text", text);
      }
      ArrayNode ids = entry.putArray("token_ids");
      for (int id : tokenIds) {
        ids.add(id);
      }
      return entry;
    }
  }

  /** Prints the results of one prompt: several are one entry, a list. */
  private static void printAll(JsonOption.Results results, List<Continuation> sequences) {
    if (!results.isJson()) {
      for (Continuation sequence : sequences) {
        results.line(
            sequence.text() == null ? Arrays.toString(sequence.tokenIds()) : sequence.text());
      }
    } else if (sequences.size() == 1) {
      results.add(sequences.getFirst().toJson());
    } else {
      ArrayNode entry = JsonNodeFactory.instance.arrayNode();
      sequences.forEach(sequence -> entry.add(sequence.toJson()));
      results.add(entry);
    }
  }
}
