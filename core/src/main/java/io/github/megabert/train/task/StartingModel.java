// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint as a task begins with it: its stack of layers, and its head where that is of the
 * task.
 */
public final class StartingModel {
  private static final Pattern GENERIC_LABEL = Pattern.compile("LABEL_[0-9]+");

  /** The head that three classes have in different shapes. */
  private static final String CLASSIFIER = "classifier.";

  private final Checkpoint checkpoint;
  private final MegatronBertConfig config;

  /** A checkpoint, which the caller closes. */
  public StartingModel(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
    config = MegatronBertConfig.of(checkpoint.config(), checkpoint.configSource());
  }

  /** Its configuration. */
  public MegatronBertConfig config() {
    return config;
  }

  /** Whether it was saved as a class, so that training goes on with that class's head. */
  public boolean is(ModelClass modelClass) {
    return config.architectures().contains(modelClass.className(config.family()));
  }

  /**
   * The labels that a classifier has or is told to have: those that its configuration names. The
   * labels of a head of another class do not count, and neither do generic ones ({@code LABEL_0})
   * without a head.
   */
  Optional<LabelNames> labels(ModelClass modelClass) {
    if (!is(modelClass)
        && (isAnyClassifier()
            || config.id2label().values().stream()
                .allMatch(label -> GENERIC_LABEL.matcher(label).matches()))) {
      return Optional.empty();
    }
    return Optional.of(
        LabelNames.of(List.copyOf(config.id2label().values()), "the model's id2label"));
  }

  private boolean isAnyClassifier() {
    return is(ModelClass.SEQUENCE_CLASSIFICATION)
        || is(ModelClass.TOKEN_CLASSIFICATION)
        || is(ModelClass.MULTIPLE_CHOICE);
  }

  /** The checkpoint with a task's configuration and without another class's classifier. */
  Checkpoint prepared(FineTuningTask<?> task) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>(checkpoint.config());
    if (!is(task.modelClass())) {
      fields.remove("problem_type");
      fields.remove("num_labels");
    }
    fields.putAll(task.configuration());
    boolean hasOther = isAnyClassifier() && !is(task.modelClass());
    Set<String> names = new LinkedHashSet<>(checkpoint.names());
    names.removeIf(name -> hasOther && name.startsWith(CLASSIFIER));
    return new Prepared(checkpoint, fields, names);
  }

  /** A view of a checkpoint. */
  private record Prepared(
      Checkpoint checkpoint, Map<String, @Nullable Object> config, Set<String> names)
      implements Checkpoint {
    @Override
    public String source() {
      return checkpoint.source();
    }

    @Override
    public String configSource() {
      return checkpoint.configSource();
    }

    @Override
    public DType dtype(String name) {
      return checkpoint.dtype(name);
    }

    @Override
    public Shape shape(String name) {
      return checkpoint.shape(name);
    }

    @Override
    public Tensor tensor(String name) throws IOException {
      return checkpoint.tensor(name);
    }

    @Override
    public Tensor tensor(String name, Arena arena) throws IOException {
      return checkpoint.tensor(name, arena);
    }

    @Override
    public void requireUnchanged() {
      checkpoint.requireUnchanged();
    }

    @Override
    public void close() {}
  }
}
