// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import io.github.megabert.input.Quote;
import io.github.megabert.json.JsonTree;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * A revision of a model as the hub describes it.
 *
 * @param commit its hash
 * @param files the paths of its files, none of which is made to lead out of a folder
 */
record RemoteModel(ModelName name, String commit, Set<String> files) {
  /** Repositories have thousands of files at most, each of which takes a hundred bytes. */
  private static final int LONGEST_LIST = 32 << 20;

  /** Asks for the commit and the files of a revision. */
  static RemoteModel of(HubClient client, ModelName name, String revision) throws IOException {
    URI address = client.address("/api/models/" + name + "/revision/" + encoded(revision));
    String what = "revision " + Quote.quote(revision) + " of " + name;
    return client.trying(
        what,
        () -> {
          HttpResponse<byte[]> answer =
              client.ask(
                  "GET",
                  address,
                  Map.of(),
                  true,
                  (info, activity) -> new ShortBody(LONGEST_LIST, false, activity));
          if (answer.statusCode() != 200) {
            throw client.refusal(answer, what);
          }
          return parse(name, answer.body());
        });
  }

  /** A hub's answer on a revision. */
  static RemoteModel parse(ModelName name, byte[] json) throws IOException {
    JsonNode model;
    try {
      model =
          JsonTree.read(new ByteArrayInputStream(json), "the hub's answer on " + name, json.length);
    } catch (JacksonException e) {
      throw new HubException(
          "the hub's answer on " + name + " is not valid JSON" + JsonTree.reason(e), e);
    }
    JsonNode commit = model.get("sha");
    JsonNode siblings = model.get("siblings");
    if (commit == null || !commit.isString() || siblings == null || !siblings.isArray()) {
      throw new HubException(
          "the hub's answer on "
              + name
              + " has no sha and siblings; does it speak Hugging Face's"
              + " interface?");
    }
    Set<String> files = new LinkedHashSet<>();
    for (JsonNode sibling : siblings) {
      JsonNode path = sibling.get("rfilename");
      if (path == null || !path.isString()) {
        throw new HubException("the hub's answer on " + name + " has a sibling without rfilename");
      }
      files.add(path.stringValue());
    }
    RemoteName.requireHonest(files);
    return new RemoteModel(name, RemoteName.commit(commit.stringValue()), files);
  }

  /** Where a file is. */
  URI address(HubClient client, String file) {
    String path =
        Arrays.stream(file.split("/")).map(RemoteModel::encoded).collect(Collectors.joining("/"));
    return client.address("/" + name + "/resolve/" + commit + "/" + path);
  }

  /** Asks for the name and the size of a file's content. */
  RemoteFile file(HubClient client, String path) throws IOException {
    String what = path + " of " + name;
    URI address = address(client, path);
    return client.trying(what, () -> describe(client, what, path, address));
  }

  private RemoteFile describe(HubClient client, String what, String path, URI address)
      throws IOException {
    HttpResponse<byte[]> answer = headers(client, "HEAD", address);
    if (answer.statusCode() == 405 || answer.statusCode() == 501) {
      answer = headers(client, "GET", address);
    }
    int status = answer.statusCode();
    if (status != 200 && !HubClient.isRedirection(status)) {
      throw client.refusal(answer, what);
    }
    HttpHeaders headers = answer.headers();
    @Nullable String answered = headers.firstValue("X-Repo-Commit").orElse(null);
    if (answered != null && !answered.equals(commit)) {
      throw new HubException(
          what
              + " is of the commit "
              + Quote.quote(answered)
              + " where "
              + commit
              + " was asked for");
    }
    @Nullable String etag =
        headers.firstValue("X-Linked-Etag").or(() -> headers.firstValue("ETag")).orElse(null);
    if (etag == null) {
      throw new HubException(
          what + " comes without an ETag, so that nobody can check it; is HF_ENDPOINT right?");
    }
    String size =
        headers
            .firstValue("X-Linked-Size")
            .or(() -> status == 200 ? headers.firstValue("Content-Length") : Optional.empty())
            .orElse("-1");
    if (!size.matches("-1|[0-9]{1,18}")) {
      throw new HubException(what + " has the size " + Quote.quote(size));
    }
    return new RemoteFile(path, RemoteName.etag(etag, path), Long.parseLong(size));
  }

  /** An answer whose body nobody reads. */
  private static HttpResponse<byte[]> headers(HubClient client, String method, URI address)
      throws IOException {
    return client.ask(
        method, address, Map.of(), false, (info, activity) -> new ShortBody(0, true, activity));
  }

  private static String encoded(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
