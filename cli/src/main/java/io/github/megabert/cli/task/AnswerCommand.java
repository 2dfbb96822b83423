// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.option.TaskOptions;
import io.github.megabert.cli.terminal.Failures;
import io.github.megabert.cli.terminal.RankScope;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.task.QuestionAnswering.Answer;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code megabert answer}. */
@Command(
    name = "answer",
    mixinStandardHelpOptions = true,
    description =
        "Finds the answers to questions in texts; long texts are read in windows. Without "
            + "--question and --context, standard input holds a JSON object with \"question\" "
            + "and \"context\" a line.",
    footer = {
      "",
      "Places in the text are counted in UTF-16 units, as Java does; --json gives code points too.",
      "",
      "Examples:",
      "  megabert answer --model my-model --question \"Who visited Paris?\" --context @article.txt",
      "  megabert answer --model my-model --json < questions.jsonl"
    })
public final class AnswerCommand implements Callable<Integer> {
  /** Characters of a window, roughly. */
  private static final int WINDOW = 1500;

  @Mixin private TaskOptions model = new TaskOptions();
  @Mixin private JsonOption output = new JsonOption();

  @Option(
      names = "--question",
      paramLabel = "TEXT",
      description = "The question; given several times, all are answered from the one context.")
  private List<String> questions = List.of();

  @Option(
      names = "--context",
      paramLabel = "TEXT",
      description = "The text in which the answer is sought; @FILE reads it from a file.")
  private @Nullable String context;

  @Option(
      names = "--top-k",
      paramLabel = "N",
      defaultValue = "1",
      converter = Numbers.AtLeastOne.class,
      description = "Answers. Default: ${DEFAULT-VALUE}.")
  private int topK = 1;

  @Option(
      names = "--max-answer-length",
      paramLabel = "N",
      defaultValue = "15",
      converter = Numbers.AtLeastOne.class,
      description = "Most tokens of an answer. Default: ${DEFAULT-VALUE}.")
  private int maxAnswerLength = 15;

  @Option(
      names = "--stride",
      paramLabel = "N",
      converter = Numbers.AtLeastZero.class,
      description =
          "Tokens that a window repeats of the one before. Default: half a window, at most 128.")
  private @Nullable Integer stride;

  @Option(
      names = "--max-length",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Most tokens of a window. Default: what the model takes, at most 384.")
  private int maxLength;

  @Option(
      names = "--allow-impossible",
      description = "\"No answer\" is an answer too: an empty one.")
  private boolean allowImpossible;

  @Option(
      names = "--no-align-to-words",
      description = "Answers begin and end where their tokens do, not with whole words.")
  private boolean notWholeWords;

  @Override
  public Integer call() throws IOException {
    QuestionAnswering.Options options =
        new QuestionAnswering.Options(
            topK,
            maxAnswerLength,
            allowImpossible,
            maxLength,
            stride == null ? -1 : stride,
            !notWholeWords);
    if (context == null && questions.isEmpty()) {
      return answerLines(options);
    }
    if (context == null || questions.isEmpty()) {
      throw new WrongUsage(
          "--question and --context belong together; without both, questions and contexts are read"
              + " from standard input as JSON lines");
    }
    String text = contextText(context);
    List<QuestionAnswering.Question> asked =
        questions.stream().map(question -> new QuestionAnswering.Question(question, text)).toList();
    try (MegaBert bert = model.open(asked.size() * (1 + text.length() / WINDOW), List.of())) {
      QuestionAnswering pipeline = bert.questionAnswering();
      try (JsonOption.Results results = output.results()) {
        for (QuestionAnswering.Answers found : pipeline.applyAll(asked, options)) {
          print(results, found.answers());
          if (asked.size() > 1 && !results.isJson()) {
            results.line("");
          }
        }
      }
    }
    return 0;
  }

  /** One result a line of standard input, an empty one for a line without an answer. */
  private int answerLines(QuestionAnswering.Options options) throws IOException {
    boolean refused = false;
    boolean any = false;
    try (MegaBert bert = model.open(Integer.MAX_VALUE, List.of())) {
      QuestionAnswering pipeline = bert.questionAnswering();
      QuestionLines lines = new QuestionLines(RankScope.input());
      try (JsonOption.Results results = output.results()) {
        for (QuestionLines.Line line = lines.next(); line != null; line = lines.next()) {
          refused |= answer(pipeline, line, options, results);
          any = true;
        }
      }
    }
    if (!any) {
      throw new WrongUsage(
          "there is no question: give --question and --context, or a JSON object with both a line"
              + " on standard input");
    }
    return refused ? 1 : 0;
  }

  /** Answers a line; whether it was refused. */
  private static boolean answer(
      QuestionAnswering pipeline,
      QuestionLines.Line line,
      QuestionAnswering.Options options,
      JsonOption.Results results) {
    List<Answer> answers = null;
    String refusal = line.refusal();
    if (line.question() != null) {
      try {
        answers = pipeline.apply(line.question(), options).answers();
      } catch (IllegalArgumentException e) {
        refusal = "line " + line.number() + ": " + Failures.sentence(e);
      }
    }
    if (refusal != null) {
      System.err.println("megabert: " + refusal);
    }
    if (answers != null) {
      print(results, answers);
    } else if (results.isJson()) {
      results.add(JsonOption.Results.entry(refusal));
    }
    if (!results.isJson()) {
      results.line("");
    }
    return refusal != null;
  }

  private static String contextText(String context) throws IOException {
    if (!context.startsWith("@")) {
      return context;
    }
    Path file = Path.of(context.substring(1));
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new IOException(file + " is not UTF-8 text; convert it first", e);
    }
  }

  private static void print(JsonOption.Results results, List<Answer> answers) {
    if (results.isJson()) {
      ArrayNode entry = JsonNodeFactory.instance.arrayNode();
      for (Answer answer : answers) {
        entry
            .addObject()
            .put("score", answer.score())
            .put("start", answer.span().start())
            .put("end", answer.span().end())
            .put("answer", answer.text())
            .put("code_point_start", answer.span().codePointStart())
            .put("code_point_end", answer.span().codePointEnd());
      }
      results.add(entry);
      return;
    }
    for (Answer answer : answers) {
      results.line(
          String.format(
              Locale.ROOT,
              "%.4f %5d %5d  %s",
              answer.score(),
              answer.span().start(),
              answer.span().end(),
              answer.isImpossible() ? "(no answer)" : answer.text()));
    }
  }
}
