package io.github.megabert.cli;

import io.github.megabert.MegaBert;
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
    description = "Finds the answer to a question in a text; long texts are read in windows.",
    footer = {
      "",
      "Places in the text are counted in UTF-16 units, as Java does.",
      "",
      "Example:",
      "  megabert answer --model my-model --question \"Who visited Paris?\" --context @article.txt"
    })
final class AnswerCommand implements Callable<Integer> {
  /** Characters of a window, roughly. */
  private static final int WINDOW = 1500;

  @Mixin private TaskOptions model = new TaskOptions();
  @Mixin private JsonOption output = new JsonOption();

  @Option(names = "--question", paramLabel = "TEXT", required = true, description = "The question.")
  private String question = "";

  @Option(
      names = "--context",
      paramLabel = "TEXT",
      required = true,
      description = "The text in which the answer is sought; @FILE reads it from a file.")
  private String context = "";

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

  @Override
  public Integer call() throws IOException {
    String text = contextText();
    QuestionAnswering.Question asked = new QuestionAnswering.Question(question, text);
    QuestionAnswering.Options options =
        new QuestionAnswering.Options(
            topK, maxAnswerLength, allowImpossible, maxLength, stride == null ? -1 : stride);
    try (MegaBert bert = model.open(1 + text.length() / WINDOW, List.of())) {
      QuestionAnswering pipeline = bert.questionAnswering();
      try (JsonOption.Results results = output.results()) {
        print(results, pipeline.apply(asked, options).answers());
      }
    }
    return 0;
  }

  private String contextText() throws IOException {
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
            .put("answer", answer.text());
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
