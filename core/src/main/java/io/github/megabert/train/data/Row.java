// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import io.github.megabert.input.Quote;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One row of a table: cells by the names of their columns. Those of a file without types are
 * strings.
 */
record Row(Path file, long line, ObjectNode cells) {
  private static final Pattern COMMA = Pattern.compile(",");

  /** A decimal number as people write it; Java's {@code parseDouble} takes more. */
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(\\d{1,64}(\\.\\d{0,64})?|\\.\\d{1,64})([eE][+-]?\\d{1,4})?");

  TrainingDataException refusal(String sentence) {
    return new TrainingDataException(file, line, sentence);
  }

  /** The cell of a column; a row of a JSON file may lack it. */
  JsonNode cell(String column) throws TrainingDataException {
    JsonNode cell = cells.get(column);
    if (cell == null) {
      throw refusal("there is no " + Quote.quote(column) + " in this row");
    }
    return cell;
  }

  /** A cell that holds a text. */
  String text(String column) throws TrainingDataException {
    JsonNode cell = cell(column);
    if (!cell.isString()) {
      throw unexpected(column, cell, "a text");
    }
    return cell.stringValue();
  }

  /** A cell that holds a list of texts; whole numbers count as texts. */
  List<String> texts(String column) throws TrainingDataException {
    JsonNode cell = cell(column);
    if (!cell.isArray()) {
      throw unexpected(column, cell, "a list of texts");
    }
    List<String> texts = new ArrayList<>(cell.size());
    for (JsonNode element : cell) {
      String name = name(element);
      if (name == null) {
        throw unexpected(column, element, "a text in the list");
      }
      texts.add(name);
    }
    return texts;
  }

  /** The right answer that a cell holds; null for the kind {@link LabelKind#NONE}. */
  @Nullable Target target(@Nullable String column, LabelKind kind) throws TrainingDataException {
    if (column == null) {
      return null;
    }
    return switch (kind) {
      case NONE -> null;
      case LABEL -> new Target.Label(label(column));
      case LABELS -> new Target.Labels(labels(column));
      case VALUE -> new Target.Value(value(column));
    };
  }

  private String label(String column) throws TrainingDataException {
    JsonNode cell = cell(column);
    String name = name(cell);
    if (name == null) {
      throw unexpected(column, cell, "one label");
    }
    return checked(name, column);
  }

  private String checked(String name, String column) throws TrainingDataException {
    if (name.isBlank()) {
      throw refusal("the label in " + Quote.quote(column) + " is empty");
    }
    return name;
  }

  private List<String> labels(String column) throws TrainingDataException {
    JsonNode cell = cell(column);
    List<String> names =
        cell.isString()
            ? COMMA
                .splitAsStream(cell.stringValue())
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList()
            : texts(column);
    for (String name : names) {
      checked(name, column);
    }
    return names.stream().distinct().toList();
  }

  private double value(String column) throws TrainingDataException {
    JsonNode cell = cell(column);
    double value = Double.NaN;
    if (cell.isNumber()) {
      value = cell.doubleValue();
    } else if (cell.isString() && NUMBER.matcher(cell.stringValue().strip()).matches()) {
      value = Double.parseDouble(cell.stringValue().strip());
    }
    if (!Double.isFinite(value)) {
      throw unexpected(column, cell, "a number");
    }
    return value;
  }

  /** Whether a cell's label says of what kind its file's labels are. */
  LabelKind kind(String column) throws TrainingDataException {
    JsonNode cell = cell(column);
    if (cell.isArray()) {
      return LabelKind.LABELS;
    }
    if (cell.isFloatingPointNumber()) {
      return LabelKind.VALUE;
    }
    return cell.isString() && isFraction(cell.stringValue().strip())
        ? LabelKind.VALUE
        : LabelKind.LABEL;
  }

  /** Whether a cell's label may be a number. */
  boolean isNumber(String column) throws TrainingDataException {
    JsonNode cell = cell(column);
    return cell.isNumber()
        || (cell.isString() && NUMBER.matcher(cell.stringValue().strip()).matches());
  }

  private static boolean isFraction(String text) {
    return text.indexOf('.') >= 0 && NUMBER.matcher(text).matches();
  }

  private static @Nullable String name(JsonNode cell) {
    if (cell.isString()) {
      return cell.stringValue();
    }
    return cell.isIntegralNumber() || cell.isBoolean() ? cell.asString() : null;
  }

  private TrainingDataException unexpected(String column, JsonNode cell, String expected) {
    return refusal(
        Quote.quote(column)
            + " is "
            + Quote.quote(cell.isString() ? cell.stringValue() : cell.toString())
            + " where "
            + expected
            + " is expected");
  }
}
