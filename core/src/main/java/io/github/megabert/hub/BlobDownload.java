// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import io.github.megabert.input.Quote;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Fetches one content into the cache. What came before a connection broke is gone on from, in this
 * run or a later one; the content gets its name once its size and its hash are right.
 */
final class BlobDownload {
  /**
   * Not the name that Python's partial files have: both may fetch at once, and neither's lock holds
   * the other off.
   */
  private static final String INCOMPLETE = ".megabert.incomplete";

  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-\\d+/(\\d+|\\*)");

  private final HubClient client;
  private final URI address;
  private final RemoteFile file;
  private final String what;
  private final Path blob;
  private final Path partial;
  private final LongConsumer progress;

  /** How much of the content {@link #progress} was told of. */
  private long told;

  private long fetched;

  /**
   * A content to be fetched.
   *
   * @param what it is, as a sentence's subject
   * @param progress is told of bytes that are there, and of such that were there and are not
   */
  BlobDownload(
      HubClient client,
      URI address,
      RemoteFile file,
      String what,
      Path blob,
      LongConsumer progress) {
    this.client = client;
    this.address = address;
    this.file = file;
    this.what = what;
    this.blob = blob;
    this.progress = progress;
    partial = partial(blob);
  }

  private static Path partial(Path blob) {
    return blob.resolveSibling(blob.getFileName() + INCOMPLETE);
  }

  /** Bytes of a content that are still to come, as far as the hub says how many it has. */
  static long missingBytes(RemoteFile file, Path blob) throws IOException {
    if (Files.exists(blob)) {
      return 0;
    }
    Path partial = partial(blob);
    long present = Files.isRegularFile(partial) ? Files.size(partial) : 0;
    return Math.max(0, file.size() - present);
  }

  /** Fetches, unless the content is there; how many bytes came over the network. */
  long run() throws IOException {
    if (Files.isRegularFile(blob) && (file.size() < 0 || Files.size(blob) == file.size())) {
      tell(Files.size(blob));
      return 0;
    }
    boolean isResumed = partialSize() > 0;
    fetch();
    String found = hash();
    if (!found.equals(file.etag()) && isResumed) {
      // The part from an earlier run may be what is wrong.
      restart();
      fetch();
      found = hash();
    }
    if (!found.equals(file.etag())) {
      Files.delete(partial);
      throw new HubException(
          what
              + " came with another content than the hub announced: its hash is "
              + found
              + ", not "
              + file.etag()
              + "; nothing of it is used");
    }
    Files.move(partial, blob, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    return fetched;
  }

  private long partialSize() throws IOException {
    return Files.isRegularFile(partial) ? Files.size(partial) : 0;
  }

  private void restart() throws IOException {
    Files.deleteIfExists(partial);
    tell(0);
  }

  private void tell(long present) {
    progress.accept(present - told);
    told = present;
  }

  /** Fetches what is missing, with further attempts as long as each comes further than before. */
  private void fetch() throws IOException {
    int failures = 0;
    long furthest = partialSize();
    while (true) {
      long have = partialSize();
      if (file.size() >= 0 && have > file.size()) {
        restart();
        have = 0;
      }
      tell(have);
      if (file.size() > 0 && have == file.size()) {
        return;
      }
      try {
        attempt(have);
        return;
      } catch (TransientException e) {
        failures = partialSize() > furthest ? 1 : failures + 1;
        furthest = Math.max(furthest, partialSize());
        client.pause(what, failures, e);
      }
    }
  }

  private void attempt(long have) throws IOException {
    Map<String, String> headers = have > 0 ? Map.of("Range", "bytes=" + have + "-") : Map.of();
    HttpResponse<byte[]> answer =
        client.ask("GET", address, headers, true, (info, activity) -> body(info, have, activity));
    int status = answer.statusCode();
    if ((status == 416 && have > 0) || (status == 206 && !isRest(answer.headers(), have))) {
      restart();
      throw new TransientException("the hub does not go on from byte " + have, null);
    }
    if (status != 200 && status != 206) {
      throw client.refusal(answer, what);
    }
    if (file.size() >= 0 && partialSize() < file.size()) {
      throw new TransientException(
          "it ended after " + partialSize() + " of " + file.size() + " bytes", null);
    }
  }

  private HttpResponse.BodySubscriber<byte[]> body(
      HttpResponse.ResponseInfo answer, long have, Activity activity) {
    if (answer.statusCode() == 206 && isRest(answer.headers(), have)) {
      return new FileBody(partial, have, file.mostBytes(), activity, this::count);
    }
    if (answer.statusCode() == 200) {
      // From the beginning, whatever was asked for.
      tell(0);
      return new FileBody(partial, 0, file.mostBytes(), activity, this::count);
    }
    return new ShortBody(0, true, activity);
  }

  private void count(long bytes) {
    fetched += bytes;
    tell(told + bytes);
  }

  /** Whether the answer that headers describe is the rest of the content, behind what is there. */
  private static boolean isRest(HttpHeaders headers, long have) {
    Matcher range = CONTENT_RANGE.matcher(headers.firstValue("Content-Range").orElse(""));
    return have > 0 && range.matches() && Long.parseLong(range.group(1)) == have;
  }

  /** The content's name by its bytes; the announced one where that is no hash that is known. */
  private String hash() throws IOException {
    try (FileChannel written = FileChannel.open(partial, StandardOpenOption.WRITE)) {
      written.force(true);
    }
    MessageDigest digest = digest();
    if (digest == null) {
      return file.etag();
    }
    try (InputStream in = Files.newInputStream(partial)) {
      byte[] buffer = new byte[1 << 20];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private @Nullable MessageDigest digest() throws IOException {
    try {
      if (file.hasSha256()) {
        return MessageDigest.getInstance("SHA-256");
      }
      if (file.hasGitSha1()) {
        MessageDigest digest = MessageDigest.getInstance("SHA-1");
        String header = "blob " + Files.size(partial) + "\0";
        digest.update(header.getBytes(StandardCharsets.US_ASCII));
        return digest;
      }
      return null;
    } catch (NoSuchAlgorithmException e) {
      throw new HubException(
          "Java lacks a hash: " + Quote.quote(String.valueOf(e.getMessage())), e);
    }
  }
}
