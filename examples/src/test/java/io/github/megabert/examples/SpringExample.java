// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.FillMask;
import java.io.IOException;
import java.util.List;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.stereotype.Service;

final class SpringExample {
  private SpringExample() {}

  @Configuration
  static class ModelConfiguration {
    @Bean(destroyMethod = "close")
    MegaBert megaBert() throws IOException {
      return MegaBert.demo();
    }

    @Bean
    FillMask fillMask(MegaBert bert) {
      return bert.fillMask();
    }
  }

  @Service
  static class WordService {
    private final FillMask fillMask;

    WordService(FillMask fillMask) {
      this.fillMask = fillMask;
    }

    List<String> words(String text) {
      return fillMask.best(text, 5).stream().map(FillMask.Candidate::token).toList();
    }
  }
}
