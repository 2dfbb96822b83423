// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.Task;
import io.github.megabert.input.Quote;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The models of a server; a request names one, or gets the first that can do what it asks for. */
final class ServedModels implements AutoCloseable {
  private final List<ServedModel> models;

  ServedModels(List<ServedModel> models) {
    this.models = List.copyOf(models);
  }

  List<ServedModel> all() {
    return models;
  }

  boolean areWarm() {
    return models.stream().allMatch(ServedModel::isWarm);
  }

  /**
   * The model for a request.
   *
   * @throws RequestFailure if there is none of its name, or it cannot do the task
   */
  ServedModel forTask(JsonBody body, Task task) {
    Optional<ServedModel> named = named(body);
    if (named.isPresent() && !named.get().tasks().contains(task)) {
      throw RequestFailure.invalid(
          "the model "
              + Quote.quote(named.get().name())
              + " was not trained for "
              + task.label()
              + "; it can do "
              + labels(named.get()));
    }
    return named
        .or(() -> models.stream().filter(model -> model.tasks().contains(task)).findFirst())
        .orElseThrow(
            () -> RequestFailure.invalid("none of the models here can do " + task.label()));
  }

  /** The model whose tokenizer a request asks for. */
  ServedModel forTokens(JsonBody body) {
    return named(body).orElse(models.getFirst());
  }

  private Optional<ServedModel> named(JsonBody body) {
    return body.findText("model")
        .map(
            name ->
                models.stream()
                    .filter(model -> model.name().equals(name))
                    .findFirst()
                    .orElseThrow(() -> unknown(name)));
  }

  private RequestFailure unknown(String name) {
    return new RequestFailure(
        RequestFailure.Kind.NOT_FOUND,
        "there is no model "
            + Quote.quote(name)
            + " here; there is "
            + Quote.list(models.stream().map(ServedModel::name).toList()));
  }

  private static String labels(ServedModel model) {
    List<String> labels = new ArrayList<>();
    model.tasks().forEach(task -> labels.add(task.label()));
    return String.join(", ", labels);
  }

  @Override
  public void close() {
    models.forEach(ServedModel::close);
  }
}
