// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.Task;
import io.github.megabert.task.FillMask;
import io.github.megabert.task.LabelScore;
import io.github.megabert.task.MultipleChoice;
import io.github.megabert.task.NextSentence;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.task.TextPair;
import io.github.megabert.task.TokenClassification;
import io.github.megabert.task.TokenClassification.Aggregation;
import io.github.megabert.task.ZeroShotClassification;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A route for each task, whose requests are {@code {"inputs": …, "parameters": {…}}} with the names
 * of transformers' pipelines. Places in texts are counted in Unicode code points, as Python counts.
 */
final class TaskRoutes {
  /** Results a text; each holds a text. */
  private static final int MOST_RESULTS = 100;

  /** Words for all masks of a request; each holds the whole text. */
  private static final int MOST_CANDIDATES = 2000;

  private final ServedModels models;
  private final Limits limits;

  TaskRoutes(ServedModels models, Limits limits) {
    this.models = models;
    this.limits = limits;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post("/fill-mask", this::fillMask),
        Endpoint.post("/ner", this::entities),
        Endpoint.post("/answer", this::answers),
        Endpoint.post("/zero-shot", this::zeroShot),
        Endpoint.post("/next-sentence", this::nextSentence),
        Endpoint.post("/choose", this::choose));
  }

  private Answer fillMask(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.FILL_MASK);
    Inputs<String> texts = Inputs.texts(body, "inputs", limits);
    JsonBody parameters = body.part("parameters");
    FillMask.Options options =
        FillMask.Options.DEFAULT
            .withTopK(parameters.number("top_k", 5, 1, MOST_RESULTS))
            .withTargets(parameters.texts("targets"));
    body.end();
    requireFewCandidates(model, texts.values(), options.topK());
    return texts.answer(
        model.apply(model.fillMask(), texts.values(), options, call), TaskRoutes::filled);
  }

  private static void requireFewCandidates(ServedModel model, List<String> texts, int topK) {
    String mask = model.maskToken();
    long masks =
        texts.stream().mapToLong(text -> text.split(Pattern.quote(mask), -1).length - 1L).sum();
    if (masks * topK > MOST_CANDIDATES) {
      throw RequestFailure.tooLarge(
          masks
              + " masks with "
              + topK
              + " words each are more than the "
              + MOST_CANDIDATES
              + " words that are given at once");
    }
  }

  /** The candidates of the only mask, or a list of them a mask. */
  private static ArrayNode filled(FillMask.Filled filled) {
    ArrayNode masks = JsonNodeFactory.instance.arrayNode();
    for (FillMask.Mask mask : filled.masks()) {
      ArrayNode candidates = masks.addArray();
      for (FillMask.Candidate candidate : mask.candidates()) {
        candidates
            .addObject()
            .put("score", candidate.score())
            .put("token", candidate.tokenId())
            .put("token_str", candidate.token())
            .put("sequence", candidate.sequence());
      }
    }
    return masks.size() == 1 ? (ArrayNode) masks.get(0) : masks;
  }

  private Answer entities(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.TOKEN_CLASSIFICATION);
    Inputs<String> texts = Inputs.texts(body, "inputs", limits);
    JsonBody parameters = body.part("parameters");
    String strategy = parameters.findText("aggregation_strategy").orElse("none");
    Aggregation aggregation =
        Stream.of(Aggregation.values())
            .filter(value -> value.name().toLowerCase(Locale.ROOT).equals(strategy))
            .findFirst()
            .orElseThrow(
                () ->
                    parameters.wrong(
                        "aggregation_strategy",
                        parameters.value("aggregation_strategy"),
                        "none, simple, first, average or max"));
    TokenClassification.Options options =
        TokenClassification.Options.DEFAULT
            .withAggregation(aggregation)
            .withLongText(TextOptions.longText(parameters, limits));
    if (parameters.find("ignore_labels") != null) {
      Set<String> ignored = new LinkedHashSet<>(parameters.texts("ignore_labels"));
      options = options.withIgnoredLabels(ignored);
    }
    if (parameters.find("stride") != null) {
      options = options.withWindows(parameters.number("stride", 0, 0, Integer.MAX_VALUE));
    }
    body.end();
    boolean ofTokens = aggregation == Aggregation.NONE;
    return texts.answer(
        model.apply(model.tokenClassification(), texts.values(), options, call),
        found -> {
          ArrayNode entities = JsonNodeFactory.instance.arrayNode();
          found.entities().forEach(entity -> entities.add(entity(entity, ofTokens)));
          return entities;
        });
  }

  private static ObjectNode entity(TokenClassification.Entity entity, boolean ofToken) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put(ofToken ? "entity" : "entity_group", entity.label()).put("score", entity.score());
    if (ofToken) {
      node.put("index", entity.index());
    }
    return node.put("word", entity.word())
        .put("start", entity.span().codePointStart())
        .put("end", entity.span().codePointEnd());
  }

  private Answer answers(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.QUESTION_ANSWERING);
    JsonNode value = body.value("inputs");
    Inputs<QuestionAnswering.Question> questions =
        Inputs.of(value, "inputs", !value.isArray(), one -> question(body, one), limits);
    JsonBody parameters = body.part("parameters");
    QuestionAnswering.Options options =
        QuestionAnswering.Options.DEFAULT
            .withTopK(parameters.number("top_k", 1, 1, MOST_RESULTS))
            .withMaxAnswerLength(parameters.number("max_answer_len", 15, 1, 512))
            .withAllowImpossible(parameters.flag("handle_impossible_answer", false))
            .withAlignToWords(parameters.flag("align_to_words", true));
    if (parameters.find("max_seq_len") != null || parameters.find("doc_stride") != null) {
      options =
          options.withWindows(
              parameters.number("max_seq_len", 0, 1, Integer.MAX_VALUE),
              parameters.number("doc_stride", -1, 0, Integer.MAX_VALUE));
    }
    body.end();
    boolean one = options.topK() == 1;
    return questions.answer(
        model.apply(model.questionAnswering(), questions.values(), options, call),
        found -> {
          ArrayNode all = JsonNodeFactory.instance.arrayNode();
          for (QuestionAnswering.Answer answer : found.answers()) {
            all.addObject()
                .put("score", answer.score())
                .put("start", answer.span().codePointStart())
                .put("end", answer.span().codePointEnd())
                .put("answer", answer.text());
          }
          return one ? all.get(0) : all;
        });
  }

  private static QuestionAnswering.Question question(JsonBody body, JsonNode value) {
    JsonBody question = body.part(value, "inputs");
    return new QuestionAnswering.Question(question.text("question"), question.text("context"));
  }

  private Answer zeroShot(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.ZERO_SHOT_CLASSIFICATION);
    Inputs<String> texts = Inputs.texts(body, "inputs", limits);
    JsonBody parameters = body.part("parameters");
    List<String> labels =
        parameters.texts(parameters.value("candidate_labels"), "candidate_labels");
    Inputs.requireFit((long) labels.size() * texts.values().size(), limits);
    ZeroShotClassification.Options options =
        ZeroShotClassification.Options.DEFAULT
            .withMultiLabel(parameters.flag("multi_label", false))
            .withLongText(TextOptions.longText(parameters, limits));
    options = parameters.findText("hypothesis_template").map(options::withTemplate).orElse(options);
    body.end();
    var task = model.bert().zeroShotClassification().among(labels);
    return texts.answer(
        model.apply(task, texts.values(), options, call),
        found -> {
          ObjectNode node = JsonNodeFactory.instance.objectNode();
          node.put("sequence", found.sequence());
          ArrayNode names = node.putArray("labels");
          ArrayNode scores = node.putArray("scores");
          for (LabelScore label : found.labels()) {
            names.add(label.label());
            scores.add(label.score());
          }
          return node;
        });
  }

  private Answer nextSentence(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.NEXT_SENTENCE);
    JsonNode value = body.value("inputs");
    boolean single = !value.isArray() || (!value.isEmpty() && value.get(0).isString());
    Inputs<TextPair> pairs = Inputs.of(value, "inputs", single, one -> pair(body, one), limits);
    NextSentence.Options options =
        new NextSentence.Options(TextOptions.longText(body.part("parameters"), limits));
    body.end();
    return pairs.answer(
        model.apply(model.nextSentence(), pairs.values(), options, call),
        found ->
            JsonNodeFactory.instance
                .objectNode()
                .put("score", found.score())
                .put("is_next", found.isNext()));
  }

  private static TextPair pair(JsonBody body, JsonNode value) {
    if (!value.isArray() || value.size() != 2) {
      throw body.wrong("inputs", value, "a pair of texts, or a list of pairs");
    }
    List<String> texts = body.texts(value, "inputs");
    return TextPair.of(texts.getFirst(), texts.getLast());
  }

  private Answer choose(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.MULTIPLE_CHOICE);
    JsonNode value = body.value("inputs");
    Inputs<MultipleChoice.Question> questions =
        Inputs.of(value, "inputs", !value.isArray(), one -> choices(body, one), limits);
    Inputs.requireFit(
        questions.values().stream().mapToLong(question -> question.choices().size()).sum(), limits);
    MultipleChoice.Options options =
        new MultipleChoice.Options(TextOptions.longText(body.part("parameters"), limits));
    body.end();
    return questions.answer(
        model.apply(model.multipleChoice(), questions.values(), options, call),
        found -> {
          ObjectNode node = JsonNodeFactory.instance.objectNode().put("choice", found.choice());
          found.scores().forEach(node.putArray("scores")::add);
          return node;
        });
  }

  private static MultipleChoice.Question choices(JsonBody body, JsonNode value) {
    JsonBody question = body.part(value, "inputs");
    return new MultipleChoice.Question(
        question.text("prompt"), question.texts(question.value("choices"), "choices"));
  }
}
