// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;

/** A connection whose input is limited in time, and watched while a request is computed. */
final class ClientConnection implements ConnectionContext {
  /** Helidon handles all requests of a connection on the thread that opened it. */
  private static final ThreadLocal<ClientInput> CURRENT = new ThreadLocal<>();

  private final ConnectionContext connection;
  private final DataReader reader;

  private ClientConnection(ConnectionContext connection, Duration part) {
    this.connection = connection;
    ClientInput input = new ClientInput(connection.dataReader(), connection.serverSocket(), part);
    reader = DataReader.create(input);
    CURRENT.set(input);
  }

  /** The input of the connection by which the request came that this thread handles. */
  static ClientInput input() {
    return CURRENT.get();
  }

  /**
   * HTTP/1.1 over such connections.
   *
   * @param part how long the first line and the headers of a request, or its body, may take to come
   */
  static ServerConnectionSelector selector(Http1Config config, Duration part) {
    ServerConnectionSelector http = Http1ConnectionSelector.builder().config(config).build();
    return new ServerConnectionSelector() {
      @Override
      public int bytesToIdentifyConnection() {
        return http.bytesToIdentifyConnection();
      }

      @Override
      public Support supports(BufferData data) {
        return http.supports(data);
      }

      @Override
      public Set<String> supportedApplicationProtocols() {
        return http.supportedApplicationProtocols();
      }

      @Override
      public ServerConnection connection(ConnectionContext context) {
        return http.connection(new ClientConnection(context, part));
      }
    };
  }

  @Override
  public DataReader dataReader() {
    return reader;
  }

  @Override
  public ListenerContext listenerContext() {
    return connection.listenerContext();
  }

  @Override
  public ExecutorService executor() {
    return connection.executor();
  }

  @Override
  public DataWriter dataWriter() {
    return connection.dataWriter();
  }

  @Override
  public Router router() {
    return connection.router();
  }

  @Override
  public Optional<ProxyProtocolData> proxyProtocolData() {
    return connection.proxyProtocolData();
  }

  @Override
  public HelidonSocket serverSocket() {
    return connection.serverSocket();
  }

  @Override
  public PeerInfo remotePeer() {
    return connection.remotePeer();
  }

  @Override
  public PeerInfo localPeer() {
    return connection.localPeer();
  }

  @Override
  public boolean isSecure() {
    return connection.isSecure();
  }

  @Override
  public String socketId() {
    return connection.socketId();
  }

  @Override
  public String childSocketId() {
    return connection.childSocketId();
  }
}
