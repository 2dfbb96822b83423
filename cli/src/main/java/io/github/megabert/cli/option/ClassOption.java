// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.MegaBertBuilder;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelFamily;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which of the nine classes, by its name in either family. */
public final class ClassOption implements Consumer<MegaBertBuilder> {
  /** Names for {@code --class}. */
  static final class Names implements Iterable<String>, ITypeConverter<ModelClass> {
    private static final List<String> NAMES =
        Arrays.stream(ModelFamily.values())
            .flatMap(family -> Arrays.stream(ModelClass.values()).map(c -> c.className(family)))
            .toList();

    @Override
    public Iterator<String> iterator() {
      return NAMES.iterator();
    }

    @Override
    public ModelClass convert(String text) {
      return ModelClass.find(text)
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "\"" + text + "\" is none of " + String.join(", ", NAMES)));
    }
  }

  @Option(
      names = "--class",
      paramLabel = "NAME",
      converter = Names.class,
      completionCandidates = Names.class,
      description =
          "The transformers class, such as MegatronBertForCausalLM, in place of the model's own.")
  private @Nullable ModelClass modelClass;

  /** The class, where one is named. */
  public @Nullable ModelClass modelClass() {
    return modelClass;
  }

  @Override
  public void accept(MegaBertBuilder builder) {
    if (modelClass != null) {
      builder.modelClass(modelClass);
    }
  }
}
