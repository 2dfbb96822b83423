// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.mpi;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.RankFailedException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Notices ranks that fail, are killed or lost, which MPI does not tell: a rank that waits for one
 * that has gone would wait for ever.
 *
 * <p>Every rank holds a TCP connection to rank 0, which the operating system closes when a process
 * ends. A sign of life goes each way every second, so a host that is lost is noticed too. Rank 0
 * tells all others of the first failure; if it is lost itself, each notices.
 */
final class RankWatch {
  /** After so long without a sign of life a rank counts as lost. */
  static final int SILENCE_SECONDS = 20;

  /** How long a rank may hang in MPI itself after another has failed. */
  private static final long GRACE_MILLIS = 1_000;

  /** How long a rank may go on computing after another has failed. */
  private static final long COMPUTING_MILLIS = 8_000;

  private static final int CONNECT_MILLIS = 3_000;
  private static final int KEY_BYTES = 16;

  // What is sent, a byte each; a failure is followed by the rank, whether it is lost, and a text.
  private static final int ALIVE = 0;
  private static final int GOODBYE = 1;
  private static final int FAILURE = 2;

  private static final System.Logger LOGGER = System.getLogger(RankWatch.class.getName());

  private final AtomicReference<@Nullable RankFailedException> failure = new AtomicReference<>();
  private final AtomicBoolean isKnown = new AtomicBoolean();
  private final CountDownLatch failed = new CountDownLatch(1);
  private final List<Connection> connections = new CopyOnWriteArrayList<>();
  private final Set<Integer> departed = ConcurrentHashMap.newKeySet();
  private volatile boolean isInMpi;
  private volatile boolean isOver;
  private volatile boolean isTold;
  private int rank;
  private List<String> names = List.of();

  /** A connection and whom it leads to. */
  private record Connection(int peer, Socket socket, DataInputStream in, DataOutputStream out) {
    void send(int kind) {
      synchronized (out) {
        try {
          out.writeByte(kind);
          out.flush();
        } catch (IOException lost) {
          // The reader notices, and tells.
        }
      }
    }

    void send(RankFailedException failure) {
      synchronized (out) {
        try {
          out.writeByte(FAILURE);
          out.writeInt(failure.rank());
          out.writeBoolean(failure.isLost());
          out.writeUTF(String.valueOf(failure.getMessage()));
          out.flush();
        } catch (IOException lost) {
          // The reader notices, and tells.
        }
      }
    }
  }

  /** Throws if a rank has failed. */
  void check() {
    RankFailedException first = failure.get();
    if (first != null) {
      throw new RankFailedException(first.rank(), first.isLost(), first.getMessage(), first);
    }
  }

  /** The work of this rank has ended by a failure; what it waited for does not matter any more. */
  void told() {
    isTold = true;
  }

  /** Waits so long for a failure to be told; null if there was none. */
  @Nullable RankFailedException awaitFailure(long millis) throws InterruptedException {
    return failed.await(millis, TimeUnit.MILLISECONDS) ? failure.get() : null;
  }

  /** Calls a function of MPI that waits for others, and ends the process if one of them fails. */
  long whileMpiWaits(LongSupplier function) {
    isInMpi = true;
    try {
      return function.getAsLong();
    } finally {
      isInMpi = false;
    }
  }

  /** Connects all ranks; each calls it. */
  void connect(Communicator world) {
    rank = world.rank();
    names =
        world.gatherBytes(utf8(hostName() + ", process " + ProcessHandle.current().pid())).stream()
            .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
            .toList();
    if (world.size() == 1) {
      return;
    }
    byte[] key = new byte[KEY_BYTES];
    if (rank == 0) {
      new SecureRandom().nextBytes(key);
      try (ServerSocket server = new ServerSocket(0, world.size())) {
        world.broadcastBytes(utf8(invitation(server.getLocalPort(), key)), 0);
        accept(server, key, world.size() - 1);
      } catch (IOException e) {
        warn("rank 0 cannot listen for the others", e);
      }
    } else {
      String[] invitation =
          new String(world.broadcastBytes(new byte[0], 0), StandardCharsets.UTF_8).split(" ");
      Connection connection = connectToFirst(invitation);
      if (connection != null) {
        connections.add(connection);
        Thread.ofVirtual().start(() -> read(connection));
      }
    }
    Thread.ofVirtual().start(this::signOfLife);
    world.barrier();
  }

  /** The key, the port and all addresses of this host, between blanks. */
  private static String invitation(int port, byte[] key) throws SocketException {
    StringBuilder text = new StringBuilder(HexFormat.of().formatHex(key)).append(' ').append(port);
    List<InetAddress> last = new ArrayList<>();
    for (NetworkInterface network : Collections.list(NetworkInterface.getNetworkInterfaces())) {
      for (InetAddress address : Collections.list(network.getInetAddresses())) {
        if (address.isLoopbackAddress() || address.isLinkLocalAddress()) {
          last.add(address);
        } else {
          text.append(' ').append(address.getHostAddress());
        }
      }
    }
    last.forEach(address -> text.append(' ').append(address.getHostAddress()));
    return text.toString();
  }

  private void accept(ServerSocket server, byte[] key, int others) throws IOException {
    server.setSoTimeout(CONNECT_MILLIS * 4);
    for (int i = 0; i < others; ) {
      try {
        Socket socket = server.accept();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(CONNECT_MILLIS);
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] shown = in.readNBytes(KEY_BYTES);
        if (!MessageDigest.isEqual(shown, key)) {
          socket.close();
          continue;
        }
        Connection connection =
            new Connection(
                in.readInt(), socket, in, new DataOutputStream(socket.getOutputStream()));
        // The answer tells that this is the host that was meant.
        connection.out().write(key);
        connection.out().flush();
        connections.add(connection);
        Thread.ofVirtual().start(() -> read(connection));
        i++;
      } catch (SocketTimeoutException late) {
        warn(others - i + " ranks have not connected to rank 0", late);
        return;
      } catch (EOFException strange) {
        // A stranger; the ranks are still to come.
      }
    }
  }

  private @Nullable Connection connectToFirst(String[] invitation) {
    byte[] key = HexFormat.of().parseHex(invitation[0]);
    int port = Integer.parseInt(invitation[1]);
    IOException last = new IOException("rank 0 has told no address");
    for (String address : Arrays.asList(invitation).subList(2, invitation.length)) {
      Socket socket = new Socket();
      try {
        socket.connect(new InetSocketAddress(address, port), CONNECT_MILLIS);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(CONNECT_MILLIS);
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        out.write(key);
        out.writeInt(rank);
        out.flush();
        DataInputStream in = new DataInputStream(socket.getInputStream());
        if (MessageDigest.isEqual(in.readNBytes(KEY_BYTES), key)) {
          return new Connection(0, socket, in, out);
        }
      } catch (IOException e) {
        last = e;
      }
      try {
        socket.close();
      } catch (IOException e) {
        last = e;
      }
    }
    warn("rank " + rank + " cannot connect to rank 0", last);
    return null;
  }

  private static void warn(String what, IOException cause) {
    LOGGER.log(
        System.Logger.Level.WARNING,
        "{0} ({1}): a rank that is killed is noticed by mpirun alone",
        what,
        cause.getMessage());
  }

  private void signOfLife() {
    while (!isOver) {
      connections.forEach(connection -> connection.send(ALIVE));
      try {
        Thread.sleep(1_000);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void read(Connection connection) {
    int peer = connection.peer();
    try {
      connection.socket().setSoTimeout(SILENCE_SECONDS * 1_000);
      while (true) {
        switch (connection.in().readByte()) {
          case GOODBYE -> departed.add(peer);
          case FAILURE -> fail(readFailure(connection.in()));
          default -> {}
        }
      }
    } catch (SocketTimeoutException silence) {
      lost(peer, "has not been heard of for " + SILENCE_SECONDS + " seconds");
    } catch (IOException closed) {
      lost(peer, "has ended before the run was over");
    }
  }

  private static RankFailedException readFailure(DataInputStream in) throws IOException {
    return new RankFailedException(in.readInt(), in.readBoolean(), in.readUTF(), null);
  }

  private void lost(int peer, String how) {
    if (!departed.contains(peer)) {
      String message = "rank " + peer + " (" + names.get(peer) + ") " + how;
      fail(new RankFailedException(peer, true, message, null));
    }
  }

  /** A rank has failed: ends the waits of this rank and, through rank 0, of all others. */
  void fail(RankFailedException first) {
    if (!isKnown.compareAndSet(false, true)) {
      return;
    }
    // First the others: this process may end as soon as it knows itself.
    connections.forEach(connection -> connection.send(first));
    failure.set(first);
    failed.countDown();
    Thread.ofPlatform().daemon().name("megabert-rank-watch").start(this::endWhatHangs);
  }

  /**
   * Functions of MPI that wait cannot be ended, so the process is; and so is one that computes for
   * long what nobody waits for.
   */
  private void endWhatHangs() {
    try {
      long hung = 0;
      for (long waited = 0; hung < GRACE_MILLIS && waited < COMPUTING_MILLIS; waited += 100) {
        Thread.sleep(100);
        hung = isInMpi ? hung + 100 : 0;
        if (isOver || (isTold && !isInMpi)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      return;
    }
    RankFailedException first = failure.get();
    System.err.println(first == null ? "" : first.getMessage());
    Runtime.getRuntime().halt(1);
  }

  /** This rank has done its work; nobody misses it from now on. */
  void goodbye() {
    isOver = true;
    for (Connection connection : connections) {
      connection.send(GOODBYE);
      try {
        connection.socket().shutdownOutput();
      } catch (IOException gone) {
        // The other has left first.
      }
    }
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "host unknown";
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
