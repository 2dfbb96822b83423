// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.task.TextGeneration;
import io.github.megabert.task.TextPair;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Every route gives what transformers, sentence-transformers or the task itself gives. */
class RoutesTest {
  private static final double BOUND = 1e-5;

  private static Map<String, MegaBert> models;
  private static MegaBertServer server;
  private static Client client;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    models = TestServers.models();
    server = MegaBertServer.start(models, TestServers.OPTIONS);
    client = new Client(server);
    server.awaitReady();
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  /** Numbers may differ a little, the rest not at all. */
  private static void assertLike(JsonNode expected, JsonNode actual, String where) {
    switch (expected.getNodeType()) {
      case NUMBER -> assertEquals(expected.doubleValue(), actual.doubleValue(), BOUND, where);
      case ARRAY -> {
        assertEquals(expected.size(), actual.size(), where + " " + actual);
        for (int i = 0; i < expected.size(); i++) {
          assertLike(expected.get(i), actual.get(i), where + "[" + i + "]");
        }
      }
      case OBJECT -> {
        assertEquals(List.copyOf(expected.propertyNames()), List.copyOf(actual.propertyNames()));
        expected
            .properties()
            .forEach(
                field ->
                    assertLike(
                        field.getValue(),
                        actual.get(field.getKey()),
                        where + "." + field.getKey()));
      }
      default -> assertEquals(expected, actual, where);
    }
  }

  /** Sends the recorded calls of a pipeline that begin with a text. */
  private static void assertPipeline(String path, String model, String... unsupported)
      throws IOException, InterruptedException {
    int compared = 0;
    for (JsonNode call : TestServers.expected("pipelines/" + model)) {
      JsonNode options = call.get("kwargs");
      if (!call.get("args").get(0).isString()
          || List.of(unsupported).stream().anyMatch(options::has)) {
        continue;
      }
      ObjectNode body = JsonNodeFactory.instance.objectNode();
      body.put("model", model).set("inputs", call.get("args").get(0));
      body.set("parameters", options);
      assertLike(call.get("result"), client.answer(path, body.toString()), path + " " + body);
      compared++;
    }
    assertTrue(compared > 1);
  }

  @Test
  void fillMask() throws Exception {
    // Of several masks transformers shows the special tokens, the task shows the text as it is.
    assertPipeline("/fill-mask", "fill_mask", "top_k");
    JsonNode masks =
        client.answer(
            "/fill-mask", "{\"inputs\":[\"a [MASK] and a [MASK].\"],\"parameters\":{\"top_k\":3}}");
    assertEquals(1, masks.size());
    assertEquals(2, masks.get(0).size());
    assertEquals(3, masks.get(0).get(0).size());
  }

  @Test
  void entities() throws Exception {
    assertPipeline("/ner", "token_classification", "stride");
  }

  @Test
  void zeroShot() throws Exception {
    int compared = 0;
    for (JsonNode call : TestServers.expected("pipelines/zero_shot")) {
      ObjectNode options = (ObjectNode) call.get("kwargs");
      if (options.get("candidate_labels").isString()) {
        options.putArray("candidate_labels").add("good").add("bad");
      }
      ObjectNode body = JsonNodeFactory.instance.objectNode();
      body.put("model", "zero_shot").set("inputs", call.get("args").get(0));
      body.set("parameters", options);
      assertLike(call.get("result"), client.answer("/zero-shot", body.toString()), "zero-shot");
      compared++;
    }
    assertEquals(3, compared);
  }

  @Test
  void predict() throws Exception {
    JsonNode calls = TestServers.expected("pipelines/text_classification");
    for (int i : new int[] {1, 6}) {
      JsonNode call = calls.get(i);
      ObjectNode body = JsonNodeFactory.instance.objectNode();
      body.put("model", "text_classification").set("inputs", call.get("args").get(0));
      body.put("raw_scores", call.get("kwargs").has("function_to_apply"));
      JsonNode labels = client.answer("/predict", body.toString());
      assertEquals(4, labels.size());
      for (int k = 0; k < 4; k++) {
        JsonNode expected = call.get("result").get(k);
        assertEquals(expected.get("label"), labels.get(k).get("label"));
        double score = expected.get("score").doubleValue();
        assertEquals(score, labels.get(k).get("score").doubleValue(), BOUND);
      }
    }
    JsonNode pair = calls.get(3);
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("model", "text_classification")
        .putArray("inputs")
        .add(pair.get("args").get(0).get("text"))
        .add(pair.get("args").get(0).get("text_pair"));
    double score = client.answer("/predict", body.toString()).get(0).get("score").doubleValue();
    JsonNode result = pair.get("result");
    double expected = (result.isArray() ? result.get(0) : result).get("score").doubleValue();
    assertEquals(expected, score, BOUND);
    JsonNode batch =
        client.answer(
            "/predict",
            "{\"model\":\"text_classification\",\"inputs\":[[\"a\"],[\"a\",\"b\"],[\"c\"]]}");
    assertEquals(3, batch.size());
    assertEquals(4, batch.get(2).size());
  }

  @Test
  void rerank() throws Exception {
    JsonNode expected = TestServers.expected("sentence_transformers/cross_encoder");
    for (int i = 0; i < expected.get("pairs").size(); i++) {
      ObjectNode body = JsonNodeFactory.instance.objectNode().put("model", "cross-encoder");
      body.set("query", expected.get("pairs").get(i).get(0));
      body.putArray("texts").add(expected.get("pairs").get(i).get(1)).add("water");
      body.put("return_text", true);
      JsonNode ranks = client.answer("/rerank", body.toString());
      assertEquals(2, ranks.size());
      JsonNode own = ranks.get(ranks.get(0).get("index").intValue() == 0 ? 0 : 1);
      assertEquals(expected.get("pairs").get(i).get(1), own.get("text"));
      double score = expected.get("scores").get(i).doubleValue();
      assertEquals(score, own.get("score").doubleValue(), BOUND);
      double first = ranks.get(0).get("score").doubleValue();
      assertTrue(first >= ranks.get(1).get("score").doubleValue());
    }
  }

  @Test
  void embed() throws Exception {
    JsonNode expected = TestServers.expected("sentence_transformers/mean");
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("model", "sentences");
    body.put("truncate", true).set("inputs", expected.get("texts"));
    assertLike(expected.get("embeddings"), client.answer("/embed", body.toString()), "embed");
    body.put("dimensions", 2);
    JsonNode cut = client.answer("/embed", body.toString());
    for (int i = 0; i < cut.size(); i++) {
      assertEquals(2, cut.get(i).size());
      double x = expected.get("embeddings").get(i).get(0).doubleValue();
      double y = expected.get("embeddings").get(i).get(1).doubleValue();
      assertEquals(x / Math.hypot(x, y), cut.get(i).get(0).doubleValue(), BOUND);
    }
  }

  @Test
  void similarity() throws Exception {
    JsonNode expected = TestServers.expected("sentence_transformers/mean");
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("model", "sentences");
    ObjectNode inputs = body.putObject("inputs");
    inputs.set("source_sentence", expected.get("texts").get(0));
    inputs
        .putArray("sentences")
        .add(expected.get("texts").get(1))
        .add(expected.get("texts").get(2));
    JsonNode similarities = client.answer("/similarity", body.toString());
    assertEquals(2, similarities.size());
    for (int i = 0; i < 2; i++) {
      double product = 0;
      for (int k = 0; k < expected.get("embeddings").get(0).size(); k++) {
        product +=
            expected.get("embeddings").get(0).get(k).doubleValue()
                * expected.get("embeddings").get(i + 1).get(k).doubleValue();
      }
      assertEquals(product, similarities.get(i).doubleValue(), BOUND);
    }
  }

  @Test
  void embedAll() throws Exception {
    JsonNode call = TestServers.expected("pipelines/feature_extraction").get(0);
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("model", "feature_extraction");
    body.set("inputs", call.get("args").get(0));
    assertLike(call.get("result"), client.answer("/embed_all", body.toString()), "embed_all");
  }

  @Test
  void openAi() throws Exception {
    JsonNode expected = TestServers.expected("sentence_transformers/mean");
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("model", "sentences");
    body.set("input", expected.get("texts").get(0));
    JsonNode answer = client.answer("/v1/embeddings", body.toString());
    assertEquals("list", answer.get("object").stringValue());
    assertEquals("sentences", answer.get("model").stringValue());
    JsonNode embedding = answer.get("data").get(0);
    assertLike(expected.get("embeddings").get(0), embedding.get("embedding"), "v1");
    int tokens = models.get("sentences").tokenizer().encode(body.get("input").stringValue()).size();
    assertEquals(tokens, answer.get("usage").get("prompt_tokens").intValue());
    assertEquals(tokens, answer.get("usage").get("total_tokens").intValue());
  }

  @Test
  void answers() throws Exception {
    QuestionAnswering.Question question =
        new QuestionAnswering.Question("who?", "🐕 Anna visited Paris, and Ben went to Rome.");
    QuestionAnswering.Answer expected =
        models.get("answers").questionAnswering().apply(question).best();
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.putObject("inputs")
        .put("question", question.question())
        .put("context", question.context());
    JsonNode answer = client.answer("/answer", body.toString());
    assertEquals(expected.text(), answer.get("answer").stringValue());
    assertEquals(expected.score(), answer.get("score").floatValue());
    assertEquals(expected.span().codePointStart(), answer.get("start").intValue());
    body.putObject("parameters").put("top_k", 3);
    assertEquals(3, client.answer("/answer", body.toString()).size());
  }

  @Test
  void nextSentence() throws Exception {
    float expected =
        models.get("demo").nextSentence().apply(TextPair.of("a dog.", "it barks.")).score();
    JsonNode answer = client.answer("/next-sentence", "{\"inputs\":[\"a dog.\",\"it barks.\"]}");
    assertEquals(expected, answer.get("score").floatValue(), BOUND);
    assertEquals(expected > 0.5, answer.get("is_next").booleanValue());
    JsonNode both =
        client.answer("/next-sentence", "{\"inputs\":[[\"a\",\"b\"],[\"a dog.\",\"it barks.\"]]}");
    assertEquals(expected, both.get(1).get("score").floatValue(), BOUND);
  }

  @Test
  void choose() throws Exception {
    var expected =
        models.get("choices").multipleChoice().apply("a cat", List.of("it slept", "it flew"));
    JsonNode answer =
        client.answer(
            "/choose",
            "{\"inputs\":{\"prompt\":\"a cat\",\"choices\":[\"it slept\",\"it flew\"]}}");
    assertEquals(expected.choice(), answer.get("choice").intValue());
    assertEquals(expected.scores().get(1), answer.get("scores").get(1).floatValue(), BOUND);
  }

  @Test
  void generate() throws Exception {
    TextGeneration.Generated expected =
        models.get("demo").textGeneration().apply("the capital of").best();
    String body = "{\"inputs\":\"the capital of\",\"stream\":%s}";
    JsonNode answer = client.answer("/generate", body.formatted(false));
    assertEquals(expected.newText(), answer.get(0).get("generated_text").stringValue());
    var response = client.post("/generate", body.formatted(true));
    assertEquals("text/event-stream", response.headers().firstValue("Content-Type").orElseThrow());
    StringBuilder pieces = new StringBuilder();
    String[] events = response.body().strip().split("\n\n", -1);
    assertTrue(events.length > 2, response.body());
    for (int i = 0; i < events.length; i++) {
      assertTrue(events[i].startsWith("data: "));
      JsonNode event = JsonMapper.shared().readTree(events[i].substring("data: ".length()));
      if (i < events.length - 1) {
        pieces.append(event.get("text").stringValue());
      } else {
        assertEquals(expected.newText(), event.get("generated_text").stringValue());
      }
    }
    assertEquals(expected.newText(), pieces.toString());
  }

  @Test
  void generateDraws() throws Exception {
    String body =
        "{\"inputs\":\"a dog\",\"parameters\":{\"do_sample\":true,\"temperature\":0.8,\"seed\":7,"
            + "\"num_return_sequences\":2,\"max_new_tokens\":5}}";
    JsonNode answer = client.answer("/generate", body);
    assertEquals(2, answer.size());
    assertEquals(answer, client.answer("/generate", body));
  }

  @Test
  void tokens() throws Exception {
    JsonNode tokens = client.answer("/tokenize", "{\"inputs\":[\"a 🐕 dög\"]}").get(0);
    JsonNode last = tokens.get(tokens.size() - 2);
    assertEquals("[CLS]", tokens.get(0).get("text").stringValue());
    assertTrue(tokens.get(0).get("special").booleanValue());
    assertTrue(tokens.get(0).get("start").isNull());
    assertEquals("dög", last.get("text").stringValue());
    assertEquals(4, last.get("start").intValue());
    assertEquals(7, last.get("stop").intValue());
    StringBuilder ids = new StringBuilder();
    client
        .answer("/tokenize", "{\"inputs\":\"a dog barks\",\"add_special_tokens\":false}")
        .get(0)
        .forEach(token -> ids.append(ids.isEmpty() ? "" : ",").append(token.get("id")));
    JsonNode texts = client.answer("/decode", "{\"ids\":[" + ids + "]}");
    assertEquals("[\"a dog barks\"]", texts.toString());
    assertEquals(2, client.answer("/decode", "{\"ids\":[[" + ids + "],[]]}").size());
  }

  @Test
  void informationIsThere() throws Exception {
    assertEquals(200, client.get("/health").statusCode());
    JsonNode info = JsonMapper.shared().readTree(client.get("/info").body());
    assertEquals("demo", info.get("model_id").stringValue());
    assertEquals(models.size(), info.get("models").size());
    JsonNode list = JsonMapper.shared().readTree(client.get("/v1/models").body());
    assertEquals("cross-encoder", list.get("data").get(7).get("id").stringValue());
    client.answer("/embed", "{\"inputs\":\"a dog\"}");
    String metrics = client.get("/metrics").body();
    for (String name :
        List.of(
            "megabert_requests_seconds_bucket{route=\"/embed\",status=\"200\",le=\"0.001\"}",
            "megabert_queue_texts{model=\"demo\"} 0.0",
            "megabert_batch_texts_bucket",
            "megabert_batch_tokens_sum",
            "megabert_tokens_total",
            "megabert_stage_seconds_count{stage=\"queue\"}",
            "megabert_stage_seconds_count{stage=\"compute\"}",
            "jvm_memory_used_bytes")) {
      assertTrue(metrics.contains(name), name + " is not in\n" + metrics);
    }
  }
}
