// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import io.github.megabert.cli.model.BackendsCommand;
import io.github.megabert.cli.model.BenchCommand;
import io.github.megabert.cli.model.ConvertCommand;
import io.github.megabert.cli.model.EvaluateCommand;
import io.github.megabert.cli.model.InspectCommand;
import io.github.megabert.cli.model.PlanCommand;
import io.github.megabert.cli.model.PullCommand;
import io.github.megabert.cli.model.ServeCommand;
import io.github.megabert.cli.option.RankLauncher;
import io.github.megabert.cli.task.AnswerCommand;
import io.github.megabert.cli.task.ChooseCommand;
import io.github.megabert.cli.task.ClassifyCommand;
import io.github.megabert.cli.task.EmbedCommand;
import io.github.megabert.cli.task.FillMaskCommand;
import io.github.megabert.cli.task.ForwardCommand;
import io.github.megabert.cli.task.GenerateCommand;
import io.github.megabert.cli.task.NerCommand;
import io.github.megabert.cli.task.NextSentenceCommand;
import io.github.megabert.cli.task.RankCommand;
import io.github.megabert.cli.task.TokenizeCommand;
import io.github.megabert.cli.task.ZeroShotCommand;
import io.github.megabert.cli.terminal.Failures;
import io.github.megabert.cli.terminal.Program;
import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.cli.terminal.RankScope;
import io.github.megabert.cli.terminal.StandardOutput;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.cli.train.FinetuneCommand;
import io.github.megabert.cli.train.PreprocessCommand;
import io.github.megabert.cli.train.PretrainCommand;
import io.github.megabert.cli.train.SamplesCommand;
import io.github.megabert.cli.train.TrainTokenizerCommand;
import io.github.megabert.parallel.CommunicationException;
import io.github.megabert.parallel.MpiRanks;
import java.io.FileDescriptor;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The {@code megabert} command.
 *
 * <p>Answers go to standard output, everything else to standard error. Exit code 0: success; 1:
 * failure, with one line that says why; 2: wrong usage.
 */
@Command(
    name = "megabert",
    mixinStandardHelpOptions = true,
    version = "megabert " + Program.VERSION,
    synopsisSubcommandLabel = "COMMAND",
    description =
        "Runs MegatronBERT models on plain Java. Without --model the embedded small English model"
            + " serves.",
    footer = {
      "",
      "Examples:",
      "  megabert fill-mask \"a dog is a domesticated [MASK].\"",
      "  megabert embed --normalize --output vectors.safetensors < texts.txt",
      "  megabert classify --model my-model --json \"What a wonderful hotel!\"",
      "",
      "megabert COMMAND --help explains a command; megabert man prints a manual page of all.",
      "Answers go to standard output, everything else to standard error."
    })
public final class Main implements Runnable {
  /** Commands that speak of the others. */
  private static final Set<String> ABOUT_COMMANDS = Set.of("completion", "man", "help");

  /** What every command's help says about its exit codes. */
  private static final Map<String, String> EXIT_CODES = new LinkedHashMap<>();

  /**
   * In the order of the help text, and as classes, which picocli makes objects of where they are
   * needed: a constructor's reference is a class of its own, and all of them cost a start 10 ms.
   */
  private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

  static {
    EXIT_CODES.put("0", "success, or nobody reads the output any more (megabert ... | head)");
    EXIT_CODES.put("1", "failure; one line on standard error says why");
    EXIT_CODES.put("2", "wrong usage");
    COMMANDS.put("fill-mask", FillMaskCommand.class);
    COMMANDS.put("classify", ClassifyCommand.class);
    COMMANDS.put("ner", NerCommand.class);
    COMMANDS.put("answer", AnswerCommand.class);
    COMMANDS.put("choose", ChooseCommand.class);
    COMMANDS.put("next-sentence", NextSentenceCommand.class);
    COMMANDS.put("zero-shot", ZeroShotCommand.class);
    COMMANDS.put("rank", RankCommand.class);
    COMMANDS.put("embed", EmbedCommand.class);
    COMMANDS.put("generate", GenerateCommand.class);
    COMMANDS.put("tokenize", TokenizeCommand.class);
    COMMANDS.put("forward", ForwardCommand.class);
    COMMANDS.put("evaluate", EvaluateCommand.class);
    COMMANDS.put("inspect", InspectCommand.class);
    COMMANDS.put("backends", BackendsCommand.class);
    COMMANDS.put("bench", BenchCommand.class);
    COMMANDS.put("serve", ServeCommand.class);
    COMMANDS.put("convert", ConvertCommand.class);
    COMMANDS.put("pull", PullCommand.class);
    COMMANDS.put("finetune", FinetuneCommand.class);
    COMMANDS.put("train-tokenizer", TrainTokenizerCommand.class);
    COMMANDS.put("pretrain", PretrainCommand.class);
    COMMANDS.put("plan", PlanCommand.class);
    COMMANDS.put("preprocess", PreprocessCommand.class);
    COMMANDS.put("samples", SamplesCommand.class);
    COMMANDS.put("completion", CompletionCommand.class);
    COMMANDS.put("man", ManCommand.class);
    COMMANDS.put("help", CommandLine.HelpCommand.class);
  }

  @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Print stack traces.")
  private boolean debug;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  private Main() {}

  /** Runs the command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    System.setOut(StandardOutput.open());
    System.setErr(StandardOutput.errorOver(standardError()));
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, failure) -> System.err.println("megabert: " + Failures.sentence(failure)));
    List<String> typed;
    try {
      typed = Arguments.typed(arguments);
    } catch (IllegalArgumentException failure) {
      System.err.println("megabert: " + Failures.sentence(failure));
      System.exit(CommandLine.ExitCode.USAGE);
      return;
    }
    OptionalInt elsewhere = Relaunch.ifNeeded(typed);
    if (elsewhere.isPresent()) {
      System.exit(elsewhere.getAsInt());
    }
    Preload.start();
    String[] command = typed.toArray(String[]::new);
    System.exit(MpiRanks.launchedRanks() > 1 ? runProcess(command) : run(command));
  }

  /** Runs the command as one of the processes that {@code mpirun} has started. */
  private static int runProcess(String[] arguments) {
    return RankLauncher.process(
        List.of(arguments),
        () -> runRank(arguments),
        failure ->
            failure instanceof CommandLine.ParameterException usage
                ? reportUsage(usage)
                : new Main().report(failure));
  }

  /**
   * Runs the command as one of several ranks; the exit code.
   *
   * @throws Exception what ends it, which is told once all ranks have ended
   */
  private static int runRank(String... arguments) throws Exception {
    AtomicReference<Exception> failure = new AtomicReference<>();
    int code =
        command(new Main(), arguments)
            .setExecutionExceptionHandler(
                (thrown, command, parsed) -> {
                  failure.set(
                      thrown instanceof WrongUsage
                          ? new CommandLine.ParameterException(command, thrown.getMessage())
                          : thrown);
                  return Program.FAILURE;
                })
            .setParameterExceptionHandler(
                (thrown, args) -> {
                  failure.set(thrown);
                  return CommandLine.ExitCode.USAGE;
                })
            .execute(arguments);
    Exception thrown = failure.get();
    if (thrown == null) {
      return code;
    }
    throw thrown instanceof CommunicationException ? thrown : new RankLauncher.Ended(thrown);
  }

  /** The launcher names the file where descriptor 2 holds back what the JVM says at its start. */
  private static OutputStream standardError() {
    String file = System.getProperty("megabert.stderr");
    if (file != null) {
      try {
        return new FileOutputStream(file, true);
      } catch (FileNotFoundException ignored) {
        // It is another user's terminal, for instance: descriptor 2 leads there too.
      }
    }
    return new FileOutputStream(FileDescriptor.err);
  }

  /** The commands, in the order of the help text. */
  static Set<String> commandNames() {
    return Collections.unmodifiableSet(COMMANDS.keySet());
  }

  /** All commands with their options, for tests. */
  static CommandLine allCommands() {
    CommandLine line = new CommandLine(new Main());
    addCommands(line, new String[0]);
    return line;
  }

  /** Runs the command; the exit code. */
  static int run(String... arguments) {
    System.setProperty("java.util.logging.SimpleFormatter.format", "megabert: %5$s%n");
    Main main = new Main();
    int code;
    try {
      code = execute(main, command(main, arguments), arguments);
    } catch (Error failure) {
      // picocli hands on exceptions only.
      code = main.report(failure);
    }
    try {
      StandardOutput.requireWritten(System.out);
      return code;
    } catch (StandardOutput.NobodyReads gone) {
      return code;
    } catch (IllegalStateException failure) {
      return code == 0 ? main.report(failure) : code;
    }
  }

  private static CommandLine command(Main main, String[] arguments) {
    CommandLine line = new CommandLine(main);
    addCommands(line, arguments);
    HelpPage.arrange(line, EXIT_CODES);
    return line.setOut(StandardOutput.ofOwnTexts(System.out))
        .setErr(StandardOutput.ofOwnTexts(System.err))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExpandAtFiles(false)
        .setUsageHelpAutoWidth(true)
        .setExecutionStrategy(parsed -> execute(parsed, arguments));
  }

  /** Runs what was parsed: here, or as several ranks, each of which parses it again. */
  private static int execute(CommandLine.ParseResult parsed, String[] arguments) {
    CommandLine.ParseResult command = parsed.subcommand();
    if (command != null && !command.isUsageHelpRequested() && !command.isVersionHelpRequested()) {
      Optional<RankLauncher.Ranked> ranked = RankLauncher.ranked(command.commandSpec());
      CommandLine line = command.commandSpec().commandLine();
      if (RankScope.world() != null && ranked.isEmpty()) {
        throw new CommandLine.ParameterException(
            line,
            command.commandSpec().name()
                + " is for one process, and mpirun has started several: run it without mpirun");
      }
      int threads = ranked.map(RankLauncher.Ranked::threadRanks).orElse(1);
      if (RankScope.world() == null && threads > 1) {
        try {
          return RankLauncher.threads(threads, () -> runRank(arguments));
        } catch (CommandLine.ParameterException usage) {
          throw usage;
        } catch (Exception failure) {
          throw new CommandLine.ExecutionException(line, "as ranks", failure);
        }
      }
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  private static int execute(Main main, CommandLine line, String[] arguments) {
    return line.setExecutionExceptionHandler(
            (failure, command, parsed) ->
                failure instanceof WrongUsage
                    ? reportUsage(new CommandLine.ParameterException(command, failure.getMessage()))
                    : main.report(failure))
        .setParameterExceptionHandler((failure, args) -> reportUsage(failure))
        .execute(arguments);
  }

  /**
   * Reading one command's options takes 20 ms, so the others' are read only where they are needed.
   */
  private static void addCommands(CommandLine line, String[] arguments) {
    String name = arguments.length == 0 ? "" : arguments[0];
    boolean one = COMMANDS.containsKey(name) && !ABOUT_COMMANDS.contains(name);
    COMMANDS.forEach(
        (key, command) -> {
          if (!one || key.equals(name)) {
            line.addSubcommand(key, command);
          }
        });
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }

  /** One line, and where to read more; the whole help only where no command was named. */
  private static int reportUsage(CommandLine.ParameterException failure) {
    CommandLine command = failure.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("megabert: " + Failures.oneLine(failure.getMessage()));
    if (command.getParent() == null && !(failure instanceof UnmatchedArgumentException)) {
      command.usage(err);
    } else {
      UnmatchedArgumentException.printSuggestions(failure, err);
      err.println("megabert: see " + command.getCommandSpec().qualifiedName() + " --help");
    }
    return CommandLine.ExitCode.USAGE;
  }

  private int report(Throwable failure) {
    Progress.end();
    if (failure instanceof StandardOutput.NobodyReads) {
      return 0;
    }
    System.out.flush();
    System.err.println("megabert: " + Failures.sentence(failure));
    if (debug) {
      failure.printStackTrace();
    }
    return Program.FAILURE;
  }
}
