package io.github.megabert.cli;

import io.github.megabert.MegaBert;
import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.model.generation.GeneratedSequence;
import io.github.megabert.model.generation.GenerationOptions;
import io.github.megabert.model.generation.Generator;
import io.github.megabert.task.TextGeneration;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
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
final class GenerateCommand implements Callable<Integer> {
  @Mixin private ModelOptions model = new ModelOptions();
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
      defaultValue = "16",
      description =
          "Prompts continued together; those of a model with many positions are fewer. Default: ${DEFAULT-VALUE}.")
  private int batchSize = 16;

  @Override
  public Integer call() throws IOException {
    try (MegaBert bert = model.openBatching(batchSize);
        JsonOption.Results results = output.results()) {
      if (inputIds.isEmpty()) {
        TextGeneration.Options options =
            new TextGeneration.Options(search.builder().build(), stops);
        continueTexts(bert.textGeneration(), options, results);
      } else {
        continueIds(bert, results);
      }
    }
    return 0;
  }

  private void continueTexts(
      TextGeneration pipeline, TextGeneration.Options options, JsonOption.Results results)
      throws IOException {
    boolean one = options.generation().beams() == 1 && options.generation().returnSequences() == 1;
    if (one && Terminals.out() && !results.isJson()) {
      TextArguments.forEach(arguments.stream(), text -> write(pipeline, text, options));
      return;
    }
    TextArguments.forEach(
        pipeline.stream(arguments.stream(), options),
        continuations ->
            continuations
                .sequences()
                .forEach(generated -> print(results, generated.text(), generated.tokenIds())));
  }

  /** Writes to a terminal as the words come. */
  private static void write(
      TextGeneration pipeline, String prompt, TextGeneration.Options options) {
    System.out.print(prompt);
    System.out.flush();
    pipeline.stream(
        prompt,
        options,
        piece -> {
          System.out.print(piece);
          System.out.flush();
        });
    System.out.println();
  }

  private void continueIds(MegaBert bert, JsonOption.Results results) {
    Generator generator = new Generator(bert.model(MegatronBertForCausalLM.class));
    BertTokenizer tokenizer = bert.findTokenizer().orElse(null);
    GenerationOptions options =
        search.builder().endTokens(endTokens(bert)).stopCondition(stopCondition(tokenizer)).build();
    int[] prompt = inputIds.stream().mapToInt(Integer::intValue).toArray();
    for (GeneratedSequence sequence : generator.generate(List.of(prompt), options)) {
      print(
          results,
          tokenizer == null ? null : tokenizer.decode(sequence.tokenIds(), true),
          sequence.tokenIds());
    }
  }

  private static Set<Integer> endTokens(MegaBert bert) {
    Set<Integer> tokens = new LinkedHashSet<>();
    OptionalInt end = bert.config().eosTokenId();
    if (end.isPresent()) {
      tokens.add(end.getAsInt());
    } else {
      bert.findTokenizer().ifPresent(tokenizer -> tokens.add(tokenizer.sepId()));
    }
    return tokens;
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

  private static void print(JsonOption.Results results, @Nullable String text, int[] tokenIds) {
    if (!results.isJson()) {
      results.line(text == null ? Arrays.toString(tokenIds) : text);
      return;
    }
    ObjectNode entry = JsonNodeFactory.instance.objectNode();
    if (text != null) {
      entry.put("generated_text", text);
    }
    ArrayNode ids = entry.putArray("token_ids");
    for (int id : tokenIds) {
      ids.add(id);
    }
    results.add(entry);
  }
}
