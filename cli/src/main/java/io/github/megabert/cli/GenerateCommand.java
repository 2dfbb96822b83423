package io.github.megabert.cli;

import io.github.megabert.MegaBert;
import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.model.generation.GeneratedSequence;
import io.github.megabert.model.generation.GenerationOptions;
import io.github.megabert.model.generation.Generator;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import java.io.IOException;
import java.util.ArrayList;
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
    description = "Continues a text with a causal language model.")
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

  @Override
  public Integer call() throws IOException {
    try (MegaBert bert = model.open();
        JsonOption.Results results = output.results()) {
      Generator generator = new Generator(bert.model(MegatronBertForCausalLM.class));
      BertTokenizer tokenizer = bert.findTokenizer().orElse(null);
      GenerationOptions options =
          search
              .builder()
              .endTokens(endTokens(bert))
              .stopCondition(stopCondition(tokenizer))
              .build();
      if (!inputIds.isEmpty()) {
        int[] prompt = inputIds.stream().mapToInt(Integer::intValue).toArray();
        print(results, generator.generate(List.of(prompt), options), tokenizer);
      } else {
        BertTokenizer words = bert.tokenizer();
        arguments.forEach(
            text ->
                print(results, generator.generate(List.of(prompt(words, text)), options), words));
      }
    }
    return 0;
  }

  /** [CLS] and the text, without the closing [SEP], which would end it. */
  private static int[] prompt(BertTokenizer tokenizer, String text) {
    Encoding encoding = tokenizer.encode(text);
    return Arrays.copyOf(encoding.ids(), encoding.size() - 1);
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

  private static void print(
      JsonOption.Results results,
      List<GeneratedSequence> sequences,
      @Nullable BertTokenizer tokenizer) {
    List<ObjectNode> entries = new ArrayList<>();
    for (GeneratedSequence sequence : sequences) {
      String text =
          tokenizer == null
              ? Arrays.toString(sequence.tokenIds())
              : tokenizer.decode(sequence.tokenIds(), true);
      if (!results.isJson()) {
        results.line(text);
        continue;
      }
      ObjectNode entry = JsonNodeFactory.instance.objectNode();
      if (tokenizer != null) {
        entry.put("generated_text", text);
      }
      ArrayNode ids = entry.putArray("token_ids");
      for (int id : sequence.tokenIds()) {
        ids.add(id);
      }
      entries.add(entry);
    }
    entries.forEach(results::add);
  }
}
