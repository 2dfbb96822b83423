// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Scalars in an event file that TensorBoard reads: {@code tensorflow.Event} messages ({@code
 * event.proto}, {@code summary.proto}), each a record of TFRecord. A record is its length (8 bytes,
 * little-endian), the length's checksum, the message, the message's checksum; checksums are
 * CRC-32C, rotated and shifted so that one may be taken of data that holds one.
 *
 * <p>Each record is written in one go. For one thread.
 */
public final class TensorBoardWriter implements Closeable {
  private static final String VERSION = "brain.Event:2";
  private static final int MASK = 0xa282ead8;
  private static final int RECORD_OVERHEAD = Long.BYTES + 2 * Integer.BYTES;

  // Numbers of fields.
  private static final int EVENT_WALL_TIME = 1;
  private static final int EVENT_STEP = 2;
  private static final int EVENT_FILE_VERSION = 3;
  private static final int EVENT_SUMMARY = 5;
  private static final int EVENT_SESSION_LOG = 7;
  private static final int SESSION_LOG_STATUS = 1;
  private static final int SESSION_LOG_START = 1;
  private static final int SUMMARY_VALUE = 1;
  private static final int VALUE_TAG = 1;
  private static final int VALUE_SIMPLE = 2;

  private final FileChannel channel;
  private final InstantSource clock;

  private TensorBoardWriter(FileChannel channel, InstantSource clock) {
    this.channel = channel;
    this.clock = clock;
  }

  /** Begins an event file in a folder, which is made if need be. */
  public static TensorBoardWriter create(Path folder) throws IOException {
    return open(folder, null, InstantSource.system());
  }

  /**
   * Begins another event file for a run that resumes. TensorBoard forgets what earlier files of the
   * folder have at or after the step.
   *
   * @param step the first that will be written
   */
  public static TensorBoardWriter resume(Path folder, long step) throws IOException {
    return open(folder, step, InstantSource.system());
  }

  static TensorBoardWriter open(Path folder, @Nullable Long resumedStep, InstantSource clock)
      throws IOException {
    Files.createDirectories(folder);
    TensorBoardWriter writer = new TensorBoardWriter(newFile(folder, clock.instant()), clock);
    try {
      writer.write(writer.event().text(EVENT_FILE_VERSION, VERSION));
      if (resumedStep != null) {
        writer.write(
            writer
                .event()
                .int64(EVENT_STEP, resumedStep)
                .message(
                    EVENT_SESSION_LOG,
                    new ProtocolBuffer().int64(SESSION_LOG_STATUS, SESSION_LOG_START)));
      }
      return writer;
    } catch (IOException e) {
      writer.close();
      throw e;
    }
  }

  /** A file whose name sorts after those of earlier seconds, as TensorBoard reads them. */
  private static FileChannel newFile(Path folder, Instant now) throws IOException {
    for (int number = 0; ; number++) {
      String name =
          String.format(
              Locale.ROOT,
              "events.out.tfevents.%010d.megabert.%d.%d",
              now.getEpochSecond(),
              ProcessHandle.current().pid(),
              number);
      try {
        return FileChannel.open(
            folder.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      } catch (FileAlreadyExistsException e) {
        if (number == Short.MAX_VALUE) {
          throw e;
        }
      }
    }
  }

  /** Writes a value of a step. */
  public void scalar(String tag, long step, double value) throws IOException {
    scalars(step, Map.of(tag, value));
  }

  /**
   * Writes values of a step.
   *
   * @param values by their tags; a tag's part before a slash is the group that TensorBoard shows it
   *     in
   */
  public void scalars(long step, Map<String, Double> values) throws IOException {
    ProtocolBuffer summary = new ProtocolBuffer();
    values.forEach(
        (tag, value) ->
            summary.message(
                SUMMARY_VALUE,
                new ProtocolBuffer()
                    .text(VALUE_TAG, tag)
                    .float32(VALUE_SIMPLE, value.floatValue())));
    write(event().int64(EVENT_STEP, step).message(EVENT_SUMMARY, summary));
  }

  private ProtocolBuffer event() {
    return new ProtocolBuffer().float64(EVENT_WALL_TIME, clock.millis() / 1e3);
  }

  private void write(ProtocolBuffer event) throws IOException {
    byte[] data = event.toBytes();
    ByteBuffer bytes =
        ByteBuffer.allocate(data.length + RECORD_OVERHEAD).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(data.length);
    bytes.putInt(maskedChecksum(bytes.array(), Long.BYTES));
    bytes.put(data);
    bytes.putInt(maskedChecksum(data, data.length));
    bytes.flip();
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  static int maskedChecksum(byte[] bytes, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes, 0, length);
    return Integer.rotateRight((int) checksum.getValue(), 15) + MASK;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
