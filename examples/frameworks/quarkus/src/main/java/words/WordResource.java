// SPDX-License-Identifier: Apache-2.0
package words;

import io.github.megabert.MegaBert;
import io.github.megabert.task.FillMask;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import java.util.stream.Collectors;

@Path("/words")
public class WordResource {
  @Inject MegaBert bert;

  @GET
  public String words(@QueryParam("text") String text) {
    return bert.fillMask().best(text, 5).stream()
        .map(FillMask.Candidate::token)
        .collect(Collectors.joining("\n", "", "\n"));
  }
}
