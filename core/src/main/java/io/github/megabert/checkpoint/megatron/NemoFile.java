// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.input.InputFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model of NVIDIA NeMo: a {@code .nemo} file, which is a tar archive, or the folder that it
 * unpacks to, with {@code model_config.yaml} and {@code model_weights.ckpt}.
 *
 * @param weights a dictionary of tensors by name
 * @param settings the texts that stand at the margin of the configuration, by their names
 */
record NemoFile(TorchFile weights, Map<String, String> settings) {
  private static final String CONFIG = "model_config.yaml";
  private static final String WEIGHTS = "model_weights.ckpt";
  private static final long LARGEST_CONFIG = 1 << 20;
  private static final int BLOCK = 512;
  private static final int MOST_MEMBERS = 10_000;

  /** Whether a folder is that of a model. */
  static boolean isFolder(Path folder) {
    return Files.isRegularFile(folder.resolve(CONFIG));
  }

  /**
   * Opens a model.
   *
   * @param path a {@code .nemo} file, or the folder that it unpacks to
   * @throws CheckpointException if it lacks either part, or is divided among ranks
   */
  static NemoFile open(Path path) throws IOException {
    return Files.isDirectory(path) ? openFolder(path) : openArchive(path);
  }

  private static NemoFile openFolder(Path folder) throws IOException {
    Path weights = folder.resolve(WEIGHTS);
    if (!Files.isRegularFile(weights)) {
      throw lacking(folder);
    }
    Map<String, String> settings;
    try (InputStream in = InputFile.stream(folder.resolve(CONFIG), LARGEST_CONFIG)) {
      settings = settings(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
    return new NemoFile(TorchFile.open(weights), settings);
  }

  private static CheckpointException lacking(Path path) {
    return new CheckpointException(
        path
            + " has no "
            + WEIGHTS
            + ": of NeMo's models those are read that one rank saved in PyTorch's format, not those"
            + " in mp_rank_ folders or distributed checkpoints");
  }

  /** A member of a tar archive. */
  private record Member(long start, long size) {}

  private static NemoFile openArchive(Path file) throws IOException {
    try (FileChannel channel = InputFile.channel(file)) {
      Map<String, Member> members = members(file, channel);
      Member config = members.get(CONFIG);
      Member weights = members.get(WEIGHTS);
      if (weights == null) {
        throw lacking(file);
      }
      if (config == null || config.size() > LARGEST_CONFIG) {
        throw new CheckpointException(
            file + (config == null ? " has no " : " has too large a ") + CONFIG);
      }
      byte[] text = read(file, channel, config.start(), (int) config.size());
      return new NemoFile(
          TorchFile.open(file, weights.start(), weights.size(), file + "!/" + WEIGHTS),
          settings(new String(text, StandardCharsets.UTF_8)));
    }
  }

  private static Map<String, Member> members(Path file, FileChannel channel) throws IOException {
    Map<String, Member> members = new LinkedHashMap<>();
    long position = 0;
    while (position + BLOCK <= channel.size()) {
      byte[] header = read(file, channel, position, BLOCK);
      if (header[0] == 0) {
        break;
      }
      if (position == 0 && (header[0] & 0xff) == 0x1f && (header[1] & 0xff) == 0x8b) {
        throw new CheckpointException(
            file + " is compressed; unpack it with tar, and name the folder");
      }
      if (!text(header, 257, 5).equals("ustar")) {
        throw new CheckpointException(file + " is no tar archive, as a .nemo file is");
      }
      long size = octal(file, header);
      long start = position + BLOCK;
      if (size > channel.size() - start) {
        throw new CheckpointException(
            file + " ends within " + quote(text(header, 0, 100)) + "; is the download complete?");
      }
      if (members.size() == MOST_MEMBERS) {
        throw new CheckpointException(file + " has more members than any model");
      }
      String name = text(header, 0, 100);
      members.putIfAbsent(
          name.startsWith("./") ? name.substring(2) : name, new Member(start, size));
      position = start + Math.ceilDiv(size, BLOCK) * BLOCK;
    }
    return members;
  }

  private static byte[] read(Path file, FileChannel channel, long position, int size)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(size);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, position + bytes.position()) < 0) {
        throw new CheckpointException(file + " was cut short while it was read");
      }
    }
    return bytes.array();
  }

  private static String text(byte[] header, int from, int length) {
    int end = from;
    while (end < from + length && header[end] != 0) {
      end++;
    }
    return new String(header, from, end - from, StandardCharsets.UTF_8);
  }

  /** A member's size: octal digits, or a binary number behind a set bit where those do not do. */
  private static long octal(Path file, byte[] header) throws CheckpointException {
    if ((header[124] & 0x80) != 0) {
      long size = ByteBuffer.wrap(header, 128, 8).getLong();
      if (size >= 0) {
        return size;
      }
    } else {
      String digits = text(header, 124, 12).strip();
      if (digits.matches("[0-7]{1,12}")) {
        return Long.parseLong(digits, 8);
      }
    }
    throw new CheckpointException(file + " has a member without a size; is it damaged?");
  }

  /**
   * The settings at the margin, {@code name: value}, of YAML as NeMo writes it. What is nested,
   * such as the tokenizer's, belongs to none of the sizes.
   */
  private static Map<String, String> settings(String yaml) {
    Map<String, String> settings = new LinkedHashMap<>();
    yaml.lines()
        .filter(line -> !line.isEmpty() && Character.isLetter(line.charAt(0)))
        .forEach(
            line -> {
              int colon = line.indexOf(':');
              if (colon > 0) {
                settings.putIfAbsent(line.substring(0, colon), scalar(line.substring(colon + 1)));
              }
            });
    return settings;
  }

  private static String scalar(String text) {
    int comment = text.indexOf(" #");
    String value = (comment < 0 ? text : text.substring(0, comment)).strip();
    boolean isQuoted =
        value.length() > 1
            && (value.charAt(0) == '\'' || value.charAt(0) == '"')
            && value.charAt(value.length() - 1) == value.charAt(0);
    return isQuoted ? value.substring(1, value.length() - 1) : value;
  }

  /** The settings as Megatron-LM's arguments: numbers, truth values, texts. */
  Map<String, Object> arguments() {
    Map<String, Object> arguments = new LinkedHashMap<>();
    settings.forEach(
        (name, value) -> {
          Object typed = typed(value);
          if (typed != null) {
            arguments.put(name, typed);
          }
        });
    // What NeMo's BERT takes where its configuration is silent.
    arguments.putIfAbsent("bias_gelu_fusion", true);
    arguments.putIfAbsent("layernorm_epsilon", 1e-5);
    arguments.putIfAbsent("transformer_block_type", "pre_ln");
    arguments.remove("vocab_size");
    return arguments;
  }

  private static @Nullable Object typed(String value) {
    return switch (value) {
      case "", "null", "~" -> null;
      case "true", "True" -> true;
      case "false", "False" -> false;
      default -> {
        if (value.matches("[+-]?\\d{1,18}")) {
          yield Long.valueOf(value);
        }
        yield value.matches("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1,3})?")
            ? (Object) Double.valueOf(value)
            : (Object) value;
      }
    };
  }
}
