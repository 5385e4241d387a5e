package io.atoll.daemon.http;

import io.atoll.base.UnavailableException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.core.server.WebSocketServerComponents;

/// The HTTP server: always on a unix socket, and on network addresses while it is told so. Every
/// request runs on a virtual thread and may block.
public final class ApiServer implements AutoCloseable {
    private static final int THREADS_MAX = 16;
    private static final int THREADS_MIN = 3;

    /// What one read of a connection takes: images come in as fast as they can be hashed.
    private static final int INPUT_BUFFER_BYTES = 64 << 10;

    /// Connections waiting to be accepted: a burst of clients must not see ECONNREFUSED.
    private static final int BACKLOG = 1024;

    /// Connections over the network at a time, all addresses together.
    private static final int NETWORK_CONNECTIONS_MAX = 2000;

    /// How long a network peer may be silent between requests or within one.
    private static final Duration NETWORK_SILENCE = Duration.ofSeconds(60);

    private final Server server;
    private final Pings pings = new Pings();

    /// @param socket where to listen; the caller removes stale files before and sets owner and mode
    ///   after [#start()]
    /// @param isActivated true to take over the listening socket that is standard input
    /// @param gate asked about callers who are kept to some projects
    /// @param crossOrigin what scripts in browsers may do over the network
    public ApiServer(
            Path socket,
            boolean isActivated,
            RouteTable table,
            Availability availability,
            Gate gate,
            CrossOrigin crossOrigin) {
        QueuedThreadPool threads = new QueuedThreadPool(THREADS_MAX, THREADS_MIN);
        threads.setName("http");
        Executor requestThreads =
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("request-", 0).factory());
        threads.setVirtualThreadsExecutor(requestThreads);
        server = new Server(threads);
        server.setErrorHandler(new PlainErrors());
        server.addConnector(connector(socket, isActivated));
        server.setHandler(
                new JettyHandler(
                        new Dispatcher(table, availability, gate),
                        pings,
                        WebSocketServerComponents.ensureWebSocketComponents(server),
                        crossOrigin,
                        requestThreads));
    }

    /// Listens on another unix socket, for peers who are not root's equals. To be called before
    /// [#start()]; the caller removes a stale file before and sets owner and mode after that.
    public void serveUsers(Path socket, LocalPeers peers) {
        UnixDomainServerConnector connector = connector(socket, false);
        connector.addBean(peers, false);
        server.addConnector(connector);
    }

    private static HttpConfiguration http() {
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        // Names of aliases and files carry encoded slashes, percents and empty segments; routes
        // match the raw path.
        http.setUriCompliance(UriCompliance.UNSAFE);
        // Nothing depends on the host's name, and clients on a unix socket make one up: pylxd's
        // websockets say `localhost:None`.
        http.setHttpCompliance(
                HttpCompliance.RFC7230.with(
                        "any-host", HttpCompliance.Violation.UNSAFE_HOST_HEADER));
        return http;
    }

    private UnixDomainServerConnector connector(Path socket, boolean isActivated) {
        if (isActivated) {
            requireInherited();
        }
        HttpConnectionFactory factory = new HttpConnectionFactory(http());
        factory.setInputBufferSize(INPUT_BUFFER_BYTES);
        // No thread of its own that accepts: handing a connection over would cost each request.
        UnixDomainServerConnector connector = new UnixDomainServerConnector(server, 0, 1, factory);
        // Jetty deletes this path when it closes; with a socket of somebody else's that must not be
        // that socket.
        connector.setUnixDomainPath(
                isActivated ? socket.resolveSibling(socket.getFileName() + ".inherited") : socket);
        connector.setInheritChannel(isActivated);
        connector.setAcceptQueueSize(BACKLOG);
        // A peer on the same host that dies closes its socket; waiting for an operation may take
        // hours.
        connector.setIdleTimeout(0);
        return connector;
    }

    /// Jetty would listen somewhere else without a word.
    private static void requireInherited() {
        try {
            if (System.inheritedChannel() instanceof ServerSocketChannel) {
                return;
            }
        } catch (IOException e) {
            throw new UnavailableException("Cannot take the API socket over: " + e.getMessage(), e);
        }
        throw new UnavailableException(
                "Cannot take the API socket over: standard input is not a listening socket");
    }

    /// Listens on a network address too, with TLS 1.3, and HTTP/2 or HTTP/1.1 as clients like.
    ///
    /// @param address port 0 means any free port
    /// @param callers says who the peers there are
    /// @param isProxy which peers may say whom they speak for
    /// @return what ends it; connections that are open then are closed
    /// @throws UnavailableException if the address cannot be had
    public NetworkEndpoint listen(
            InetSocketAddress address,
            SSLContext tls,
            Callers callers,
            Predicate<InetAddress> isProxy) {
        return listen(address, tls, callers, isProxy, NETWORK_SILENCE);
    }

    /// @param silence how long a peer may be silent between requests or within one
    NetworkEndpoint listen(
            InetSocketAddress address,
            SSLContext tls,
            Callers callers,
            Predicate<InetAddress> isProxy,
            Duration silence) {
        ServerConnector connector =
                new ServerConnector(
                        server,
                        1,
                        1,
                        NetworkProtocols.of(tls, http(), INPUT_BUFFER_BYTES, isProxy));
        connector.setHost(address.getAddress().getHostAddress());
        connector.setPort(address.getPort());
        connector.setAcceptQueueSize(BACKLOG);
        connector.setIdleTimeout(silence.toMillis());
        connector.addBean(new NetworkConnectionLimit(NETWORK_CONNECTIONS_MAX, connector));
        connector.addBean(callers, false);
        server.addConnector(connector);
        try {
            connector.start();
        } catch (Exception e) {
            server.removeConnector(connector);
            throw new UnavailableException(
                    "Cannot listen on " + address + ": " + rootMessage(e), e);
        }
        return new NetworkEndpoint(server, connector);
    }

    private static String rootMessage(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }

    /// Listens and answers from now on.
    ///
    /// @throws UnavailableException if the socket cannot be made
    public void start() {
        try {
            server.start();
        } catch (Exception e) {
            throw new UnavailableException("Cannot listen on the API socket: " + e.getMessage(), e);
        }
    }

    /// Stops listening and ends all connections.
    @Override
    public void close() {
        pings.close();
        try {
            server.stop();
        } catch (Exception e) {
            System.getLogger(ApiServer.class.getName())
                    .log(System.Logger.Level.WARNING, "stop server", e);
        }
    }
}
