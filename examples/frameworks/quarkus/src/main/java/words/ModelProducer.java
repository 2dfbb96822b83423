// SPDX-License-Identifier: Apache-2.0
package words;

import io.github.megabert.MegaBert;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;

@ApplicationScoped
class ModelProducer {
  @Produces
  @Singleton
  MegaBert open() throws IOException {
    return MegaBert.demo();
  }

  void close(@Disposes MegaBert bert) {
    bert.close();
  }
}
