// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.server.MegaBertServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jfr.consumer.RecordingStream;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** What docs/ shows in Java compiles, and runs where the demo model can do it. */
class DocumentationTest {
  private static final Pattern SNIPPET =
      Pattern.compile("```(java|kotlin)\n(.*?)```", Pattern.DOTALL);

  @Test
  void everySnippetIsPartOfAnExample() throws IOException {
    // What is compiled: the examples, those of other modules, and the kernels of the page on them.
    String examples =
        compiled(Path.of("src", "test", "java"), "Example.java")
            + compiled(Path.of("..", "micrometer", "src", "test", "java"), "Example.java")
            + compiled(Path.of("..", "spark", "src", "test", "java"), "Example.java")
            + compiled(Path.of("..", "spring", "src", "test", "java"), "Example.java")
            + compiled(Path.of("..", "core", "src", "main", "java"), "ScaleAndShift.java");
    // frameworks/check.sh compiles the first of these.
    String kotlin =
        compiled(Path.of("frameworks", "kotlin"), ".kt")
            + compiled(Path.of("frameworks", "gradle"), ".kts");
    int snippets = 0;
    List<String> strange = new ArrayList<>();
    for (Path page : pages()) {
      Matcher matcher = SNIPPET.matcher(Files.readString(page));
      while (matcher.find()) {
        snippets++;
        String all = matcher.group(1).equals("java") ? examples : kotlin;
        if (!all.contains(withoutIndentation(matcher.group(2)).strip())) {
          strange.add(page.getFileName() + ":\n" + matcher.group(2));
        }
      }
    }
    assertTrue(snippets >= 12, "docs/ has only " + snippets + " snippets");
    assertEquals(List.of(), strange, "snippets that no example holds");
  }

  @Test
  void linesOfProseHaveAtMost100Characters() throws IOException {
    List<String> wide = new ArrayList<>();
    int prose = 0;
    for (Path page : pages()) {
      boolean code = false;
      int number = 0;
      for (String line : Files.readAllLines(page)) {
        number++;
        if (line.startsWith("```")) {
          code = !code;
        } else if (!code && !line.startsWith("|")) {
          prose++;
          if (line.codePointCount(0, line.length()) > 100) {
            wide.add(page.getFileName() + ", line " + number);
          }
        }
      }
    }
    assertTrue(prose >= 500, "the pages have only " + prose + " lines");
    assertEquals(List.of(), wide, "lines of more than 100 characters");
  }

  @Test
  void everyPageIsInTheIndex() throws IOException {
    Path docs = Path.of("..", "docs");
    String index = Files.readString(docs.resolve("index.md"));
    List<String> missing = new ArrayList<>();
    for (Path page : pages()) {
      String name = String.valueOf(page.getFileName());
      if (docs.equals(page.getParent())
          && !name.equals("index.md")
          && !index.contains("(" + name + ")")) {
        missing.add(name);
      }
    }
    assertEquals(List.of(), missing);
    Matcher links = Pattern.compile("\\(([a-z./A-Z-]+\\.md)\\)").matcher(index);
    while (links.find()) {
      assertTrue(Files.exists(docs.resolve(links.group(1))), links.group(1));
    }
  }

  /** README, CHANGELOG and docs/. */
  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (Path folder : List.of(Path.of(".."), Path.of("..", "docs"))) {
      try (Stream<Path> files = Files.list(folder)) {
        files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
      }
    }
    return pages;
  }

  private static String compiled(Path folder, String ending) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> file.toString().endsWith(ending))
          .map(DocumentationTest::withoutIndentation)
          .collect(Collectors.joining("\n"));
    }
  }

  private static String withoutIndentation(Path file) {
    try {
      return withoutIndentation(Files.readString(file));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String withoutIndentation(String text) {
    return text.lines().map(String::strip).collect(Collectors.joining("\n"));
  }

  @Test
  void examplesRunOnTheDemoModel() throws Exception {
    FillMaskExample.main(new String[0]);
    try (MegaBert bert = MegaBert.demo()) {
      FillMaskExample.severalMasks(bert.fillMask());
      NextSentenceExample.continues(bert);
      TextEmbeddingExample.similarity(bert);
      TextEmbeddingExample.tokenVectors(bert);
      TextGenerationExample.stream(bert);
      PlainJavaExample.concurrentCallers(bert, List.of("a dog", "a cat", "a train"));
      LangChain4jExample.models(bert);
    }
  }

  @Test
  void aServerServes() throws Exception {
    try (MegaBertServer server = ServerExample.serve(MegaBert.demo())) {
      assertTrue(server.port() > 0);
      server.awaitReady();
    }
  }

  @Test
  void forwardPassesAreHeard() throws Exception {
    CompletableFuture<Duration> heard = new CompletableFuture<>();
    try (RecordingStream events = ObservabilityExample.listen(heard::complete);
        MegaBert bert = MegaBert.demo()) {
      while (!heard.isDone()) {
        bert.textEmbedding().apply("a dog");
        Thread.sleep(50);
      }
      assertTrue(heard.get().isPositive());
      events.stop();
    }
  }

  @Test
  void springOpensAndClosesTheModel() {
    MegaBert bert;
    try (var context =
        new AnnotationConfigApplicationContext(
            SpringExample.ModelConfiguration.class, SpringExample.WordService.class)) {
      bert = context.getBean(MegaBert.class);
      List<String> words =
          context.getBean(SpringExample.WordService.class).words("a dog is a [MASK].");
      assertEquals(5, words.size());
    }
    try {
      bert.fillMask();
      throw new AssertionError("the model is still open");
    } catch (IllegalStateException closed) {
      assertTrue(closed.getMessage().endsWith("is closed"), closed.getMessage());
    }
  }
}
