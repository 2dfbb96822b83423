// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/**
 * An option that is given is used or refused. Every option of every command stands in a table: with
 * it the command prints something else than without it, or refuses it by name.
 */
class OptionsTest {
  private static final Path FIXTURES =
      Path.of("..", "core", "src", "test", "resources", "fixtures");
  private static final String PIPELINES = FIXTURES.resolve("pipelines").toString();
  private static final String CLASSES = FIXTURES.resolve("transformers").toString();
  private static final String CROSS_ENCODER =
      FIXTURES.resolve("sentence_transformers").resolve("cross_encoder").toString();
  private static final String WORDS = "../demo-model/src/main/resources/io/github/megabert/demo";
  private static final String FEW_WORDS = "../docs/session/vocab.txt";
  private static final String LONG = "long ".repeat(300);
  private static final String MISSING = "/no/such/file";

  /** Options of every command. */
  private static final Set<String> ALWAYS = Set.of("--help", "--version", "--debug");

  /** A folder that is new in each run, and measured times. */
  private static final Pattern VARIES =
      Pattern.compile("new-[0-9]+|in [0-9.]+ s|, [0-9]+ tokens/s");

  @TempDir private static Path folder;
  private static int folders;

  @BeforeAll
  static void writeTexts() throws IOException {
    TrainingRuns.texts(folder.resolve("train.tsv"));
    Files.writeString(folder.resolve("tiny.json"), TrainingRuns.TINY);
    Files.writeString(folder.resolve("corpus.jsonl"), "{\"text\": \"A dog barks. It runs.\"}\n");
  }

  /** A command line that works; "$" words are put in, and a text in quotes is one word. */
  private static final Map<String, String> BASES =
      Map.ofEntries(
          Map.entry("fill-mask", "'a [MASK]'"),
          Map.entry("classify", "--model $P/text_classification --vocab $W 'a dog'"),
          Map.entry("ner", "--model $P/token_classification --vocab $W 'Anna saw Rome'"),
          Map.entry(
              "answer",
              "--model $C/MegatronBertForQuestionAnswering --vocab $F --top-k 5 --question 'who?'"
                  + " --context 'Anna visited Paris, and Ben went to Rome.'"),
          Map.entry(
              "choose",
              "--model $C/MegatronBertForMultipleChoice --vocab $F --prompt 'a cat' 'it slept'"
                  + " 'it flew'"),
          Map.entry("next-sentence", "'a dog.' 'it barks.'"),
          Map.entry("zero-shot", "--model $P/zero_shot --vocab $W --labels travel,food 'a dog'"),
          Map.entry("rank", "--model $R --query 'a pet' 'a dog'"),
          Map.entry("embed", "'a dog'"),
          Map.entry("generate", "--max-new-tokens 3 'the capital of'"),
          Map.entry("tokenize", "'A dog barks'"),
          Map.entry(
              "forward",
              "--model $C/MegatronBertForSequenceClassification --inputs"
                  + " ../docs/session/inputs.safetensors --output $T/out.safetensors"),
          Map.entry(
              "evaluate",
              "--model $C/MegatronBertForPreTraining --data ../docs/session/inputs.safetensors"),
          Map.entry("inspect", "$C/MegatronBertForPreTraining"),
          Map.entry("bench", "--config none"),
          Map.entry("convert", "$C/MegatronBertForPreTraining ../docs"),
          Map.entry("backends", ""),
          Map.entry(
              "finetune",
              "--task classify --model $C/MegatronBertForSequenceClassification --vocab $F --train"
                  + " $T/train.tsv --test $T/train.tsv --max-steps 2 --batch-size 4 --learning-rate"
                  + " 0.01 --output $N"),
          Map.entry(
              "train-tokenizer", "--input ../docs/session/lines.txt --vocab-size 60 --output $N"),
          Map.entry(
              "pretrain",
              "--data $C/../training/megatron_data/text_sentence --config $T/tiny.json --seq-length"
                  + " 32 --steps 2 --micro-batch-size 2 --split 80,20 --evaluation-samples 4"
                  + " --learning-rate 0.01 --output $N"),
          Map.entry("plan", "--config 345m --gpus 8"),
          Map.entry("preprocess", "--input $T/corpus.jsonl --output $T/preprocessed"),
          Map.entry(
              "samples",
              "--data $C/../training/megatron_data/text_sentence --seq-length 32 --output"
                  + " $T/samples.safetensors"),
          Map.entry("pull", "bert-base-uncased"),
          // No machine has this address, which is kept for documentation.
          Map.entry("serve", "--host 203.0.113.1"),
          Map.entry("completion", ""),
          Map.entry("man", ""),
          Map.entry("help", ""));

  /** Uses of options that many commands have; one that a command writes for itself comes first. */
  private static final List<String> SHARED =
      List.of(
          "--model " + MISSING,
          "--config " + MISSING,
          "--vocab " + MISSING,
          "--class MegatronBertForNothing",
          "--backend none",
          "--dtype int8 --backend scalar",
          "--threads 2 --backend scalar",
          "--device 0 --backend vector",
          "--pack load --backend scalar",
          "--tensor-parallel 3",
          "--max-length 2",
          "--batch-size 0",
          "--json",
          "--truncate --max-length 3");

  /** Uses by command. Options of the base are tried with what follows here in their place. */
  private static final Map<String, List<String>> USES =
      Map.ofEntries(
          Map.entry("fill-mask", List.of("--top-k 2", "--targets dog,cat")),
          Map.entry("classify", List.of("--top-k 0", "--pair 'a cat'", "--function sigmoid")),
          Map.entry(
              "ner",
              List.of(
                  "--aggregation simple",
                  "--ignore-labels B-PER,I-PER,B-LOC,I-LOC,B-ORG,I-ORG",
                  "--stride 4 --max-length 3",
                  "--windows complete")),
          Map.entry(
              "answer",
              List.of(
                  "--question 'who went where?'",
                  "--context 'Ben went to Rome.'",
                  "--top-k 2",
                  "--max-answer-length 1",
                  "--stride 4 --max-length 8",
                  "--allow-impossible --top-k 100",
                  "--no-align-to-words --top-k 100",
                  "--max-length 4")),
          Map.entry("choose", List.of("--prompt 'Anna'")),
          Map.entry("next-sentence", List.of()),
          Map.entry(
              "zero-shot",
              List.of(
                  "--labels food",
                  "--multi-label",
                  "--truncate --max-length 20 $L",
                  "--template 'It is {} and a dog.'")),
          Map.entry("rank", List.of("--query 'Paris'", "--label none", "--function none")),
          Map.entry(
              "embed",
              List.of(
                  "--pooling cls",
                  "--normalize",
                  "--prompt 'query: '",
                  "--prompt-name query",
                  "--output " + MISSING + "/x")),
          Map.entry(
              "generate",
              List.of(
                  "--input-ids 5,6",
                  "--stop capital",
                  "--max-new-tokens 2",
                  "--min-new-tokens 4",
                  "--beams 3",
                  "--return-sequences 2",
                  "--length-penalty 2",
                  "--early-stopping",
                  "--temperature 0",
                  "--top-k -1",
                  "--top-p 0",
                  "--min-p 2",
                  "--seed none",
                  "--repetition-penalty 50",
                  "--no-repeat-ngram-size 1",
                  "--eos-token-id -1",
                  "--tensor-parallel 0")),
          Map.entry("tokenize", List.of("--pair 'a cat'")),
          Map.entry(
              "forward",
              List.of(
                  "--inputs " + MISSING,
                  "--output " + MISSING,
                  "--hidden-states",
                  "--attentions",
                  "--gradients --hidden-states",
                  "--class MegatronBertForMaskedLM",
                  "--allow-missing-head --class MegatronBertForMaskedLM")),
          Map.entry("evaluate", List.of("--data " + MISSING)),
          Map.entry("inspect", List.of("--model x")),
          Map.entry(
              "bench",
              List.of(
                  "--config huge",
                  "--batch 0",
                  "--seq 0",
                  "--runs 0",
                  "--backend none --config mini",
                  "--dtype int8 --backend scalar --config mini",
                  "--threads 2 --backend scalar --config mini",
                  "--device 0 --backend vector --config mini",
                  "--pack load --backend scalar --config mini")),
          Map.entry(
              "finetune",
              List.of(
                  "--task translate",
                  "--train " + MISSING,
                  "--validation " + MISSING,
                  "--test " + MISSING,
                  "--text-column none",
                  "--pair-column none",
                  "--label-column none",
                  "--output ../docs",
                  "--dtype bf16",
                  "--max-length 4",
                  "--epochs 2",
                  "--max-steps 3",
                  "--batch-size 3",
                  "--accumulate 2",
                  "--learning-rate 0.02",
                  "--weight-decay 10",
                  "--clip 0.000001",
                  "--schedule constant",
                  "--warmup-steps 1",
                  "--warmup-ratio 0.5",
                  "--dropout 0.5",
                  "--label-smoothing 0.5",
                  "--layer-decay 0.1",
                  "--freeze bert.*",
                  "--recompute sometimes",
                  "--seed 7",
                  "--no-shuffle",
                  "--evaluate-every 2",
                  "--save-every 0",
                  "--early-stopping 2",
                  "--best accuracy",
                  "--keep 0",
                  "--resume",
                  "--ranks 3 --tensor-parallel 2",
                  "--sequence-parallel",
                  "--pipeline-parallel 2",
                  "--interleave 2",
                  "--distributed-optimizer",
                  "--tensor-parallel 2",
                  "--tensorboard " + WORDS + "/config.json",
                  "--trace ../docs")),
          Map.entry(
              "train-tokenizer",
              List.of(
                  "--input " + MISSING,
                  "--output ../docs",
                  "--vocab-size 10",
                  "--cased",
                  "--min-frequency 1000",
                  "--limit-alphabet 0",
                  "--special-tokens ''",
                  "--threads 0")),
          Map.entry(
              "pretrain",
              List.of(
                  "--data " + MISSING,
                  "--objective clm",
                  "--seq-length 24",
                  "--split 1,1",
                  "--masking-probability 0.3",
                  "--short-sequence-probability 1",
                  "--max-ngram 1",
                  "--no-whole-word",
                  "--longer-ngrams",
                  "--geometric",
                  "--output ../docs",
                  "--resume",
                  "--load-optimizer",
                  "--steps 3",
                  "--micro-batch-size 3",
                  "--global-batch-size 4",
                  "--evaluation-samples 2",
                  "--learning-rate 0.02",
                  "--weight-decay 10",
                  "--clip 0.000001",
                  "--schedule constant",
                  "--warmup-steps 1",
                  "--warmup-ratio 0.5",
                  "--dropout 0.5",
                  "--layer-decay 0.1",
                  "--recompute sometimes",
                  "--seed 7",
                  "--dtype bf16",
                  "--evaluate-every 1",
                  "--save-every 0",
                  "--save-as nothing",
                  "--early-stopping 2 --split 1",
                  "--best f1",
                  "--keep 0",
                  "--ranks 3 --tensor-parallel 2",
                  "--sequence-parallel",
                  "--pipeline-parallel 2",
                  "--interleave 2",
                  "--distributed-optimizer",
                  "--tensor-parallel 2",
                  "--tensorboard " + WORDS + "/config.json",
                  "--trace ../docs")),
          Map.entry(
              "plan",
              List.of(
                  "--config 1.3b", "--gpus 16", "--gpu v100", "--batch 64", "--seq-length 128")),
          Map.entry(
              "preprocess",
              List.of(
                  "--input " + MISSING,
                  "--merge " + MISSING,
                  "--output " + MISSING + "/x",
                  "--split-sentences",
                  "--json-key none",
                  "--append-eod",
                  "--dtype int32",
                  "--workers 0")),
          Map.entry(
              "samples",
              List.of(
                  "--data " + MISSING,
                  "--objective mlm",
                  "--seq-length 64",
                  "--split 1,1,1",
                  "--masking-probability 0",
                  "--short-sequence-probability 1",
                  "--max-ngram 0",
                  "--no-whole-word --objective clm",
                  "--longer-ngrams --geometric",
                  "--geometric --longer-ngrams",
                  "--output " + MISSING + "/x",
                  "--documents 0:3",
                  "--part test",
                  "--num-samples 300",
                  "--count 3",
                  "--seed 0")),
          Map.entry(
              "serve",
              List.of(
                  "--host 203.0.113.2",
                  "--port 8081",
                  "--api-key-file " + MISSING,
                  "--max-body 0",
                  "--max-texts 9999",
                  "--max-tokens 0",
                  "--queue 1",
                  "--batch-tokens 0",
                  "--batch-wait -1",
                  "--deadline 0",
                  "--drain -1",
                  "--max-connections 0",
                  "--max-generations 0")),
          Map.entry(
              "convert",
              List.of(
                  "--dtype int8", "--to nothing", "--tensor-parallel 2", "--pipeline-parallel 2")));

  /**
   * Options whose effect shows only where the command runs for long, or is shown elsewhere: {@code
   * bench} and {@code evaluate} take seconds (ModelCommandsTest), {@code convert} ends before it
   * prints, {@code pull} needs a hub (PullCommandTest), and {@code serve} shows what it does to its
   * clients (ServeCommandTest).
   */
  private static final Set<String> SHOWN_ELSEWHERE =
      Set.of(
          "bench --json",
          "bench --profile",
          "convert --json",
          "evaluate --json",
          "pull --json",
          "pull --output",
          "pull --revision",
          "serve --no-access-log",
          "serve --truncate");

  @TestFactory
  Stream<DynamicTest> everyOptionIsUsedOrRefused() {
    return CommandsAndOptions.all().stream()
        .filter(option -> !SHOWN_ELSEWHERE.contains(option.toString()))
        .map(option -> DynamicTest.dynamicTest(option.toString(), () -> check(option)));
  }

  private static void check(CommandsAndOptions option) {
    String use = use(option);
    List<String> with = words(use);
    List<String> base = words(BASES.get(option.command()));
    Terminal without = run(option.command(), base);
    Terminal got = run(option.command(), replaced(words(BASES.get(option.command())), with));
    assertNotEquals(said(without), said(got), option + " changes nothing");
    if (got.exitCode() != 0) {
      String named = got.err();
      assertTrue(
          with.stream().anyMatch(named::contains), option + " is refused, not by name: " + named);
      assertEquals(1, named.lines().filter(line -> !line.contains(" see ")).count(), named);
    }
  }

  /** What a command said, without what differs from one run of it to the next. */
  private static String said(Terminal terminal) {
    String all = terminal.exitCode() + terminal.out() + terminal.err();
    return VARIES.matcher(all).replaceAll("");
  }

  private static String use(CommandsAndOptions option) {
    for (String use : USES.getOrDefault(option.command(), List.of())) {
      if (use.equals(option.option()) || use.startsWith(option.option() + " ")) {
        return use;
      }
    }
    for (String use : SHARED) {
      if (use.equals(option.option()) || use.startsWith(option.option() + " ")) {
        return use;
      }
    }
    throw new AssertionError(
        option + " stands in no table: add how it is used, or what refuses it, to OptionsTest");
  }

  /** The base without the options that come again. */
  private static List<String> replaced(List<String> base, List<String> with) {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < base.size(); i++) {
      if (base.get(i).startsWith("--") && with.contains(base.get(i))) {
        i++;
      } else {
        all.add(base.get(i));
      }
    }
    all.addAll(with);
    return all;
  }

  private static Terminal run(String command, List<String> arguments) {
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(arguments);
    return Terminal.run(all.toArray(String[]::new));
  }

  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    folders++;
    Matcher word = Pattern.compile("'([^']*)'|(\\S+)").matcher(line);
    while (word.find()) {
      words.add(
          word.group(1) != null
              ? word.group(1)
              : word.group(2)
                  .replace("$P", PIPELINES)
                  .replace("$C", CLASSES)
                  .replace("$R", CROSS_ENCODER)
                  .replace("$W", WORDS)
                  .replace("$F", FEW_WORDS)
                  .replace("$L", LONG)
                  .replace("$T", folder.toString())
                  .replace("$N", folder.resolve("new-" + folders).toString()));
    }
    return words;
  }

  /** A command and one of its options. */
  private record CommandsAndOptions(String command, String option) {
    static List<CommandsAndOptions> all() {
      List<CommandsAndOptions> all = new ArrayList<>();
      for (Map.Entry<String, CommandLine> command :
          new TreeMap<>(Main.allCommands().getSubcommands()).entrySet()) {
        Set<String> names = new TreeSet<>();
        for (OptionSpec option : command.getValue().getCommandSpec().options()) {
          names.add(option.longestName());
        }
        names.removeAll(ALWAYS);
        names.forEach(name -> all.add(new CommandsAndOptions(command.getKey(), name)));
      }
      return all;
    }

    @Override
    public String toString() {
      return command + " " + option;
    }
  }

  @Test
  void theTableHasEveryCommandAndNoOptionThatIsGone() {
    assertEquals(Main.commandNames(), new TreeSet<>(BASES.keySet()));
    Set<String> options = new TreeSet<>();
    CommandsAndOptions.all().forEach(option -> options.add(option.toString()));
    assertTrue(options.size() > 120, options.size() + " options");
    USES.forEach(
        (command, uses) ->
            uses.forEach(
                use ->
                    assertTrue(
                        options.contains(command + " " + words(use).getFirst()),
                        command + " has no " + use)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "fill-mask --top-k 0 '[MASK]' | --top-k",
        "fill-mask --top-k abc '[MASK]' | --top-k",
        "fill-mask --threads 100000 '[MASK]' | 4096",
        "fill-mask --threads 0 '[MASK]' | --threads",
        "fill-mask --device -1 '[MASK]' | --device",
        "fill-mask --truncate '[MASK]' | --truncate",
        "fill-mask --class MegatronBert '[MASK]' | MegatronBertForMaskedLM",
        "classify --top-k -1 text | --top-k",
        "classify --max-length 0 text | --max-length",
        "classify --batch-size -3 text | --batch-size",
        "ner --windows complete text | --stride",
        "ner --stride 2 --truncate text | --truncate",
        "ner --stride 2 --aggregation none text | --aggregation",
        "ner --stride -1 text | --stride",
        "answer --question q --context c --stride -1 | --stride",
        "answer --question q --context c --max-length 0 | --max-length",
        "answer --question q --context c --max-answer-length 0 | --max-answer-length",
        "zero-shot --labels , text | --labels",
        "zero-shot --labels a --template none text | --template",
        "generate --beams 1000000000 text | 4096",
        "generate --return-sequences 1000000000 text | 4096",
        "generate --beams 0 text | --beams",
        "generate --length-penalty 2 text | --beams",
        "generate --early-stopping text | --beams",
        "generate --return-sequences 2 text | --return-sequences",
        "generate --min-new-tokens 9 --max-new-tokens 3 text | --min-new-tokens",
        "generate --input-ids 5,6 text | --input-ids",
        "generate --input-ids 5,6 --batch-size 2 | --batch-size",
        "generate --temperature nan text | --temperature",
        "generate --top-p 2 text | --top-p",
        "tokenize --max-length 0 text | --max-length",
        "tokenize --backend scalar text | --backend",
        "tokenize --dtype f32 text | --dtype",
        "tokenize --pack none text | --pack",
        "choose --prompt p --batch-size 2 a b | --batch-size",
        "embed --class MegatronBertModel text | --class",
        "forward --inputs i --output o --vocab v | --vocab",
        "forward --inputs i --output o --gradients --attentions | --attentions",
        "forward --inputs i --output o --gradients --hidden-states | --hidden-states",
        "forward --inputs i --output o --gradients --dtype f16 | --dtype",
        "forward --inputs i --output o --gradients --pack load | --pack",
        "evaluate --data d --class MegatronBertModel | --class",
        "inspect --config c | --config",
        "inspect --model a b | --model",
        "bench --config mini --model m | --config",
        "serve --model a/x --model b/x | --model",
        "serve --model =a | --model",
        "serve --port 65536 | --port",
        "serve --max-texts 10 --queue 9 | --queue",
        "serve --batch-size 3 | --batch-size",
        "convert a b --tensor-parallel 1 | --tensor-parallel",
        "convert a b --to megatron --vocab v | --vocab",
        "convert a b --dtype i64 | --dtype",
      })
  void whatDoesNotApplyIsWrongUsage(String line, String named) {
    Terminal terminal = Terminal.run(words(line).toArray(String[]::new));
    assertEquals(2, terminal.exitCode(), terminal.err());
    assertEquals("", terminal.out());
    assertTrue(terminal.err().contains(named), terminal.err());
    assertTrue(terminal.err().contains("--help"), terminal.err());
  }

  @Test
  void anotherVocabularyOrConfigurationOfTheEmbeddedModelIsRead() {
    for (String option : new String[] {"--vocab", "--config"}) {
      Terminal missing = Terminal.run("fill-mask", option, MISSING, "a [MASK]");
      assertEquals(1, missing.exitCode());
      assertTrue(missing.err().contains(MISSING), missing.err());
    }
    Terminal other =
        Terminal.run("fill-mask", "--vocab", FIXTURES + "/tokenizer/vocab.txt", "a [MASK]");
    assertEquals(1, other.exitCode());
    assertTrue(other.err().contains("30522 tokens"), other.err());
    String own = Terminal.run("fill-mask", "a [MASK]").out();
    assertEquals(own, Terminal.run("fill-mask", "--vocab", WORDS, "a [MASK]").out());
    assertEquals(
        own, Terminal.run("fill-mask", "--config", WORDS + "/config.json", "a [MASK]").out());
  }
}
