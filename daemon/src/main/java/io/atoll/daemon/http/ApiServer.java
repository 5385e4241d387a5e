package io.atoll.daemon.http;

import io.atoll.base.UnavailableException;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;

/// The HTTP server on a unix socket. Every request runs on a virtual thread and may block.
public final class ApiServer implements AutoCloseable {
    private static final int THREADS_MAX = 16;
    private static final int THREADS_MIN = 3;

    /// What one read of a connection takes: images come in as fast as they can be hashed.
    private static final int INPUT_BUFFER_BYTES = 64 << 10;

    /// Connections waiting to be accepted: a burst of clients must not see ECONNREFUSED.
    private static final int BACKLOG = 1024;

    private final Server server;
    private final ScheduledExecutorService pinger =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("websocket-pinger").factory());

    /// @param socket where to listen; the caller removes stale files before and sets owner and mode
    ///   after [#start()]
    public ApiServer(Path socket, RouteTable table, Availability availability) {
        QueuedThreadPool threads = new QueuedThreadPool(THREADS_MAX, THREADS_MIN);
        threads.setName("http");
        threads.setVirtualThreadsExecutor(
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("request-", 0).factory()));
        server = new Server(threads);
        server.addConnector(connector(socket));
        server.setHandler(new JettyHandler(new Dispatcher(table, availability), pinger));
        ServerWebSocketContainer.ensure(server);
    }

    private UnixDomainServerConnector connector(Path socket) {
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        // Names of aliases and files carry encoded slashes, percents and empty segments; routes
        // match the raw path.
        http.setUriCompliance(UriCompliance.UNSAFE);
        HttpConnectionFactory factory = new HttpConnectionFactory(http);
        factory.setInputBufferSize(INPUT_BUFFER_BYTES);
        UnixDomainServerConnector connector = new UnixDomainServerConnector(server, 1, 1, factory);
        connector.setUnixDomainPath(socket);
        connector.setAcceptQueueSize(BACKLOG);
        // A peer on the same host that dies closes its socket; waiting for an operation may take
        // hours.
        connector.setIdleTimeout(0);
        return connector;
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
        pinger.shutdownNow();
        try {
            server.stop();
        } catch (Exception e) {
            System.getLogger(ApiServer.class.getName())
                    .log(System.Logger.Level.WARNING, "stop server", e);
        }
    }
}
