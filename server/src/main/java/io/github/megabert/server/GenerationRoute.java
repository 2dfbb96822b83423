// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.Task;
import io.github.megabert.model.generation.GeneratedSequence;
import io.github.megabert.model.generation.GenerationOptions;
import io.github.megabert.task.TextGeneration;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Continues a text. With {@code "stream": true} its pieces come as server-sent events, and a last
 * one that has the whole.
 */
final class GenerationRoute {
  /** Beams times results: each has keys and values of its own. */
  private static final int MOST_SEQUENCES = 16;

  private static final int MOST_STOPS = 16;

  private final ServedModels models;

  GenerationRoute(ServedModels models) {
    this.models = models;
  }

  List<Endpoint> endpoints() {
    return List.of(Endpoint.post("/generate", this::generate));
  }

  private Answer generate(JsonBody body, Call call) {
    ServedModel model = models.forTask(body, Task.TEXT_GENERATION);
    String prompt = Inputs.nonEmpty("inputs", body.text("inputs"));
    boolean stream = body.flag("stream", false);
    TextGeneration.Options options = options(model, body.part("parameters"), call);
    body.end();
    TextGeneration task = model.bert().textGeneration();
    if (!stream) {
      List<TextGeneration.Generated> results =
          model.generate(call, () -> task.apply(prompt, options).sequences());
      results.forEach(result -> call.read(result.tokenIds().length));
      ArrayNode texts = JsonNodeFactory.instance.arrayNode();
      results.forEach(result -> texts.add(json(result)));
      return new Answer.Tree(texts);
    }
    if (options.generation().beams() > 1 || options.generation().returnSequences() > 1) {
      throw RequestFailure.invalid(
          "only one text without beams can be streamed; leave 'num_beams' and"
              + " 'num_return_sequences' out, or 'stream'");
    }
    return new Answer.Events(events -> stream(model, task, prompt, options, call, events));
  }

  private static void stream(
      ServedModel model,
      TextGeneration task,
      String prompt,
      TextGeneration.Options options,
      Call call,
      EventStream events) {
    try {
      TextGeneration.Generated result =
          model.generate(
              call,
              () ->
                  task.stream(
                      prompt,
                      options,
                      piece ->
                          events.send(JsonNodeFactory.instance.objectNode().put("text", piece))));
      call.read(result.tokenIds().length);
      events.send(json(result));
    } catch (IllegalArgumentException refused) {
      refuse(RequestFailure.of(refused), events);
    } catch (RequestFailure failure) {
      refuse(failure, events);
    }
  }

  /** A client that has read a part of the answer is told in an event. */
  private static void refuse(RequestFailure failure, EventStream events) {
    if (!events.isBegun() || failure.kind() == RequestFailure.Kind.GONE) {
      throw failure;
    }
    events.send(ErrorStyle.EMBEDDINGS_INFERENCE.body(failure));
  }

  private static ObjectNode json(TextGeneration.Generated result) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("generated_text", result.newText())
        .put("finish_reason", reason(result.reason()));
  }

  private static String reason(GeneratedSequence.Reason reason) {
    return reason.name().toLowerCase(Locale.ROOT);
  }

  private static TextGeneration.Options options(ServedModel model, JsonBody parameters, Call call) {
    boolean draw = parameters.flag("do_sample", false);
    int beams = parameters.number("num_beams", 0, 1, MOST_SEQUENCES);
    GenerationOptions.Builder options = model.bert().generationOptions(draw, beams);
    int room = model.bert().maxLength();
    if (draw) {
      options.sample(true);
    }
    if (beams > 0) {
      options.beams(beams);
    }
    set(parameters, "max_new_tokens", 1, room, options::maxNewTokens);
    set(parameters, "min_new_tokens", 0, room, options::minNewTokens);
    set(parameters, "num_return_sequences", 1, MOST_SEQUENCES, options::returnSequences);
    set(parameters, "top_k", 0, Integer.MAX_VALUE, options::topK);
    set(parameters, "no_repeat_ngram_size", 0, room, options::noRepeatNgramSize);
    parameters.findReal("temperature").ifPresent(options::temperature);
    parameters.findReal("top_p").ifPresent(options::topP);
    parameters.findReal("min_p").ifPresent(options::minP);
    parameters.findReal("length_penalty").ifPresent(options::lengthPenalty);
    parameters.findReal("repetition_penalty").ifPresent(options::repetitionPenalty);
    parameters.findLong("seed").ifPresent(options::seed);
    options.stopCondition(
        (tokenIds, promptLength) -> {
          call.requireWanted();
          return false;
        });
    GenerationOptions built = options.build();
    if ((long) built.beams() * built.returnSequences() > MOST_SEQUENCES) {
      throw RequestFailure.tooLarge(
          "beams times results are at most " + MOST_SEQUENCES + " for a text");
    }
    List<String> stops = parameters.texts("stop");
    if (stops.size() > MOST_STOPS) {
      throw RequestFailure.tooLarge("a text has at most " + MOST_STOPS + " stop texts");
    }
    return new TextGeneration.Options(built, stops);
  }

  /** A setting of whole numbers, where a request has it. */
  private interface Setting {
    GenerationOptions.Builder of(int value);
  }

  private static void set(JsonBody parameters, String name, int least, int most, Setting setting) {
    if (parameters.find(name) != null) {
      setting.of(parameters.number(name, least, least, most));
    }
  }
}
