// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What is wrong with a request is said in one sentence, in the form of the API that is spoken. */
class ErrorsTest {
  private static MegaBertServer server;
  private static Client client;

  @BeforeAll
  static void start() {
    server = TestServers.demo(Limits.DEFAULT.withBodyBytes(50_000).withTexts(4).withTokens(600));
    client = new Client(server);
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  private static JsonNode json(String text) {
    return JsonMapper.shared().readTree(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\u0001',
      value = {
        "/embed | {\"inputs\":\"a\" | 400 | Validation | no JSON",
        "/embed | [1] | 400 | Validation | has to be a JSON object",
        "/embed | {} | 422 | Validation | 'inputs' is missing",
        "/embed | {\"inputs\":7} | 422 | Validation | 'inputs' has to be a list of texts, not 7",
        "/embed | {\"inputs\":[\"a\",7]} | 422 | Validation | has to be a text, not 7",
        "/embed | {\"inputs\":\"\"} | 400 | Empty | `inputs` cannot be empty",
        "/embed | {\"inputs\":[]} | 400 | Empty | `inputs` cannot be empty",
        "/embed | {\"inputs\":[\"a\",\"b\",\"c\",\"d\",\"e\"]} | 413 | Validation | batch size 5 > maximum allowed batch size 4",
        "/embed | {\"inputs\":\"a\",\"nomalize\":true} | 422 | Validation | 'nomalize' is not known here; known are dimensions",
        "/embed | {\"inputs\":\"a\",\"normalize\":1} | 422 | Validation | true or false",
        "/embed | {\"inputs\":\"a\",\"dimensions\":1000} | 422 | Validation | 1 … 256",
        "/embed | {\"inputs\":\"a\",\"prompt_name\":\"query\"} | 422 | Validation | no prompt 'query'",
        "/embed | {\"inputs\":\"a\",\"truncation_direction\":\"Left\"} | 422 | Validation | 'Right'",
        "/embed | {\"inputs\":\"a\",\"model\":\"other\"} | 404 | Validation | no model 'other' here; there is 'demo'",
        "/predict | {\"inputs\":\"a\"} | 422 | Validation | none of the models here can do text-classification",
        "/ner | {\"inputs\":\"a\",\"model\":\"demo\"} | 422 | Validation | it can do fill-mask",
        "/fill-mask | {\"inputs\":\"no mask\"} | 422 | Validation | no mask",
        "/fill-mask | {\"inputs\":\"[MASK]\",\"parameters\":{\"top_k\":0}} | 422 | Validation | 'parameters.top_k'",
        "/fill-mask | {\"inputs\":\"[MASK]\",\"parameters\":{\"topk\":1}} | 422 | Validation | 'parameters.topk' is not known",
        "/fill-mask | {\"inputs\":\"[MASK]\",\"parameters\":[]} | 422 | Validation | 'parameters' has to be an object",
        "/next-sentence | {\"inputs\":[\"a\"]} | 422 | Validation | a pair of texts",
        "/generate | {\"inputs\":\"a\",\"parameters\":{\"temperature\":0.5}} | 422 | Validation | temperature",
        "/generate | {\"inputs\":\"a\",\"parameters\":{\"num_beams\":99}} | 422 | Validation | 1 … 16",
        "/generate | {\"inputs\":\"a\",\"stream\":true,\"parameters\":{\"num_beams\":2}} | 422 | Validation | streamed",
        "/decode | {\"ids\":[-1]} | 422 | Validation | whole numbers from 0",
        "/similarity | {\"inputs\":{\"source_sentence\":\"a\",\"sentences\":[]}} | 400 | Empty | `sentences`",
      })
  void aRequestThatIsWrongIsToldWhy(String path, String body, int status, String type, String said)
      throws Exception {
    HttpResponse<String> response = client.post(path, body);
    assertEquals(status, response.statusCode(), response.body());
    assertEquals("application/json", response.headers().firstValue("Content-Type").orElse(""));
    JsonNode error = json(response.body());
    assertEquals(List.of("error", "error_type"), List.copyOf(error.propertyNames()));
    assertEquals(type, error.get("error_type").stringValue());
    assertTrue(error.get("error").stringValue().contains(said), response.body());
  }

  @Test
  void aTextThatIsTooLongIsCutOrRefused() throws Exception {
    String text = "dog ".repeat(700).strip();
    HttpResponse<String> refused = client.post("/embed", "{\"inputs\":\"" + text + "\"}");
    assertEquals(413, refused.statusCode());
    assertTrue(
        refused.body().contains("a text has 702 tokens, the model takes at most 256"),
        refused.body());
    assertTrue(refused.body().contains("\\\"truncate\\\": true"), refused.body());
    assertEquals(
        200, client.post("/embed", "{\"inputs\":\"" + text + "\",\"truncate\":true}").statusCode());
    // The vectors of tokens as well.
    assertEquals(413, client.post("/embed_all", "{\"inputs\":\"" + text + "\"}").statusCode());
    HttpResponse<String> stream =
        client.post("/generate", "{\"inputs\":\"" + text + "\",\"stream\":true}");
    assertEquals(413, stream.statusCode(), stream.body());
  }

  @Test
  void openAiHasItsOwnErrors() throws Exception {
    for (String[] one :
        new String[][] {
          {"{\"input\":[[1,2]],\"model\":\"demo\"}", "400", "invalid_request_error", "send texts"},
          {"{\"input\":\"a\",\"model\":\"gpt\"}", "404", "invalid_request_error", "'gpt'"},
          {
            "{\"input\":\"a\",\"encoding_format\":\"hex\"}",
            "400",
            "invalid_request_error",
            "base64"
          }
        }) {
      HttpResponse<String> response = client.post("/v1/embeddings", one[0]);
      assertEquals(Integer.parseInt(one[1]), response.statusCode(), response.body());
      JsonNode error = json(response.body()).get("error");
      assertEquals(List.of("message", "type", "param", "code"), List.copyOf(error.propertyNames()));
      assertEquals(one[2], error.get("type").stringValue());
      assertTrue(error.get("message").stringValue().contains(one[3]), response.body());
    }
  }

  @Test
  void otherPathsMethodsAndTypesAreRefused() throws Exception {
    for (String path :
        List.of(
            "/nothing",
            "/embed/",
            "//embed",
            "/../../etc/passwd",
            "/%2e%2e/%2e%2e/etc/passwd",
            "/openapi.json/..%2f..%2fpom.xml",
            "/embed%00")) {
      int status = client.get(path).statusCode();
      assertTrue(status == 404 || status == 400, path + " gives " + status);
    }
    HttpResponse<String> method = client.get("/embed");
    assertEquals(405, method.statusCode());
    assertTrue(method.body().contains("/embed is for POST requests"), method.body());
    HttpRequest form =
        client
            .request("/embed")
            .header("Content-Type", "text/plain")
            .POST(HttpRequest.BodyPublishers.ofString("{\"inputs\":\"a\"}"))
            .build();
    assertEquals(415, client.send(form).statusCode());
    // Parameters of the type are none of ours.
    HttpRequest utf8 =
        client
            .request("/embed")
            .header("Content-Type", "application/json; charset=utf-8")
            .POST(HttpRequest.BodyPublishers.ofString("{\"inputs\":\"a\"}"))
            .build();
    assertEquals(200, client.send(utf8).statusCode());
  }

  @Test
  void aBodyThatIsTooLongIsRefusedWithAndWithoutItsLength() throws Exception {
    String body = "{\"inputs\":\"" + "a".repeat(60_000) + "\"}";
    HttpResponse<String> declared = client.post("/embed", body);
    assertEquals(413, declared.statusCode(), declared.body());
    assertTrue(declared.body().contains("at most 50000 are read"), declared.body());
    HttpRequest chunked =
        client
            .request("/embed")
            .header("Content-Type", "application/json")
            .POST(
                HttpRequest.BodyPublishers.fromPublisher(HttpRequest.BodyPublishers.ofString(body)))
            .build();
    HttpResponse<String> undeclared = client.send(chunked);
    assertEquals(413, undeclared.statusCode());
    assertEquals(200, client.post("/embed", "{\"inputs\":\"a\"}").statusCode());
  }

  @Test
  void theLogHasALineARequestAndNoText() throws Exception {
    String secret = "hippopotamus";
    List<String> lines = Collections.synchronizedList(new ArrayList<>());
    try (MegaBertServer logging = TestServers.demo(TestServers.OPTIONS.withAccessLog(lines::add));
        Client reader = new Client(logging)) {
      reader.answer("/embed", "{\"inputs\":\"" + secret + "\"}");
      reader.get("/nothing?" + secret);
    }
    JsonNode embed =
        lines.stream()
            .map(ErrorsTest::json)
            .filter(line -> line.has("model") && line.get("path").stringValue().equals("/embed"))
            .findFirst()
            .orElseThrow();
    assertEquals("POST", embed.get("method").stringValue());
    assertEquals(200, embed.get("status").intValue());
    assertEquals("demo", embed.get("model").stringValue());
    assertTrue(embed.get("tokens").intValue() > 0);
    assertTrue(embed.get("milliseconds").doubleValue() >= embed.get("computed").doubleValue());
    assertEquals(2, lines.size());
    assertFalse(String.join("\n", lines).contains(secret));
  }
}
