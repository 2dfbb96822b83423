// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.input;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A stream that fails where it goes on beyond a number of bytes. */
public final class LimitedInput extends FilterInputStream {
  private final String source;
  private final long most;
  private long taken;

  /**
   * @param source what messages call it
   * @param mostBytes how many bytes may come
   */
  public LimitedInput(InputStream in, String source, long mostBytes) {
    super(in);
    this.source = source;
    this.most = mostBytes;
  }

  static UnreadableFileException tooLarge(String source, long most) {
    return new UnreadableFileException(
        source
            + " has more than the "
            + most
            + " bytes that are read of such a file with "
            + HeapBudget.heap()
            + "; is it the right one?");
  }

  private void count(long bytes) throws IOException {
    taken += Math.max(0, bytes);
    if (taken > most) {
      throw tooLarge(source, most);
    }
  }

  @Override
  public int read() throws IOException {
    int value = super.read();
    count(value < 0 ? 0 : 1);
    return value;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int count = super.read(bytes, offset, length);
    count(count);
    return count;
  }

  @Override
  public long skip(long bytes) throws IOException {
    long count = super.skip(bytes);
    count(count);
    return count;
  }

  @Override
  public boolean markSupported() {
    return false;
  }
}
