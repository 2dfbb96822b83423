// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pulls from a hub that behaves: what is fetched, where it lies, and what is asked again. */
class HubTest {
  static final ModelName MODEL = new ModelName("org", "model");
  static final Patience QUICK =
      new Patience(Duration.ofMillis(1), 4, Duration.ofSeconds(5), Duration.ofSeconds(20));

  private final HubServer server = new HubServer();
  private final byte[] weights = new byte[300_000];

  @TempDir private Path folder;

  @BeforeEach
  void fill() {
    new Random(1).nextBytes(weights);
    server
        .file("README.md", "# A model")
        .file("config.json", "{\"model_type\": \"bert\"}")
        .file("vocab.txt", "[PAD]\n")
        .file("tokenizer_config.json", "{}")
        .file("added_tokens.json", "{}")
        .file("model.safetensors", weights)
        .file("pytorch_model.bin", "torch")
        .file("tf_model.h5", "tensorflow")
        .file("onnx/model.onnx", "onnx");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Hub hub() {
    return new Hub(settings(null, false), QUICK, HubCache.SYMBOLIC);
  }

  private HubSettings settings(String token, boolean offline) {
    return new HubSettings(server.address(), token, cache(), offline);
  }

  private Path cache() {
    return folder.resolve("hub");
  }

  private Path model() {
    return cache().resolve("models--org--model");
  }

  @Test
  void whatAModelNeedsIsLaidOutAsPythonDoes() throws IOException {
    List<Long> progress = new ArrayList<>();
    PulledModel pulled =
        hub()
            .pull(
                MODEL,
                "main",
                (bytes, total) -> {
                  assertTrue(bytes <= total);
                  progress.add(bytes);
                });
    List<String> wanted =
        List.of(
            "added_tokens.json",
            "config.json",
            "model.safetensors",
            "tokenizer_config.json",
            "vocab.txt");
    assertEquals(wanted, pulled.files().stream().sorted().toList());
    assertEquals(HubServer.COMMIT, pulled.commit());
    assertEquals(HubServer.COMMIT, Files.readString(model().resolve("refs/main")));
    Path snapshot = model().resolve("snapshots").resolve(HubServer.COMMIT);
    assertEquals(snapshot, pulled.folder());
    assertArrayEquals(weights, Files.readAllBytes(snapshot.resolve("model.safetensors")));
    assertEquals(
        Path.of("..", "..", "blobs", HubServer.sha256(weights)),
        Files.readSymbolicLink(snapshot.resolve("model.safetensors")));
    assertEquals(
        Path.of("..", "..", "blobs", HubServer.gitSha1("[PAD]\n".getBytes(StandardCharsets.UTF_8))),
        Files.readSymbolicLink(snapshot.resolve("vocab.txt")));
    // Two files have one content.
    assertEquals(4, entries(model().resolve("blobs")).size());
    assertEquals(5, entries(snapshot).size());
    long fetched = (long) weights.length + "{\"model_type\": \"bert\"}[PAD]\n{}".length();
    assertEquals(fetched, pulled.fetchedBytes());
    assertEquals(fetched, progress.getLast());
  }

  private static List<Path> entries(Path of) throws IOException {
    try (Stream<Path> entries = Files.list(of)) {
      return entries.toList();
    }
  }

  @Test
  void whatIsThereIsNotAskedForAgain() throws IOException {
    assertEquals(Optional.empty(), hub().cached(MODEL));
    hub().pull(MODEL);
    server.forget();
    assertEquals(0, hub().pull(MODEL).fetchedBytes());
    assertEquals(1, server.requests().size(), "the list of files");
    Path snapshot = model().resolve("snapshots").resolve(HubServer.COMMIT);
    assertEquals(Optional.of(snapshot), hub().cached(MODEL));
    assertEquals(Optional.of(snapshot), hub().cached(MODEL, HubServer.COMMIT));
    assertEquals(Optional.empty(), hub().cached(MODEL, "v2"));
  }

  @Test
  void anotherCommitSharesEqualContents() throws IOException {
    hub().pull(MODEL);
    String next = "f".repeat(40);
    server.commit(next).file("vocab.txt", "[PAD]\n[UNK]\n").forget();
    assertEquals(
        "[PAD]\n[UNK]\n".length(), hub().pull(MODEL, "refs/pr/1", (a, b) -> {}).fetchedBytes());
    assertEquals(List.of("vocab.txt"), server.contentsAskedFor());
    assertEquals(next, Files.readString(model().resolve("refs/refs/pr/1")));
    assertEquals(HubServer.COMMIT, Files.readString(model().resolve("refs/main")));
  }

  @Test
  void theTokenGoesToTheHubAlone() throws IOException {
    new Hub(settings("hf_secret", false), QUICK, HubCache.SYMBOLIC).pull(MODEL);
    assertTrue(server.requests().stream().anyMatch(request -> !request.isAtHub()));
    for (HubServer.Request request : server.requests()) {
      assertEquals(request.isAtHub(), request.hasToken(), request.toString());
    }
    assertFalse(settings("hf_secret", false).toString().contains("secret"));
  }

  @Test
  void shardsAreThoseOfTheIndex() throws IOException {
    HubServer sharded =
        new HubServer()
            .file("config.json", "{}")
            .file(
                "model.safetensors.index.json",
                "{\"weight_map\": {\"a\": \"model-1.safetensors\", \"b\": \"model-2.safetensors\"}}")
            .file("model-1.safetensors", "one")
            .file("model-2.safetensors", "two")
            .file("other.safetensors", "three")
            .file("pytorch_model.bin", "torch");
    assertEquals(
        List.of(
            "config.json",
            "model-1.safetensors",
            "model-2.safetensors",
            "model.safetensors.index.json"),
        pulledFrom(sharded));
  }

  @Test
  void pytorchWeightsServeWhereThereAreNoSafetensors() throws IOException {
    assertEquals(
        List.of("config.json", "pytorch_model.bin"),
        pulledFrom(
            new HubServer()
                .file("config.json", "{}")
                .file("pytorch_model.bin", "torch")
                .file("tf_model.h5", "no")));
  }

  @Test
  void sentenceEncodersBringTheirModules() throws IOException {
    assertEquals(
        List.of(
            "1_Pooling/config.json",
            "2_Dense/config.json",
            "2_Dense/model.safetensors",
            "config.json",
            "config_sentence_transformers.json",
            "model.safetensors",
            "modules.json",
            "sentence_bert_config.json"),
        pulledFrom(
            new HubServer()
                .file("config.json", "{}")
                .file("config_sentence_transformers.json", "{ }")
                .file("sentence_bert_config.json", "{  }")
                .file(
                    "modules.json",
                    "[{\"path\": \"\"}, {\"path\": \"1_Pooling\"}, {\"path\": \"2_Dense\"},"
                        + " {\"path\": \"3_Normalize\"}]")
                .file("1_Pooling/config.json", "{\"pooling\": 1}")
                .file("2_Dense/config.json", "{\"dense\": 1}")
                .file("2_Dense/model.safetensors", "dense")
                .file("2_Dense/pytorch_model.bin", "dense")
                .file("9_Other/config.json", "{\"other\": 1}")
                .file("model.safetensors", "weights")));
  }

  @Test
  void olderSentenceEncodersHaveTheirWeightsInAFolder() throws IOException {
    assertEquals(
        List.of(
            "0_Transformer/config.json",
            "0_Transformer/pytorch_model.bin",
            "0_Transformer/vocab.txt",
            "modules.json"),
        pulledFrom(
            new HubServer()
                .file("modules.json", "[{\"path\": \"0_Transformer\"}, {\"path\": \"1_Pooling\"}]")
                .file("0_Transformer/config.json", "{}")
                .file("0_Transformer/vocab.txt", "[PAD]\n")
                .file("0_Transformer/optimizer.pt", "no")
                .file("0_Transformer/pytorch_model.bin", "weights")));
  }

  /** What is pulled, which is also what was asked for. */
  private List<String> pulledFrom(HubServer other) throws IOException {
    try (other) {
      Path cache = folder.resolve("other");
      PulledModel pulled =
          new Hub(new HubSettings(other.address(), null, cache, false), QUICK, HubCache.SYMBOLIC)
              .pull(MODEL);
      List<String> files = pulled.files().stream().sorted().toList();
      for (String file : files) {
        assertTrue(Files.isRegularFile(pulled.folder().resolve(file)), file);
      }
      List<String> asked =
          other.requests().stream()
              .filter(request -> request.isAtHub() && request.path().contains("/resolve/"))
              .map(request -> request.path().replaceAll(".*/resolve/[^/]*/", ""))
              .distinct()
              .sorted()
              .toList();
      assertEquals(files, asked);
      return files;
    }
  }

  @Test
  void aModelWithoutReadableWeightsIsRefusedBeforeAnythingIsFetched() throws IOException {
    try (HubServer other = new HubServer().file("config.json", "{}").file("tf_model.h5", "no")) {
      Hub hub = new Hub(new HubSettings(other.address(), null, cache(), false));
      assertEquals(
          "org/model has no weights that can be read (model.safetensors,"
              + " model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json);"
              + " its files are 'config.json', 'tf_model.h5'",
          assertThrows(HubException.class, () -> hub.pull(MODEL)).getMessage());
      assertEquals(1, other.requests().size());
      other.file("modules.json", "[{\"path\": \"1_Pooling\"}]");
      assertThrows(HubException.class, () -> hub.pull(MODEL));
    }
  }

  @Test
  void whereThereAreNoLinksCopiesServe() throws IOException {
    Hub hub =
        new Hub(
            settings(null, false),
            QUICK,
            (link, target) -> {
              throw new FileSystemException("no links here");
            });
    Path snapshot = hub.pull(MODEL).folder();
    assertFalse(Files.isSymbolicLink(snapshot.resolve("model.safetensors")));
    assertArrayEquals(weights, Files.readAllBytes(snapshot.resolve("model.safetensors")));
    server.forget();
    hub.pull(MODEL);
    assertEquals(1, server.requests().size());
  }

  @Test
  void twoPullsAtOnceFetchEverythingOnce() throws Exception {
    List<CompletableFuture<PulledModel>> pulls = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      pulls.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return hub().pull(MODEL);
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              }));
    }
    assertEquals(pulls.get(0).get().folder(), pulls.get(1).get().folder());
    assertEquals(
        1,
        server.requests().stream()
            .filter(request -> !request.isAtHub() && request.method().equals("GET"))
            .count());
  }

  @Test
  void offlineWhatIsCachedServes() throws IOException {
    Hub offline = new Hub(settings(null, true), QUICK, HubCache.SYMBOLIC);
    assertEquals(
        "HF_HUB_OFFLINE is set, and org/model is not in the cache "
            + cache()
            + "; unset it to fetch the model",
        assertThrows(HubException.class, () -> offline.pull(MODEL)).getMessage());
    Path snapshot = hub().pull(MODEL).folder();
    server.forget();
    PulledModel pulled = offline.pull(MODEL);
    assertEquals(snapshot, pulled.folder());
    assertEquals(5, pulled.files().size());
    assertEquals(List.of(), server.requests());
  }

  @Test
  void aCopyIsPlainFiles() throws IOException {
    Path copy = folder.resolve("copy");
    hub().pull(MODEL).copyTo(copy);
    assertEquals(5, entries(copy).size());
    assertTrue(entries(copy).stream().noneMatch(Files::isSymbolicLink));
    assertArrayEquals(weights, Files.readAllBytes(copy.resolve("model.safetensors")));
  }

  @Test
  void theEnvironmentIsReadAsPythonDoes() throws IOException {
    Path home = folder.resolve("home");
    HubSettings plain = HubSettings.of(Map.of(), home);
    assertEquals(URI.create("https://huggingface.co"), plain.endpoint());
    assertEquals(home.resolve(".cache/huggingface/hub"), plain.cache());
    assertEquals(null, plain.token());
    assertFalse(plain.offline());
    Files.createDirectories(folder.resolve("hf"));
    Files.writeString(folder.resolve("hf/token"), "hf_file\n");
    String base = folder.resolve("hf").toString();
    HubSettings set =
        HubSettings.of(
            Map.of("HF_HOME", base, "HF_ENDPOINT", "http://mirror:8080/hf/", "HF_HUB_OFFLINE", "1"),
            home);
    assertEquals(URI.create("http://mirror:8080/hf"), set.endpoint());
    assertEquals(folder.resolve("hf/hub"), set.cache());
    assertEquals("hf_file", set.token());
    assertTrue(set.offline());
    assertEquals(
        "hf_given", HubSettings.of(Map.of("HF_HOME", base, "HF_TOKEN", "hf_given"), home).token());
    assertEquals(
        null,
        HubSettings.of(Map.of("HF_HOME", base, "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"), home)
            .token());
    assertEquals(
        home.resolve("models"), HubSettings.of(Map.of("HF_HUB_CACHE", "~/models"), home).cache());
    assertEquals(
        folder.resolve("xdg/huggingface/hub"),
        HubSettings.of(Map.of("XDG_CACHE_HOME", folder + "/xdg"), home).cache());
    for (Map<String, String> wrong :
        List.of(
            Map.of("HF_ENDPOINT", "ftp://host"),
            Map.of("HF_ENDPOINT", "no address"),
            Map.of("HF_TOKEN", "two words"),
            Map.of("HF_TOKEN", "a\nb"))) {
      assertThrows(IllegalArgumentException.class, () -> HubSettings.of(wrong, home));
    }
  }

  @Test
  void namesHaveTwoParts() {
    assertEquals(MODEL, ModelName.parse("org/model"));
    assertEquals(Optional.of(MODEL), ModelName.of(Path.of("org", "model")));
    assertEquals(Optional.empty(), ModelName.of(Path.of("a", "b", "c")));
    assertEquals(Optional.empty(), ModelName.of(Path.of("..", "model")));
    assertEquals(Optional.empty(), ModelName.of(Path.of("src", "test")), "a folder");
    for (String wrong :
        List.of("", "model", "a/b/c", "../x", "a/..", "a/b c", "a--b/c", "/a", "a/", "a/b.")) {
      assertThrows(IllegalArgumentException.class, () -> ModelName.parse(wrong), wrong);
    }
    for (String wrong : List.of("", "../x", "/x", "a//b", "a\\b", "a:b")) {
      assertThrows(IllegalArgumentException.class, () -> hub().cached(MODEL, wrong), wrong);
    }
  }
}
