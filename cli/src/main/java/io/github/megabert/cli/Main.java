package io.github.megabert.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * The {@code megabert} command.
 *
 * <p>Answers go to standard output, everything else to standard error. Exit code 0: success; 1:
 * failure, with one line that says why; 2: wrong usage.
 */
@Command(
    name = "megabert",
    mixinStandardHelpOptions = true,
    version = "megabert 0.1.0",
    synopsisSubcommandLabel = "COMMAND",
    description =
        "Runs MegatronBERT models on plain Java. Without --model the embedded small English model serves.",
    footer = {"", "Example: megabert fill-mask \"a dog is a domesticated [MASK].\""},
    subcommands = {
      FillMaskCommand.class,
      ClassifyCommand.class,
      NerCommand.class,
      AnswerCommand.class,
      ChooseCommand.class,
      NextSentenceCommand.class,
      ZeroShotCommand.class,
      EmbedCommand.class,
      GenerateCommand.class,
      TokenizeCommand.class,
      ForwardCommand.class,
      EvaluateCommand.class,
      InspectCommand.class,
      BackendsCommand.class,
      BenchCommand.class,
      ConvertCommand.class,
      CompletionCommand.class,
    })
public final class Main implements Runnable {
  private static final int FAILURE = 1;

  @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Print stack traces.")
  private boolean debug;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  private Main() {}

  /** Runs the command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    PrintStream err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    System.setOut(out);
    System.setErr(err);
    int code = run(arguments);
    out.flush();
    if (out.checkError() && code == 0) {
      code = FAILURE;
    }
    System.exit(code);
  }

  /** Runs the command; the exit code. */
  static int run(String... arguments) {
    System.setProperty("java.util.logging.SimpleFormatter.format", "megabert: %5$s%n");
    Main main = new Main();
    return new CommandLine(main)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler((failure, command, parsed) -> main.report(failure))
        .setExpandAtFiles(false)
        .setUsageHelpAutoWidth(true)
        .execute(arguments);
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }

  private int report(Exception failure) {
    System.out.flush();
    System.err.println("megabert: " + sentence(failure));
    if (debug) {
      failure.printStackTrace();
    }
    return FAILURE;
  }

  /** What went wrong, in one line. */
  private static String sentence(Exception failure) {
    Throwable cause = failure;
    if (failure instanceof UncheckedIOException wrapped && wrapped.getCause() != null) {
      cause = wrapped.getCause();
    }
    String message =
        switch (cause) {
          case NoSuchFileException missing -> "there is no file or folder " + missing.getFile();
          case AccessDeniedException denied -> denied.getFile() + " may not be read or written";
          case FileSystemException other -> other.getMessage();
          case IOException other -> other.getMessage();
          case IllegalArgumentException known -> known.getMessage();
          case IllegalStateException known -> known.getMessage();
          case UnsupportedOperationException known -> known.getMessage();
          default -> "unexpected " + cause + "; run again with --debug for the stack trace";
        };
    return message == null ? cause.toString() : message.replaceAll("\\s*[\\r\\n]+\\s*", " ");
  }
}
