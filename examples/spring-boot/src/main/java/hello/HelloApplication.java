// SPDX-License-Identifier: Apache-2.0
package hello;

import io.github.megabert.MegaBert;
import io.github.megabert.task.FillMask;
import java.util.List;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
public class HelloApplication {
  public static void main(String[] args) {
    SpringApplication.run(HelloApplication.class, args);
  }

  @RestController
  static class Texts {
    private final MegaBert bert;
    private final EmbeddingModel embeddings;

    Texts(MegaBert bert, EmbeddingModel embeddings) {
      this.bert = bert;
      this.embeddings = embeddings;
    }

    @GetMapping("/words")
    List<String> words(@RequestParam String text) {
      return bert.fillMask().best(text, 5).stream().map(FillMask.Candidate::token).toList();
    }

    @GetMapping("/vector")
    float[] vector(@RequestParam String text) {
      return embeddings.embed(text);
    }
  }
}
